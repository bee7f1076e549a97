//! Back-links: nodes that are linked to link back, and are pruned to the maximum number of links.

use super::find_links::BackLink;
use super::row_distance::sorted_by_distance;
use super::select::{Lengths, choose};
use super::state::{LEAST_IN_LINKS, LinkState};
use crate::Result;
use crate::failpoint::{Failpoint, is_failpoint_set};
use crate::index::graph::graph::Graph;
use crate::index::graph::links::Links;
use crate::index::graph::record_layout::Bits;
use crate::index::rows::Rows;
use crate::index::search::scratch::Scratch;

/// The change of one list of selected links.
pub(crate) struct Merged {
    pub(crate) gained: Vec<u32>,
    pub(crate) lost: Vec<u32>,
}

impl Graph {
    /// Adds the back-links of one node. Returns the change of its list.
    ///
    /// Each list is merged by one thread, with the in-link counts from before the stage, so the result does not depend
    /// on the number of threads.
    ///
    /// # Errors
    /// `NoMemory`.
    pub(crate) fn merge_list(
        &self,
        rows: &impl Rows,
        group: &[BackLink],
        state: &LinkState,
        scratch: &mut Scratch,
    ) -> Result<Merged> {
        let none = Merged { gained: Vec::new(), lost: Vec::new() };
        let Some(&BackLink { to: owner, .. }) = group.first() else { return Ok(none) };
        let limit = self.params.most_selected_links();
        let mut links = Links::default();
        let records = self.nodes.read();
        records.read_links(owner, &mut links);
        let products: Vec<u32> = group.iter().filter(|link| link.is_product).map(|link| link.from).collect();
        let old = links.selected.clone();
        let room = if self.params.has_product_links() { usize::MAX } else { limit };
        for link in group.iter().filter(|link| !link.is_product && !is_failpoint_set(Failpoint::NoBackLinks))
        {
            if !links.selected.contains(&link.from) {
                links.add_selected(link.from, room);
            }
        }
        let new: Vec<u32> = links.selected.iter().copied().skip(old.len()).collect();
        if links.selected.len() > limit {
            let space = state.space(self, rows, &records);
            let Some(measure) = space.from(owner) else { return Ok(none) };
            let candidates = sorted_by_distance(&measure, &links.selected);
            let mut keep: Vec<u32> = old.iter().copied().filter(|&row| state.must_keep(owner, row)).collect();
            // Pinned links first: the kept half of the list always has room for them.
            keep.sort_by_key(|&row| !state.pinned_links.contains(&(owner, row)));
            let lengths = Lengths { selected: limit, filled: refill(limit), all: limit };
            let chosen = choose(&space, &candidates, lengths, &keep);
            links.selected = chosen.selected;
            if !self.params.has_product_links() {
                links.filler = chosen.filler;
            }
        }
        self.merge_products(rows, owner, &products, &mut links);
        self.nodes.write_links(owner, &links, &self.encoder, &mut scratch.bits)?;
        let gained = new.iter().copied().filter(|row| links.selected.contains(row)).collect();
        let lost = old.iter().copied().filter(|row| !links.selected.contains(row)).collect();
        Ok(Merged { gained, lost })
    }

    /// Ensures that enough links lead to each new node: the nearest nodes that it links to are forced to link back.
    ///
    /// # Errors
    /// `NoMemory`.
    pub(crate) fn raise_in_links(
        &self,
        rows: &impl Rows,
        nodes: &[u32],
        state: &mut LinkState,
        memory: &mut Bits,
    ) -> Result<()> {
        let mut links = Links::default();
        for &row in nodes {
            if state.in_links_of(row) >= LEAST_IN_LINKS {
                continue;
            }
            self.nodes.read().read_links(row, &mut links);
            for &source in &links.selected {
                if state.in_links_of(row) >= LEAST_IN_LINKS {
                    break;
                }
                self.force_link(rows, source, row, state, memory)?;
            }
            if state.in_links_of(row) == 0 {
                self.add_orphan(row)?;
            }
        }
        Ok(())
    }

    /// Adds a link from `source` to `row`. If the list is full, removes its farthest link that may be removed. Returns
    /// whether the link exists.
    ///
    /// # Errors
    /// `NoMemory`.
    pub(crate) fn force_link(
        &self,
        rows: &impl Rows,
        source: u32,
        row: u32,
        state: &mut LinkState,
        memory: &mut Bits,
    ) -> Result<bool> {
        let records = self.nodes.read();
        let mut links = Links::default();
        records.read_links(source, &mut links);
        if source == row || !self.nodes.is_node(source) || is_failpoint_set(Failpoint::NoBackLinks) {
            return Ok(false);
        }
        if links.selected.contains(&row) {
            return Ok(true);
        }
        if links.selected.len() >= self.params.most_selected_links() {
            let space = state.space(self, rows, &records);
            let Some(measure) = space.from(source) else { return Ok(false) };
            let sorted = sorted_by_distance(&measure, &links.selected);
            let removed = sorted.iter().rev().find(|link| !state.must_keep(source, link.row));
            let Some(removed) = removed.map(|link| link.row) else { return Ok(false) };
            links.selected.retain(|&link| link != removed);
            state.count_in(removed, false);
            state.displaced.push(removed);
        }
        state.displaced.extend(links.add_selected(row, self.nodes.max_links()));
        state.count_in(row, true);
        self.nodes.write_links(source, &links, &self.encoder, memory)?;
        Ok(true)
    }
}

/// The length to which a pruned list is filled. The remaining slots let the next back-links in without pruning.
fn refill(limit: usize) -> usize {
    limit * 3 / 4
}
