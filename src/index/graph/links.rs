//! The links of a node. *Selected* links get back-links, are counted, and may be protected from pruning. *Fillers*
//! occupy the remaining slots, as an empty slot costs a search as much as a used one. A filler is replaced by a
//! selected link.

use crate::index::params::NO_ROW;

/// In a slot's word, beside the row: the link is a filler.
const FILLER: u32 = 1 << 31;

/// The row in a slot's word; above all rows for an empty slot.
#[inline]
pub(crate) fn row_of(word: u32) -> u32 {
    word & !FILLER
}

/// Whether a slot's word is a selected link.
pub(crate) fn is_selected(word: u32) -> bool {
    word & FILLER == 0
}

/// A node's links. Each row occurs once.
#[derive(Debug, Default, Clone)]
pub(crate) struct Links {
    pub(crate) selected: Vec<u32>,
    /// Best first.
    pub(crate) filler: Vec<u32>,
}

impl Links {
    pub(crate) fn clear(&mut self) {
        self.selected.clear();
        self.filler.clear();
    }

    /// Adds the link in a slot's word, if any.
    pub(crate) fn read(&mut self, word: u32) {
        if word != NO_ROW {
            if is_selected(word) { self.selected.push(word) } else { self.filler.push(row_of(word)) }
        }
    }

    /// Returns the slot's word for a link to `row`; `None` if there is no such link.
    pub(crate) fn word_of(&self, row: u32) -> Option<u32> {
        if self.selected.contains(&row) {
            Some(row)
        } else {
            self.filler.contains(&row).then_some(row | FILLER)
        }
    }

    /// The words of all links, selected ones first.
    pub(crate) fn words(&self) -> impl Iterator<Item = u32> + '_ {
        self.selected.iter().copied().chain(self.filler.iter().map(|row| row | FILLER))
    }

    /// Adds a selected link, then removes fillers while there are more than `most` links. Returns the removed fillers.
    pub(crate) fn add_selected(&mut self, row: u32, most: usize) -> Vec<u32> {
        self.filler.retain(|&other| other != row);
        self.selected.push(row);
        let room = most.saturating_sub(self.selected.len()).min(self.filler.len());
        self.filler.split_off(room)
    }
}
