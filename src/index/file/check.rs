//! Examination of the whole graph: its contents, and unreachable rows.

use crate::index::graph::links::Links;
use crate::index::index::Index;
use crate::index::params::{NO_ROW, row_number};
use crate::{Result, memory};

/// The contents of a graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GraphReport {
    /// Rows with a record.
    pub(crate) nodes: u32,
    /// Rows that are duplicates of an earlier row.
    pub(crate) duplicates: u32,
    /// Selected links of all nodes.
    pub(crate) links: u64,
    /// Fillers of all nodes.
    pub(crate) filler_links: u64,
    /// Links that are never pruned, because a row was not found without them.
    pub(crate) pinned_links: u32,
    /// Nodes that no link leads to: candidates of every search.
    pub(crate) orphans: Vec<u32>,
    /// Nodes that no selected link leads to.
    pub(crate) unlinked: Vec<u32>,
    /// Rows without a code: without a direction under cosine, or deleted before they were indexed.
    pub(crate) uncoded: u32,
    /// Nodes with damaged records in the file. If there are any, `unreachable` and `unlinked` are empty.
    pub(crate) damaged: Vec<u32>,
    /// Rows that cannot be reached from the entry points and the orphans.
    pub(crate) unreachable: Vec<u32>,
}

impl Index {
    /// Traverses the whole graph. Waits while a thread extends it.
    ///
    /// # Errors
    /// `Poisoned` after a panic in `extend`; `NoMemory`.
    pub(crate) fn check(&self) -> Result<GraphReport> {
        let build = self.lock_build()?;
        let state = &build.links;
        let view = self.view();
        let firsts = self.firsts(state, view.covered)?;
        let records = self.nodes.read();
        let mut report = GraphReport {
            nodes: 0,
            duplicates: 0,
            links: 0,
            filler_links: 0,
            pinned_links: row_number(state.pinned_links.len()),
            orphans: self.orphan_rows(),
            unlinked: Vec::new(),
            uncoded: 0,
            damaged: Vec::new(),
            unreachable: Vec::new(),
        };
        let mut is_reached = memory::filled(false, view.covered as usize)?;
        // Each row is added at most once.
        let mut queue = memory::with_room(view.covered as usize)?;
        let mut links = Links::default();
        let mut reach = |row: u32, queue: &mut Vec<u32>| {
            if let Some(reached) = is_reached.get_mut(row as usize)
                && !std::mem::replace(reached, true)
            {
                queue.push(row);
            }
        };
        for &row in self.entry_points.rows().iter().chain(&report.orphans) {
            reach(row, &mut queue);
        }
        while let Some(row) = queue.pop() {
            records.read_links(row, &mut links);
            links.selected.iter().chain(&links.filler).for_each(|&to| reach(to, &mut queue));
        }
        let mut is_linked = vec![false; view.covered as usize];
        let directionless = state.directionless;
        for (row, &first) in (0..).zip(&firsts) {
            let node = if first == NO_ROW { row } else { first };
            if is_reached.get(node as usize) != Some(&true) && directionless != Some(node) {
                report.unreachable.push(row);
            }
            if first != NO_ROW {
                report.duplicates += 1;
                report.uncoded += u32::from(directionless == Some(first));
                continue;
            }
            if !self.nodes.is_node(row) {
                report.uncoded += 1;
                continue;
            }
            report.nodes += 1;
            if records.record(row).is_none() {
                report.damaged.push(row);
                continue;
            }
            records.read_links(row, &mut links);
            report.links += links.selected.len() as u64;
            report.filler_links += links.filler.len() as u64;
            for &to in &links.selected {
                if let Some(linked) = is_linked.get_mut(to as usize) {
                    *linked = true;
                }
            }
        }
        let is_unlinked =
            |row: &u32| self.nodes.is_node(*row) && is_linked.get(*row as usize) == Some(&false);
        report.unlinked = (0..view.covered).filter(is_unlinked).collect();
        if !report.damaged.is_empty() {
            report.unreachable.clear();
            report.unlinked.clear();
        }
        Ok(report)
    }
}
