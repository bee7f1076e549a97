//! The links of a node: *firm* ones were chosen, and are answered, counted and guarded; *spare* ones fill the slots that are
//! left, since a slot costs a search the same with or without a link. A spare link goes as soon as a firm one wants its slot.

use crate::index::params::NO_ROW;

/// In a slot's word beside the row: the link is spare.
const SPARE: u32 = 1 << 31;

/// The row that a slot's word names; beyond all rows for a free slot.
#[inline]
pub(crate) fn row_of(word: u32) -> u32 {
    word & !SPARE
}

/// Whether a slot's word is a firm link.
pub(crate) fn is_firm(word: u32) -> bool {
    word & SPARE == 0
}

/// A node's links, each row once.
#[derive(Debug, Default, Clone)]
pub(crate) struct Links {
    pub(crate) firm: Vec<u32>,
    /// Better ones first.
    pub(crate) spare: Vec<u32>,
}

impl Links {
    pub(crate) fn clear(&mut self) {
        self.firm.clear();
        self.spare.clear();
    }

    /// Takes in a slot's word, if it is a link.
    pub(crate) fn read(&mut self, word: u32) {
        if word != NO_ROW {
            if is_firm(word) { self.firm.push(word) } else { self.spare.push(row_of(word)) }
        }
    }

    /// The word that the slot of a link to `row` has; `None` where there is no such link.
    pub(crate) fn word_of(&self, row: u32) -> Option<u32> {
        if self.firm.contains(&row) { Some(row) } else { self.spare.contains(&row).then_some(row | SPARE) }
    }

    /// The words of all links, firm ones first.
    pub(crate) fn words(&self) -> impl Iterator<Item = u32> + '_ {
        self.firm.iter().copied().chain(self.spare.iter().map(|row| row | SPARE))
    }

    /// Makes a link firm, and leaves `most` links at most as long as there are spare ones: gives back those that went.
    pub(crate) fn add_firm(&mut self, row: u32, most: usize) -> Vec<u32> {
        self.spare.retain(|&other| other != row);
        self.firm.push(row);
        let room = most.saturating_sub(self.firm.len()).min(self.spare.len());
        self.spare.split_off(room)
    }
}
