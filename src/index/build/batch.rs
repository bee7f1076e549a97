//! A batch on its way into the graph, piece by piece: it can be left between any two items of its work and taken up
//! again, and what comes out does not depend on where. `work/stage.rs` has what becomes of it.

use std::ops::Range;
use std::time::Instant;

use super::encode::Coded;
use crate::index::graph::entry_points::EntrySampler;
use crate::index::graph::graph::{Graph, View};
use crate::index::graph::links::Links;
use crate::index::graph::record_layout::Bits;
use crate::index::link::back_links::Merged;
use crate::index::link::find_links::{BackLink, Found, write_forward};
use crate::index::link::repair::Check;
use crate::index::link::state::LinkState;
use crate::index::params::{NO_ROW, row_number};
use crate::index::rows::Rows;
use crate::index::search::scratch::Scratch;
use crate::index::work::budget::{Pace, ROW_WORK};
use crate::index::work::parallel::spread;
use crate::index::work::stage::{SHARES, Stage};
use crate::{Result, memory};

/// The work of giving a row its code, and of passing over one that is gone.
const CODE_WORK: i64 = ROW_WORK / SHARES;
const GONE_WORK: i64 = ROW_WORK / 2048;

/// See the module.
#[derive(Default)]
pub(crate) struct Entering {
    pub(crate) batch: Range<u32>,
    stage: Stage,
    /// The stage's next item.
    next: usize,
    /// Of each row whether it has a code.
    coded: Vec<Coded>,
    found: Vec<Found>,
    /// For each row the node that it hangs from, or [`NO_ROW`].
    firsts: Vec<u32>,
    nodes: Vec<u32>,
    /// Of each node its links.
    chosen: Vec<Links>,
    back_links: Vec<BackLink>,
    /// Where in `back_links` each list's are.
    lists: Vec<Range<usize>>,
    merged: Vec<Option<Merged>>,
    /// Rows that lost a link.
    lost: Vec<u32>,
    check: Check,
    memory: Bits,
}

impl Entering {
    pub(crate) fn new(batch: Range<u32>) -> Self {
        Self { batch, ..Self::default() }
    }

    fn row_count(&self) -> usize {
        (self.batch.end - self.batch.start) as usize
    }

    fn items(&self) -> usize {
        match self.stage {
            Stage::Choose | Stage::Lift => self.nodes.len(),
            Stage::Merge | Stage::Count => self.lists.len(),
            Stage::Code | Stage::Find | Stage::Resolve | Stage::Answer | Stage::Check | Stage::Enter => {
                self.row_count()
            }
        }
    }

    /// The work of the whole stage that it is in: a share of that of the rows that are not gone.
    fn stage_work(&self) -> i64 {
        let rows = self.coded.iter().filter(|&&coded| coded != Coded::Gone).count();
        let rows = i64::try_from(rows).unwrap_or(i64::MAX);
        match self.stage {
            Stage::Code => CODE_WORK * i64::from(self.batch.end - self.batch.start),
            stage => rows * (ROW_WORK / SHARES) * stage.share(),
        }
    }

    fn is_twin(&self, row: u32) -> bool {
        let place = row.checked_sub(self.batch.start);
        place.and_then(|place| self.firsts.get(place as usize)).is_some_and(|&first| first != NO_ROW)
    }

    fn coded(&self, row: u32) -> Coded {
        let place = row.checked_sub(self.batch.start);
        place.and_then(|place| self.coded.get(place as usize)).copied().unwrap_or(Coded::No)
    }

    /// Goes on to the stage after this one; `None` after the last.
    fn next_stage(&mut self) -> Option<Stage> {
        self.next = 0;
        self.stage = self.stage.next()?;
        Some(self.stage)
    }
}

impl Graph {
    /// Goes on with a batch while there is time; says whether it is in the graph now, and shown to readers.
    ///
    /// # Errors
    /// `NoMemory`; the batch is then to be begun anew.
    pub(crate) fn go_on_entering(
        &self,
        rows: &impl Rows,
        entering: &mut Entering,
        state: &mut LinkState,
        scratches: &mut [Scratch],
        pace: &mut Pace,
    ) -> Result<bool> {
        loop {
            let stage = entering.stage;
            let begin = Instant::now();
            let is_done = self.go_on_with_stage(rows, entering, state, scratches, pace)?;
            state.stats.count(stage, begin);
            // Rows that were gone have left more of the work than was thought.
            if !is_done && stage == Stage::Code && pace.left() > 0 {
                continue;
            }
            if !is_done {
                return Ok(false);
            }
            if entering.next_stage().is_none() {
                return Ok(true);
            }
        }
    }

    fn go_on_with_stage(
        &self,
        rows: &impl Rows,
        entering: &mut Entering,
        state: &mut LinkState,
        scratches: &mut [Scratch],
        pace: &mut Pace,
    ) -> Result<bool> {
        let stage = entering.stage;
        let count = entering.items();
        let mut cost = state.cost_of(stage);
        let work = entering.stage_work();
        let is_done = match stage {
            Stage::Resolve | Stage::Answer | Stage::Enter => {
                pace.work_whole(&mut cost, work, count, || match stage {
                    Stage::Resolve => self.resolve(rows, entering, state),
                    Stage::Answer => answer(entering, self.params.has_product_links(), state),
                    _ => self.enter(entering, state),
                })
            }
            Stage::Check => {
                if entering.next == 0 {
                    self.begin_check(entering, state)?;
                    entering.next = 1;
                }
                let view = View { covered: entering.batch.end };
                return self.go_on_checking(rows, view, &mut entering.check, state, scratches, pace);
            }
            _ => {
                let mut next = entering.next;
                let price = work / i64::try_from(count.max(1)).unwrap_or(i64::MAX);
                let is_done = pace.work(&mut cost, price, &mut next, count, |items| match stage {
                    Stage::Code => self.code_rows(rows, items, entering, state, scratches),
                    Stage::Find => self.find_all(rows, items, entering, state, scratches),
                    Stage::Choose => self.choose_all(rows, items, entering, state, scratches),
                    Stage::Merge => self.merge_all(rows, items, entering, state, scratches),
                    Stage::Count => count_merged(items, entering, state),
                    _ => self.lift_all(rows, items, entering, state),
                });
                let coded = entering.coded.get(entering.next..next).unwrap_or_default();
                if stage == Stage::Code {
                    let gone = coded.iter().filter(|&&coded| coded == Coded::Gone).count();
                    pace.charge((GONE_WORK - CODE_WORK) * i64::try_from(gone).unwrap_or(0));
                }
                entering.next = next;
                is_done
            }
        }?;
        state.set_cost_of(stage, cost);
        Ok(is_done)
    }

    fn code_rows(
        &self,
        rows: &impl Rows,
        items: Range<usize>,
        entering: &mut Entering,
        state: &mut LinkState,
        scratches: &mut [Scratch],
    ) -> Result<()> {
        if items.start == 0 {
            self.make_room(entering.batch.end, state)?;
        }
        let first = entering.batch.start + row_number(items.start);
        let coded = self.code(rows, first..entering.batch.start + row_number(items.end), state, scratches)?;
        memory::extend(&mut entering.coded, coded)
    }

    fn find_all(
        &self,
        rows: &impl Rows,
        items: Range<usize>,
        entering: &mut Entering,
        state: &LinkState,
        scratches: &mut [Scratch],
    ) -> Result<()> {
        let (view, radius, these) = (self.view(), state.radius(), &*entering);
        let found = spread(scratches, items.len(), &|i, scratch: &mut Scratch| {
            let row = these.batch.start + row_number(items.start + i);
            match these.coded(row) {
                Coded::Gone => Ok(Found::default()),
                _ => self.find_candidates(rows, view, row, &these.batch, radius, scratch),
            }
        })?;
        for found in found {
            memory::push(&mut entering.found, found?)?;
        }
        Ok(())
    }

    fn resolve(&self, rows: &impl Rows, entering: &mut Entering, state: &mut LinkState) -> Result<()> {
        let is_gone = |row: u32| entering.coded(row) == Coded::Gone;
        entering.firsts = self.resolve_twins(rows, &entering.batch, &entering.found, is_gone, state)?;
        let is_node = |row: u32| !entering.is_twin(row) && entering.coded(row) == Coded::Yes;
        let nodes = entering.batch.clone().filter(|&row| is_node(row));
        entering.nodes = memory::collected(nodes)?;
        Ok(())
    }

    fn choose_all(
        &self,
        rows: &impl Rows,
        items: Range<usize>,
        entering: &mut Entering,
        state: &LinkState,
        scratches: &mut [Scratch],
    ) -> Result<()> {
        let these = &*entering;
        let chosen = spread(scratches, items.len(), &|i, scratch: &mut Scratch| {
            let Some(&row) = these.nodes.get(items.start + i) else { return Ok(Links::default()) };
            let found = these.found.get((row - these.batch.start) as usize);
            let candidates = found.map_or(&[][..], |found| &found.candidates);
            let candidates = candidates.iter().copied().filter(|candidate| !these.is_twin(candidate.row));
            let candidates = memory::collected(candidates)?;
            let products = found.map_or(&[][..], |found| &found.products);
            let products: Vec<u32> = products.iter().copied().filter(|&row| !these.is_twin(row)).collect();
            self.choose_links(rows, row, (&candidates, &products), state, scratch)
        })?;
        for links in chosen {
            memory::push(&mut entering.chosen, links?)?;
        }
        Ok(())
    }

    fn merge_all(
        &self,
        rows: &impl Rows,
        items: Range<usize>,
        entering: &mut Entering,
        state: &LinkState,
        scratches: &mut [Scratch],
    ) -> Result<()> {
        let these = &*entering;
        let merged = spread(scratches, items.len(), &|i, scratch: &mut Scratch| {
            let list = these.lists.get(items.start + i).and_then(|list| these.back_links.get(list.clone()));
            list.map(|list| self.merge_list(rows, list, state, scratch)).transpose()
        })?;
        for list in merged {
            memory::push(&mut entering.merged, list?)?;
        }
        Ok(())
    }

    fn lift_all(
        &self,
        rows: &impl Rows,
        items: Range<usize>,
        entering: &mut Entering,
        state: &mut LinkState,
    ) -> Result<()> {
        let nodes = entering.nodes.get(items).unwrap_or_default();
        self.lift_in_links(rows, nodes, state, &mut entering.memory)
    }

    fn begin_check(&self, entering: &mut Entering, state: &mut LinkState) -> Result<()> {
        entering.found.iter().for_each(|found| state.placed.add(found.placed));
        self.set_reliability(state.placed);
        if state.sampled_rows == 0 {
            let mut entry_sampler = EntrySampler::default();
            let is_node = |row: u32| entering.nodes.binary_search(&row).is_ok();
            entry_sampler.look_on(entering.batch.end, self.params.seed, is_node);
            self.sample_entry_points(entering.batch.end, state, &entry_sampler);
        }
        let mut suspects = memory::copied(&entering.nodes)?;
        memory::extend(&mut suspects, state.few_in_links(std::mem::take(&mut entering.lost)))?;
        entering.check = Check::of(suspects, state);
        Ok(())
    }

    /// Shows a batch to readers, after all that may fail: one that is tried again must not hang a twin twice.
    fn enter(&self, entering: &Entering, state: &mut LinkState) -> Result<()> {
        let batch = &entering.batch;
        let no_node = |row: u32| !entering.is_twin(row) && entering.coded(row) == Coded::No;
        for row in batch.clone().filter(|&row| no_node(row)) {
            self.set_directionless(state.directionless.unwrap_or(row));
        }
        for (row, (&first, found)) in batch.clone().zip(entering.firsts.iter().zip(&entering.found)) {
            if entering.coded(row) == Coded::Gone {
                self.count_absent();
            } else if first == NO_ROW {
                self.fingerprints.insert(found.print, row);
            } else {
                state.hang_twin(self, first, row);
            }
        }
        self.publish(View { covered: batch.end });
        let mut entry_sampler = std::mem::take(&mut state.entry_sampler);
        entry_sampler.look_on(batch.end, self.params.seed, |row| self.nodes.is_node(row));
        self.sample_entry_points(batch.end, state, &entry_sampler);
        state.entry_sampler = entry_sampler;
        Ok(())
    }
}

fn answer(entering: &mut Entering, has_product_links: bool, state: &mut LinkState) -> Result<()> {
    entering.back_links = write_forward(&entering.nodes, &entering.chosen, has_product_links, state)?;
    let mut start = 0;
    for list in entering.back_links.chunk_by(|a, b| a.to == b.to) {
        memory::push(&mut entering.lists, start..start + list.len())?;
        start += list.len();
    }
    Ok(())
}

fn count_merged(items: Range<usize>, entering: &mut Entering, state: &mut LinkState) -> Result<()> {
    let these = entering.merged.get(items.clone()).unwrap_or_default().iter().flatten();
    memory::reserve(&mut entering.lost, these.map(|merged| merged.lost.len()).sum())?;
    for merged in entering.merged.get(items).unwrap_or_default().iter().flatten() {
        merged.gained.iter().for_each(|&row| state.count_in(row, true));
        merged.lost.iter().for_each(|&row| state.count_in(row, false));
        entering.lost.extend(&merged.lost);
    }
    Ok(())
}
