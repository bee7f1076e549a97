//! A look at the whole graph: what is in it, and what cannot be reached.

use super::graph::{Graph, NO_ROW};
use super::params::row_number;
use crate::Result;

/// What a graph consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GraphReport {
    /// Rows with links.
    pub(crate) nodes: u32,
    /// Rows that hang from an equal one.
    pub(crate) twins: u32,
    /// Links at level 0.
    pub(crate) links: u64,
    /// Links above.
    pub(crate) upper_links: u64,
    /// Links that are never pruned, since a row was not found without them.
    pub(crate) bridges: u32,
    /// Rows that every search begins at, since nothing else leads to them.
    pub(crate) stragglers: Vec<u32>,
    /// Rows to which no way leads from the entry point or a straggler.
    pub(crate) unreachable: Vec<u32>,
}

impl Graph {
    /// Walks the whole graph breadth first. Waits for an `extend` at work.
    ///
    /// # Errors
    /// `Poisoned` after a panic in `extend`.
    pub(crate) fn check(&self) -> Result<GraphReport> {
        let writer = self.lock_writer()?;
        let view = self.view();
        let firsts = self.firsts(&writer, view.covered);
        let mut report = GraphReport {
            nodes: 0,
            twins: 0,
            links: 0,
            upper_links: 0,
            bridges: row_number(writer.bridges.len()),
            stragglers: self.straggler_rows(),
            unreachable: Vec::new(),
        };
        let mut is_reached = vec![false; view.covered as usize];
        let mut queue = Vec::new();
        let mut reach = |row: u32, queue: &mut Vec<u32>| {
            if let Some(reached) = is_reached.get_mut(row as usize)
                && !std::mem::replace(reached, true)
            {
                queue.push(row);
            }
        };
        if view.entry != NO_ROW {
            reach(view.entry, &mut queue);
        }
        for &row in &report.stragglers {
            reach(row, &mut queue);
        }
        while let Some(row) = queue.pop() {
            for level in 0..=self.params.level_of(row) {
                self.links.for_each(row, level, |to| reach(to, &mut queue));
            }
        }
        for (row, &first) in (0..).zip(&firsts) {
            let node = if first == NO_ROW { row } else { first };
            if is_reached.get(node as usize) != Some(&true) {
                report.unreachable.push(row);
            }
            if first != NO_ROW {
                report.twins += 1;
                continue;
            }
            report.nodes += 1;
            for level in 0..=self.params.level_of(row) {
                let links = if level == 0 { &mut report.links } else { &mut report.upper_links };
                self.links.for_each(row, level, |_| *links += 1);
            }
        }
        Ok(report)
    }
}
