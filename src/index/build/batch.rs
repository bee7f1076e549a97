//! The insertion of a batch. It can be interrupted between any two items of work and continued later; the result does
//! not depend on the interruptions. `work/stage.rs` describes the stages.

use std::ops::Range;

use super::encode::Coded;
use crate::index::graph::entry_points::EntrySampler;
use crate::index::graph::graph::{Graph, View};
use crate::index::graph::links::Links;
use crate::index::graph::record_layout::Bits;
use crate::index::link::back_links::Merged;
use crate::index::link::find_links::{BackLink, LinkCandidates, write_forward};
use crate::index::link::repair::Check;
use crate::index::link::state::LinkState;
use crate::index::params::{NO_ROW, row_number};
use crate::index::rows::Rows;
use crate::index::search::scratch::Scratch;
use crate::index::work::budget::{ROW_WORK, TimeBudget};
use crate::index::work::parallel::spread;
use crate::index::work::stage::{SHARES, Stage};
use crate::{Result, memory};

/// The work to encode a row, and to skip a deleted one.
const CODE_WORK: i64 = ROW_WORK / SHARES;
const DELETED_WORK: i64 = ROW_WORK / 2048;

/// See the module.
#[derive(Default)]
pub(crate) struct InsertBatch {
    pub(crate) rows: Range<u32>,
    stage: Stage,
    /// The next item of the stage.
    next: usize,
    /// For each row the result of encoding.
    coded: Vec<Coded>,
    found: Vec<LinkCandidates>,
    /// For each row the node that it is a duplicate of, or [`NO_ROW`].
    firsts: Vec<u32>,
    nodes: Vec<u32>,
    /// The links of each node.
    chosen: Vec<Links>,
    back_links: Vec<BackLink>,
    /// The range of each list in `back_links`.
    lists: Vec<Range<usize>>,
    merged: Vec<Option<Merged>>,
    /// Rows that lost a link.
    lost: Vec<u32>,
    check: Check,
    memory: Bits,
}

impl InsertBatch {
    pub(crate) fn new(rows: Range<u32>) -> Self {
        Self { rows, ..Self::default() }
    }

    fn row_count(&self) -> usize {
        (self.rows.end - self.rows.start) as usize
    }

    fn items(&self) -> usize {
        match self.stage {
            Stage::SelectLinks | Stage::RaiseInLinks => self.nodes.len(),
            Stage::MergeBackLinks | Stage::CountInLinks => self.lists.len(),
            Stage::Encode
            | Stage::Search
            | Stage::ResolveDuplicates
            | Stage::GroupBackLinks
            | Stage::Verify
            | Stage::Publish => self.row_count(),
        }
    }

    /// The work of the current stage: its share of the work of the rows that are not deleted.
    fn stage_work(&self) -> i64 {
        let rows = self.coded.iter().filter(|&&coded| coded != Coded::Deleted).count();
        let rows = i64::try_from(rows).unwrap_or(i64::MAX);
        match self.stage {
            Stage::Encode => CODE_WORK * i64::from(self.rows.end - self.rows.start),
            stage => rows * (ROW_WORK / SHARES) * stage.share(),
        }
    }

    fn is_duplicate(&self, row: u32) -> bool {
        let index = row.checked_sub(self.rows.start);
        index.and_then(|index| self.firsts.get(index as usize)).is_some_and(|&first| first != NO_ROW)
    }

    fn coded(&self, row: u32) -> Coded {
        let index = row.checked_sub(self.rows.start);
        index.and_then(|index| self.coded.get(index as usize)).copied().unwrap_or(Coded::No)
    }

    /// Advances to the next stage; `None` after the last.
    fn next_stage(&mut self) -> Option<Stage> {
        self.next = 0;
        self.stage = self.stage.next()?;
        Some(self.stage)
    }
}

impl Graph {
    /// Continues a batch while the budget lasts. Returns whether it is complete and visible to readers.
    ///
    /// # Errors
    /// `NoMemory`; the batch must then be inserted from the start.
    pub(crate) fn continue_batch(
        &self,
        rows: &impl Rows,
        batch: &mut InsertBatch,
        state: &mut LinkState,
        scratches: &mut [Scratch],
        budget: &mut TimeBudget,
    ) -> Result<bool> {
        loop {
            let stage = batch.stage;
            let is_done = self.continue_stage(rows, batch, state, scratches, budget)?;
            // Deleted rows cost less than they were charged for: use the rest.
            if !is_done && stage == Stage::Encode && budget.left() > 0 {
                continue;
            }
            if !is_done {
                return Ok(false);
            }
            if batch.next_stage().is_none() {
                return Ok(true);
            }
        }
    }

    fn continue_stage(
        &self,
        rows: &impl Rows,
        batch: &mut InsertBatch,
        state: &mut LinkState,
        scratches: &mut [Scratch],
        budget: &mut TimeBudget,
    ) -> Result<bool> {
        let stage = batch.stage;
        let count = batch.items();
        let mut cost = state.cost_of(stage);
        let work = batch.stage_work();
        let is_done = match stage {
            Stage::ResolveDuplicates | Stage::GroupBackLinks | Stage::Publish => {
                budget.work_whole(&mut cost, work, count, || match stage {
                    Stage::ResolveDuplicates => self.resolve(rows, batch, state),
                    Stage::GroupBackLinks => group_back_links(batch, self.params.has_product_links(), state),
                    _ => self.publish_batch(batch, state),
                })
            }
            Stage::Verify => {
                if batch.next == 0 {
                    self.begin_verify(batch, state)?;
                    batch.next = 1;
                }
                let view = View { covered: batch.rows.end };
                return self.continue_check(rows, view, &mut batch.check, state, scratches, budget);
            }
            _ => {
                let mut next = batch.next;
                let price = work / i64::try_from(count.max(1)).unwrap_or(i64::MAX);
                let is_done = budget.work(&mut cost, price, &mut next, count, |items| match stage {
                    Stage::Encode => self.encode_rows(rows, items, batch, state, scratches),
                    Stage::Search => self.search_all(rows, items, batch, state, scratches),
                    Stage::SelectLinks => self.select_all(rows, items, batch, state, scratches),
                    Stage::MergeBackLinks => self.merge_all(rows, items, batch, state, scratches),
                    Stage::CountInLinks => count_merged(items, batch, state),
                    _ => self.raise_all(rows, items, batch, state),
                });
                let coded = batch.coded.get(batch.next..next).unwrap_or_default();
                if stage == Stage::Encode {
                    let deleted = coded.iter().filter(|&&coded| coded == Coded::Deleted).count();
                    budget.charge((DELETED_WORK - CODE_WORK) * i64::try_from(deleted).unwrap_or(0));
                }
                batch.next = next;
                is_done
            }
        }?;
        state.set_cost_of(stage, cost);
        Ok(is_done)
    }

    fn encode_rows(
        &self,
        rows: &impl Rows,
        items: Range<usize>,
        batch: &mut InsertBatch,
        state: &mut LinkState,
        scratches: &mut [Scratch],
    ) -> Result<()> {
        if items.start == 0 {
            self.make_room(batch.rows.end, state)?;
        }
        let first = batch.rows.start + row_number(items.start);
        let coded = self.code(rows, first..batch.rows.start + row_number(items.end), state, scratches)?;
        memory::extend(&mut batch.coded, coded)
    }

    fn search_all(
        &self,
        rows: &impl Rows,
        items: Range<usize>,
        batch: &mut InsertBatch,
        state: &LinkState,
        scratches: &mut [Scratch],
    ) -> Result<()> {
        let (view, radius, these) = (self.view(), state.radius(), &*batch);
        let found = spread(scratches, items.len(), &|i, scratch: &mut Scratch| {
            let row = these.rows.start + row_number(items.start + i);
            match these.coded(row) {
                Coded::Deleted => Ok(LinkCandidates::default()),
                _ => self.find_candidates(rows, view, row, &these.rows, radius, scratch),
            }
        })?;
        memory::extend(&mut batch.found, memory::all(found)?)
    }

    fn resolve(&self, rows: &impl Rows, batch: &mut InsertBatch, state: &mut LinkState) -> Result<()> {
        let is_deleted = |row: u32| batch.coded(row) == Coded::Deleted;
        batch.firsts = self.resolve_duplicates(rows, &batch.rows, &batch.found, is_deleted, state)?;
        let is_node = |row: u32| !batch.is_duplicate(row) && batch.coded(row) == Coded::Yes;
        let nodes = batch.rows.clone().filter(|&row| is_node(row));
        batch.nodes = memory::collected(nodes)?;
        Ok(())
    }

    fn select_all(
        &self,
        rows: &impl Rows,
        items: Range<usize>,
        batch: &mut InsertBatch,
        state: &LinkState,
        scratches: &mut [Scratch],
    ) -> Result<()> {
        let these = &*batch;
        let chosen = spread(scratches, items.len(), &|i, scratch: &mut Scratch| {
            let Some(&row) = these.nodes.get(items.start + i) else { return Ok(Links::default()) };
            let found = these.found.get((row - these.rows.start) as usize);
            let candidates = found.map_or(&[][..], |found| &found.candidates);
            let candidates =
                candidates.iter().copied().filter(|candidate| !these.is_duplicate(candidate.row));
            let candidates = memory::collected(candidates)?;
            let products = found.map_or(&[][..], |found| &found.products);
            let products: Vec<u32> =
                products.iter().copied().filter(|&row| !these.is_duplicate(row)).collect();
            self.choose_links(rows, row, (&candidates, &products), state, scratch)
        })?;
        memory::extend(&mut batch.chosen, memory::all(chosen)?)
    }

    fn merge_all(
        &self,
        rows: &impl Rows,
        items: Range<usize>,
        batch: &mut InsertBatch,
        state: &LinkState,
        scratches: &mut [Scratch],
    ) -> Result<()> {
        let these = &*batch;
        let merged = spread(scratches, items.len(), &|i, scratch: &mut Scratch| {
            let list = these.lists.get(items.start + i).and_then(|list| these.back_links.get(list.clone()));
            list.map(|list| self.merge_list(rows, list, state, scratch)).transpose()
        })?;
        memory::extend(&mut batch.merged, memory::all(merged)?)
    }

    fn raise_all(
        &self,
        rows: &impl Rows,
        items: Range<usize>,
        batch: &mut InsertBatch,
        state: &mut LinkState,
    ) -> Result<()> {
        let nodes = batch.nodes.get(items).unwrap_or_default();
        self.raise_in_links(rows, nodes, state, &mut batch.memory)
    }

    fn begin_verify(&self, batch: &mut InsertBatch, state: &mut LinkState) -> Result<()> {
        batch.found.iter().for_each(|found| state.estimates.add(found.estimates));
        self.set_reliability(state.estimates);
        if state.sampled_rows == 0 {
            let mut entry_sampler = EntrySampler::default();
            let is_node = |row: u32| batch.nodes.binary_search(&row).is_ok();
            entry_sampler.sample_to(batch.rows.end, self.params.seed, is_node);
            self.sample_entry_points(batch.rows.end, state, &entry_sampler);
        }
        let mut to_check = memory::copied(&batch.nodes)?;
        memory::extend(&mut to_check, state.few_in_links(std::mem::take(&mut batch.lost)))?;
        batch.check = Check::of(to_check, self, state);
        Ok(())
    }

    /// Publishes a batch, after everything that can fail: a repeated batch must not append a duplicate twice.
    fn publish_batch(&self, batch: &InsertBatch, state: &mut LinkState) -> Result<()> {
        let rows = &batch.rows;
        let is_directionless = |row: u32| !batch.is_duplicate(row) && batch.coded(row) == Coded::No;
        for row in rows.clone().filter(|&row| is_directionless(row)) {
            self.set_directionless(state.directionless.unwrap_or(row));
        }
        for (row, (&first, found)) in rows.clone().zip(batch.firsts.iter().zip(&batch.found)) {
            if batch.coded(row) == Coded::Deleted {
                self.count_absent();
            } else if first == NO_ROW {
                self.fingerprints.insert(found.print, row);
            } else {
                state.append_duplicate(self, first, row);
                // A scaled copy under the cosine, or one with another sign of 0: a search for it must not depend on
                // whether the walk finds the node.
                let has_print_of_first = self.fingerprints.rows(found.print).any(|other| other == first);
                if !has_print_of_first && batch.coded(row) == Coded::Yes {
                    self.fingerprints.insert(found.print, row);
                }
            }
        }
        self.publish(View { covered: rows.end });
        let mut entry_sampler = std::mem::take(&mut state.entry_sampler);
        entry_sampler.sample_to(rows.end, self.params.seed, |row| self.nodes.is_node(row));
        self.sample_entry_points(rows.end, state, &entry_sampler);
        state.entry_sampler = entry_sampler;
        Ok(())
    }
}

fn group_back_links(batch: &mut InsertBatch, has_product_links: bool, state: &mut LinkState) -> Result<()> {
    batch.back_links = write_forward(&batch.nodes, &batch.chosen, has_product_links, state)?;
    let mut start = 0;
    for list in batch.back_links.chunk_by(|a, b| a.to == b.to) {
        memory::push(&mut batch.lists, start..start + list.len())?;
        start += list.len();
    }
    Ok(())
}

fn count_merged(items: Range<usize>, batch: &mut InsertBatch, state: &mut LinkState) -> Result<()> {
    let these = batch.merged.get(items.clone()).unwrap_or_default().iter().flatten();
    memory::reserve(&mut batch.lost, these.map(|merged| merged.lost.len()).sum())?;
    for merged in batch.merged.get(items).unwrap_or_default().iter().flatten() {
        merged.gained.iter().for_each(|&row| state.count_in(row, true));
        merged.lost.iter().for_each(|&row| state.count_in(row, false));
        batch.lost.extend(&merged.lost);
    }
    Ok(())
}
