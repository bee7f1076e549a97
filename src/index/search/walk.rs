//! The walk: best-first search from the nearest entry points, by estimates of all neighbours of a node at once.
//!
//! The order of visits is that of SymphonyQG (SIGMOD 2025): the neighbours of a visited node are estimated from codes of
//! few bits relative to it, and the nearest unvisited row is visited next. The distance of a visited row comes from its
//! 8-bit code. Vectors are read only for the nearest of the visited rows.

use super::early_stop::{MARGIN, SHARP_MARGIN};
use super::request::{GraphSearch, LEAST_EF, RequestPolicy, SearchEnd, WalkPolicy};
use super::rerank::rerank;
use super::scratch::{Encounter, Scratch, Walk};
use crate::DistanceMetric;
use crate::distance::PreparedQuery;
use crate::failpoint::{Failpoint, is_failpoint_set};
use crate::index::codes::key::SortKey;
use crate::index::graph::distance::QueryDistance;
use crate::index::graph::fingerprints::fingerprint;
use crate::index::graph::graph::{Graph, View};
use crate::index::graph::links::row_of;
use crate::index::graph::record_layout::BLOCK_SLOTS;
use crate::index::neighbour::Neighbour;
use crate::index::rows::Rows;
use crate::kernel::codes::Prefetch;

/// Number of lines of the next record that are prefetched between two portions of work.
const LINES_AT_ONCE: usize = 8;

/// Number of visits between two checks whether estimates mislead the walk.
const VISITS_A_VERDICT: u32 = 64;

/// How a walk starts.
#[derive(Debug, Clone, Copy)]
struct WalkStart {
    /// Whether every row is measured by its code before it becomes a candidate.
    is_measured: bool,
    /// Visits of an earlier walk for the same query, which count against the budget.
    spent: u32,
}

impl Graph {
    /// Replaces `out` with the nearest visible rows in ascending order, at most k. Takes no lock, and does not allocate
    /// once `scratch` and `out` have grown. Returns `None` if the query has no code, if memory is refused, or if the
    /// file of the graph is damaged: the caller then scans.
    pub(crate) fn search(
        &self,
        query: &PreparedQuery<'_>,
        rows: &impl Rows,
        request: &GraphSearch<'_>,
        scratch: &mut Scratch,
        out: &mut Vec<Neighbour>,
    ) -> Option<SearchEnd> {
        out.clear();
        let view = self.view();
        // Bounds the memory for callers that ask for more than all rows.
        let ef = request.ef.max(request.k).max(LEAST_EF).min(view.covered as usize + 1);
        scratch.make_room(view.end(), self.widened(ef), self.encoder.layout).ok()?;
        let Scratch { query: coded, walk, floats, .. } = scratch;
        if !self.encoder.prepare(query.query(), coded) {
            return None;
        }
        let query_distance = QueryDistance {
            encoder: &self.encoder,
            code: &coded.code,
            vector: query.query(),
            rows,
            key: match self.params.metric {
                DistanceMetric::DotProduct => self.encoder.product_key(coded),
                DistanceMetric::Cosine | DistanceMetric::Euclidean => SortKey::Squared,
            },
        };
        let print = fingerprint(rows.rounded(query.query(), floats));
        self.fingerprints.prefetch(print);
        let policy = RequestPolicy(request);
        let end = self.walk(&query_distance, view, ef, &policy, walk);
        // Rows that may equal the query: their vectors are compared by `rerank`.
        for row in self.fingerprints.rows(print).filter(|&row| self.nodes.is_node(row)) {
            self.keep_beside(Neighbour { distance: f32::NEG_INFINITY, row }, view, &policy, walk);
        }
        // By definition at distance 1 (orthogonal) from every vector.
        if let Some(row) = self.directionless() {
            self.keep_beside(
                Neighbour { distance: self.encoder.key_of(coded, 1.0), row },
                view,
                &policy,
                walk,
            );
        }
        for row in self.fingerprints.rows(print).filter(|&row| !self.nodes.is_node(row)) {
            self.keep_copies(row, view, &policy, walk);
        }
        out.try_reserve(walk.found.len()).ok()?;
        rerank((query, coded), &query_distance, &self.nodes.read(), request.k, walk, out);
        (!self.is_damaged() && !walk.lacks_memory).then_some(end)
    }

    /// Walks the graph; the visited visible rows are in `walk.found` afterwards.
    ///
    /// If the estimates misled the walk, it is repeated with every row measured by its code. If they mislead most walks
    /// of the graph, rows are measured at once.
    pub(crate) fn walk<R: Rows>(
        &self,
        query_distance: &QueryDistance<'_, R>,
        view: View,
        ef: usize,
        policy: &impl WalkPolicy,
        walk: &mut Walk,
    ) -> SearchEnd {
        let is_measured = self.measures_neighbours();
        // Walks for links tolerate some error.
        let wide = if policy.most_results() == 0 { ef } else { self.widened(ef) };
        let end =
            self.walk_once(query_distance, view, wide, policy, walk, WalkStart { is_measured, spent: 0 });
        if is_measured || end.is_partial || !walk.reliability.was_misled() {
            return end;
        }
        let begin = WalkStart { is_measured: true, spent: end.distances };
        let again = self.walk_once(query_distance, view, ef, policy, walk, begin);
        SearchEnd { distances: end.distances + again.distances, ..again }
    }

    fn walk_once<R: Rows>(
        &self,
        query_distance: &QueryDistance<'_, R>,
        view: View,
        ef: usize,
        policy: &impl WalkPolicy,
        walk: &mut Walk,
        WalkStart { is_measured, spent }: WalkStart,
    ) -> SearchEnd {
        let records = self.nodes.read();
        let ends_early = !query_distance.key.is_product() && !is_measured;
        let margin = if self.encoder.layout.planes > 1 { SHARP_MARGIN } else { MARGIN };
        walk.begin(view.end(), ef, if ends_early { policy.most_results() } else { 0 }, margin);
        if let Some(row) = policy.excluded_row() {
            walk.visited.visit(row);
        }
        self.entry_points.nearest(query_distance, |start| self.add_start(walk, start, policy));
        self.for_each_orphan(|row| {
            if let Some(record) = records.record(row).filter(|_| row < view.end()) {
                let (mut found, _) = query_distance.neighbour(row, &record.code());
                if is_failpoint_set(Failpoint::OrphansFirst) {
                    found.distance = f32::NEG_INFINITY;
                }
                self.add_start(walk, found, policy);
            }
        });
        let mut visits = 0;
        let mut estimates = [0.0; BLOCK_SLOTS];
        let mut next: Option<Neighbour> = None;
        while let Some(Neighbour { row, distance: popped }) =
            walk.if_still_near(next).or_else(|| walk.next_candidate())
        {
            if policy.is_over(spent, visits, walk.found.len()) {
                walk.visited.forget(row);
                return SearchEnd { is_partial: true, distances: visits };
            }
            // The next row is chosen before this one's neighbours are known, so that its record can be prefetched.
            next = walk.next_candidate();
            let mut next_record = next.map_or_else(Prefetch::default, |next| records.prefetcher(next.row));
            next_record.prefetch(LINES_AT_ONCE);
            // Also the start of the record after that, as the list is now: the first line has the longest latency.
            let mut later_record =
                walk.candidates.peek().map_or_else(Prefetch::default, |later| records.prefetcher(later.row));
            let Some(record) = records.record(row) else { continue };
            visits += 1;
            policy.visit(row);
            let code = record.code();
            let (found, base) = query_distance.neighbour(row, &code);
            next_record.prefetch(LINES_AT_ONCE);
            if !is_measured {
                walk.reliability.observe(popped, found.distance, walk.candidates.bound());
                // The rest of such a walk would be wasted: end it and repeat.
                if visits.is_multiple_of(VISITS_A_VERDICT) && walk.reliability.was_misled() {
                    break;
                }
            }
            let found_before = walk.found.len();
            if policy.visible(row) {
                walk.keep(found);
            }
            if record.has_duplicates && policy.most_results() > 0 {
                walk.duplicates_deviation =
                    walk.duplicates_deviation.max(query_distance.key_deviation(&code));
                self.keep_duplicates(found, view, policy, walk);
            }
            for _ in found_before..walk.found.len() {
                walk.early_stop.observe(found.distance);
            }
            if let Some(limit) = policy.expand_limit(visits, walk.found.len()) {
                walk.candidates.set_expand_limit(limit);
            }
            for (block, words) in record.link_words().chunks(BLOCK_SLOTS).enumerate() {
                let has_codes = self.nodes.has_codes_of_links();
                if has_codes {
                    query_distance.estimate(&record, block, base, &mut next_record, &mut estimates);
                }
                if is_measured {
                    if !has_codes {
                        estimates.fill(f32::NEG_INFINITY);
                    }
                    words.iter().for_each(|&word| walk.visited.prefetch(row_of(word)));
                    next_record.prefetch(usize::MAX);
                    let (measure_bound, bound) = (walk.measure_bound(), walk.bound());
                    let Walk { visited, reliability, .. } = &mut *walk;
                    let is_wanted =
                        |estimate: f32, row| estimate < measure_bound && !visited.was_encountered(row);
                    let observe = |estimate, distance| reliability.observe(estimate, distance, bound);
                    query_distance.measure(&records, words, is_wanted, &mut estimates, observe);
                }
                let bound = if is_measured { f32::INFINITY } else { walk.bound() };
                let near = Slots(self.encoder.codes.nearer_than(&estimates, bound));
                for slot in near {
                    if let Some(&word) = words.get(slot) {
                        walk.visited.prefetch(row_of(word));
                        if policy.prefetch_visibility(row_of(word)) {
                            self.nodes.prefetch_next_duplicate(row_of(word));
                        }
                    }
                }
                later_record.prefetch(LINES_AT_ONCE);
                for slot in near {
                    if let (Some(&word), Some(&distance)) = (words.get(slot), estimates.get(slot)) {
                        let found = Neighbour { distance, row: row_of(word) };
                        let encounter = walk.visited.encounter(found);
                        if encounter != Encounter::NotNearer && found.row < view.end() {
                            records.prefetch_word(found.row);
                            self.offer(walk, found, encounter, policy);
                        }
                    }
                }
            }
        }
        SearchEnd { is_partial: false, distances: visits }
    }

    /// Adds an entry point or an orphan.
    fn add_start(&self, walk: &mut Walk, found: Neighbour, policy: &impl WalkPolicy) {
        let encounter = walk.visited.encounter(found);
        if encounter != Encounter::NotNearer {
            self.offer(walk, found, encounter, policy);
        }
    }

    /// Adds an encountered node to the candidates if it, or one of its duplicates, is visible; otherwise to the rows to
    /// walk through.
    fn offer(&self, walk: &mut Walk, found: Neighbour, encounter: Encounter, policy: &impl WalkPolicy) {
        if !walk.candidates.is_wanted(found) {
            return;
        }
        if encounter == Encounter::Nearer {
            walk.candidates.remove_farther(found);
        }
        if policy.visible(found.row) || self.has_visible_duplicate(found.row, policy) {
            walk.candidates.offer(found);
        } else {
            walk.hide(found);
        }
    }

    /// A row that was written again (with other tags, for example) is a duplicate of the row that it replaces.
    fn has_visible_duplicate(&self, row: u32, policy: &impl WalkPolicy) -> bool {
        if policy.most_results() == 0 {
            return false;
        }
        let mut duplicate = self.nodes.next_duplicate(row);
        while let Some(row) = duplicate {
            if policy.visible(row) {
                return true;
            }
            duplicate = self.nodes.next_duplicate(row);
        }
        false
    }

    /// Adds a row that is a result whether or not the walk visits it, with its sort key, and its duplicates.
    fn keep_beside(&self, found: Neighbour, view: View, policy: &impl WalkPolicy, walk: &mut Walk) {
        // By its code a visited row may be behind others, for example if squares underflow.
        if let Some(visited) = walk.found.iter_mut().find(|visited| visited.row == found.row) {
            visited.distance = visited.distance.min(found.distance);
        }
        if found.row < view.covered && walk.visited.visit(found.row) {
            if policy.visible(found.row) {
                walk.keep(found);
            }
            self.keep_duplicates(found, view, policy, walk);
        }
    }

    /// Adds a row without a record that may equal the query, and the duplicates behind it. Those that were found as
    /// duplicates of their node are there already.
    fn keep_copies(&self, first: u32, view: View, policy: &impl WalkPolicy, walk: &mut Walk) {
        let mut left = policy.most_results();
        let mut copy = Some(first);
        while let Some(row) = copy.filter(|&row| left > 0 && row < view.covered) {
            if policy.visible(row) {
                if walk.visited.visit(row) {
                    walk.keep(Neighbour { distance: f32::NEG_INFINITY, row });
                }
                left -= 1;
            }
            copy = self.nodes.next_duplicate(row);
        }
    }

    /// Adds the visible duplicates of a visited row, at the same distance, lower rows first.
    fn keep_duplicates(&self, first: Neighbour, view: View, policy: &impl WalkPolicy, walk: &mut Walk) {
        let mut left = policy.most_results();
        let mut duplicate = self.nodes.next_duplicate(first.row);
        while let Some(row) = duplicate.filter(|&row| left > 0 && row < view.covered) {
            if policy.visible(row) {
                walk.visited.visit(row);
                walk.keep(Neighbour { distance: first.distance, row });
                left -= 1;
            }
            duplicate = self.nodes.next_duplicate(row);
        }
    }
}

/// Slots of a block, as bits.
#[derive(Debug, Clone, Copy)]
struct Slots(u32);

impl Iterator for Slots {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        let slot = self.0.trailing_zeros() as usize;
        self.0 &= self.0.wrapping_sub(1);
        (slot < BLOCK_SLOTS).then_some(slot)
    }
}
