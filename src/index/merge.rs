//! Back-links: the rows that were linked to link back, and drop what they have no room for.

use super::graph::Graph;
use super::insert::{BackLink, sorted_by_distance};
use super::prune::choose;
use super::scratch::Scratch;
use super::space::{Rows, Space};
use super::workers::spread;
use super::writer::Writer;

/// Pruning takes no link away from a row that fewer others link to.
const LEAST_IN_LINKS: u32 = 2;
/// A row that loses a link and keeps no more than these is checked again.
const FEW_IN_LINKS: u32 = 5;

/// What became of one list.
struct Merged {
    level: u32,
    owner: u32,
    gained: Vec<u32>,
    lost: Vec<u32>,
}

impl Writer {
    /// One link at level 0 to `row` more, or less.
    pub(super) fn count_in(&mut self, row: u32, more: bool) {
        if let Some(count) = self.in_links.get_mut(row as usize) {
            *count = if more { *count + 1 } else { count.saturating_sub(1) };
        }
    }

    pub(super) fn in_links_of(&self, row: u32) -> u32 {
        self.in_links.get(row as usize).copied().unwrap_or(0)
    }

    /// Whether `from` must go on linking to `to`.
    fn must_keep(&self, from: u32, to: u32) -> bool {
        self.in_links_of(to) <= LEAST_IN_LINKS || self.bridges.contains(&(from, to))
    }
}

impl Graph {
    /// Adds back-links, which are sorted; returns the rows that few links lead to after losing one.
    ///
    /// Each list is merged by one thread and sees in-link counts of before the merge, so threads leave no trace.
    pub(super) fn merge_back_links(
        &self,
        rows: &impl Rows,
        back_links: &[BackLink],
        writer: &mut Writer,
        scratches: &mut [Scratch],
    ) -> Vec<u32> {
        let groups: Vec<&[BackLink]> =
            back_links.chunk_by(|a, b| (a.level, a.to) == (b.level, b.to)).collect();
        let space = writer.space(self, rows);
        let merged = spread(scratches, groups.len(), &|i, _| {
            groups.get(i).and_then(|group| self.merge_list(&space, group, writer))
        });
        let mut dropped = Vec::new();
        for of_list in merged.into_iter().flatten() {
            let Merged { level, owner, gained, lost } = of_list;
            if level == 0 {
                gained.iter().for_each(|&row| writer.count_in(row, true));
                lost.iter().for_each(|&row| writer.count_in(row, false));
            }
            dropped.extend(lost.into_iter().map(|row| (level, owner, row)));
        }
        let writer = &*writer;
        let is_cut = |(level, from, to)| match level {
            0 => writer.in_links_of(to) <= FEW_IN_LINKS,
            // Links above level 0 are few, and each may be the only way into a cluster.
            _ => !self.leads_by_two(level, from, to),
        };
        let lost = spread(scratches, dropped.len(), &|i, _| {
            dropped.get(i).filter(|&&link| is_cut(link)).map(|&(_, _, to)| to)
        });
        let mut lost: Vec<u32> = lost.into_iter().flatten().collect();
        lost.sort_unstable();
        lost.dedup();
        lost
    }

    /// Whether a link of `from` links to `to`, so that the way there is hardly longer without a link of its own.
    fn leads_by_two(&self, level: u32, from: u32, to: u32) -> bool {
        let mut leads = false;
        self.links.for_each(from, level, |over| {
            if !leads {
                self.links.for_each(over, level, |row| leads |= row == to);
            }
        });
        leads
    }

    /// Adds one row's back-links; what became of the list.
    fn merge_list<R: Rows>(
        &self,
        space: &Space<'_, R>,
        group: &[BackLink],
        writer: &Writer,
    ) -> Option<Merged> {
        let &BackLink { level, to: owner, .. } = group.first()?;
        let mut links = Vec::with_capacity(self.params.max_links(level) + group.len());
        self.links.read(owner, level, &mut links);
        let before = links.len();
        for link in group {
            if !links.contains(&link.from) {
                links.push(link.from);
            }
        }
        let limit = self.params.max_links(level);
        let (old, new) = links.split_at(before);
        if links.len() <= limit {
            self.links.write(owner, level, &links);
            return Some(Merged { level, owner, gained: new.to_vec(), lost: Vec::new() });
        }
        let candidates = sorted_by_distance(&space.from(owner), &links);
        let mut keep = Vec::new();
        if level == 0 {
            keep.extend(old.iter().copied().filter(|&row| writer.must_keep(owner, row)));
            // Bridges first: there is always room for them.
            keep.sort_by_key(|&row| !writer.bridges.contains(&(owner, row)));
        }
        let chosen = choose(space, &candidates, limit, refill(limit), &keep);
        self.links.write(owner, level, &chosen);
        Some(Merged {
            level,
            owner,
            gained: new.iter().copied().filter(|row| chosen.contains(row)).collect(),
            lost: old.iter().copied().filter(|row| !chosen.contains(row)).collect(),
        })
    }

    /// Sees to it that enough links lead to each new node: its own nearest links answer it whatever they must drop.
    pub(super) fn lift_in_links(&self, rows: &impl Rows, nodes: &[u32], writer: &mut Writer) {
        let mut hosts = Vec::new();
        for &row in nodes {
            if writer.in_links_of(row) >= LEAST_IN_LINKS {
                continue;
            }
            self.links.read(row, 0, &mut hosts);
            for &host in &hosts {
                if writer.in_links_of(row) >= LEAST_IN_LINKS {
                    break;
                }
                self.force_link(rows, host, row, writer);
            }
        }
    }

    /// Makes `host` link to `row` at level 0, in place of its farthest link that can be spared if it has no room.
    pub(super) fn force_link(&self, rows: &impl Rows, host: u32, row: u32, writer: &mut Writer) -> bool {
        let mut links = Vec::new();
        self.links.read(host, 0, &mut links);
        if host == row {
            return false;
        }
        if links.contains(&row) {
            return true;
        }
        if links.len() >= self.params.max_links(0) {
            let sorted = sorted_by_distance(&writer.space(self, rows).from(host), &links);
            let spare = sorted.iter().rev().find(|link| !writer.must_keep(host, link.row));
            let Some(spare) = spare.map(|link| link.row) else { return false };
            links.retain(|&link| link != spare);
            writer.count_in(spare, false);
            writer.displaced.push(spare);
        }
        links.push(row);
        writer.count_in(row, true);
        self.links.write(host, 0, &links);
        true
    }
}

/// How many links a pruned list is filled up to: the room that is left lets the next back-links in without pruning.
fn refill(limit: usize) -> usize {
    limit / 2
}
