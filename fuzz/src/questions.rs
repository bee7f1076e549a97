//! Searches of every kind, and iteration: the store's answers compared with a scan of the model.

use super::elements::stored;
use super::world::{Row, World};
use syna_mmap::{DistanceMetric, ElementType, Entry, Filter, SearchOptions, SearchResults, SynaError};

/// From this number of rows on, a search may walk the graph; a library built for fuzzing walks small graphs too.
const GRAPH_ROWS: u64 = if cfg!(fuzzing) { 4 } else { 2000 };

/// A query for both the store and the model; keys and vectors are numbers.
#[derive(Debug, Clone)]
pub enum Question {
    Nearest {
        vector: u8,
        k: u16,
        exact: bool,
        condition: Condition,
    },
    LikeKey {
        key: u16,
        k: u16,
        exact: bool,
    },
    /// All rows that are at most as far as a given row.
    Within {
        vector: u8,
        place: u16,
        approximate: bool,
        condition: Condition,
    },
    Batch {
        vectors: Vec<u8>,
        k: u16,
        exact: bool,
    },
    /// All rows from a given one on.
    Rows {
        first: u16,
    },
}

/// Which rows may be hits; 0 means no condition.
#[derive(Debug, Clone, Copy, Default)]
pub struct Condition {
    pub tags_any: u8,
    pub tags_none: u8,
    /// Letters of the prefix.
    pub prefix: u8,
    /// The key's length is a multiple of this.
    pub length: u8,
}

impl Condition {
    /// A byte repeated over a word.
    fn mask(byte: u8) -> u64 {
        u64::from(byte) * 0x0101_0101_0101_0101
    }

    fn prefix(self) -> &'static str {
        &"kkkkkkkk"[..usize::from(self.prefix % 9)]
    }

    fn has_length(self, key: &str) -> bool {
        self.length == 0 || key.len().is_multiple_of(self.length.into())
    }

    pub(super) fn passes(self, key: &str, row: &Row) -> bool {
        (self.tags_any == 0 || row.tags & Self::mask(self.tags_any) != 0)
            && row.tags & Self::mask(self.tags_none) == 0
            && key.starts_with(self.prefix())
            && self.has_length(key)
    }

    /// Calls `ask` with these conditions in the options.
    pub(super) fn with<T>(self, options: &SearchOptions<'_>, ask: impl FnOnce(&SearchOptions<'_>) -> T) -> T {
        let test = |entry: &Entry<'_>| self.has_length(entry.key.as_str().expect("a text key"));
        let filter = Filter {
            tags_any: Self::mask(self.tags_any),
            tags_none: Self::mask(self.tags_none),
            key_prefix: self.prefix().as_bytes(),
            callback: if self.length > 0 { Some(&test) } else { None },
            ..Filter::default()
        };
        ask(&SearchOptions { filter, ..*options })
    }
}

/// A row of the model, and its distance.
type Near<'w> = (f64, &'w String, &'w Row);

impl World {
    pub(super) fn ask(&self, question: &Question, results: &mut SearchResults) {
        let store = self.store();
        match question {
            Question::Nearest { vector, k, exact, condition } => {
                let (query, k) = (self.vector(*vector), usize::from(*k));
                let options = SearchOptions { exact: *exact, ..SearchOptions::default() };
                condition.with(&options, |options| store.search_with(&query, k, options, results)).unwrap();
                let near = self.near(&query, |key, row| condition.passes(key, row));
                self.check(&query, k, &near, results, 0, self.is_exact(*exact));
                self.check_page(&query, k, &options, *condition, results);
            }
            Question::LikeKey { key, k, exact } => {
                let (key, k) = (super::world::key_of(*key), usize::from(*k));
                let options = SearchOptions { exact: *exact, ..SearchOptions::default() };
                let found = store.search_key(&key, k, &options, results);
                let Some(row) = self.model().get(&key) else {
                    assert!(matches!(found, Err(SynaError::NotFound { .. })), "{found:?}");
                    return assert_eq!(results.hits(), []);
                };
                found.unwrap();
                let near = self.near(&row.vector, |other, _| other != key);
                self.check(&row.vector, k, &near, results, 0, self.is_exact(*exact));
            }
            Question::Within { vector, place, approximate, condition } => {
                let query = self.vector(*vector);
                let near = self.near(&query, |key, row| condition.passes(key, row));
                let place = usize::from(*place).checked_rem(near.len()).unwrap_or(0);
                let most = near.get(place).map_or(1.0, |near| near.0);
                let options = SearchOptions { approximate: *approximate, ..SearchOptions::default() };
                condition
                    .with(&options, |options| store.search_range(&query, most as f32, options, results))
                    .unwrap();
                let slack = self.slack(&query, &near) + 4e-4 * (1.0 + most.abs());
                if !*approximate {
                    let least = near.iter().filter(|near| near.0 < most - slack).count();
                    assert!(results.hits().len() >= least, "rows within {most}: expected at least {least}");
                }
                let count = results.hits().len();
                assert!(
                    near.iter().filter(|near| near.0 <= most + slack).count() >= count || !most.is_finite()
                );
                self.check(&query, count, &near, results, 0, !*approximate);
            }
            Question::Batch { vectors, k, exact } => {
                let queries: Vec<Vec<f32>> = vectors.iter().map(|&vector| self.vector(vector)).collect();
                let options = SearchOptions { exact: *exact, ..SearchOptions::default() };
                store.search_batch(&queries.concat(), (*k).into(), &options, results).unwrap();
                assert_eq!(results.query_count(), queries.len());
                for (number, query) in queries.iter().enumerate() {
                    assert!(results.error_of(number).is_none());
                    let near = self.near(query, |_, _| true);
                    self.check(query, (*k).into(), &near, results, number, self.is_exact(*exact));
                }
            }
            Question::Rows { first } => {
                let all: Vec<Entry<'_>> = store.iterate(0).map(Result::unwrap).collect();
                let mut expected: Vec<(&String, &Row)> = self.model().iter().collect();
                expected.sort_by_key(|(_, row)| row.number);
                assert_eq!(all.len(), expected.len());
                for (entry, (key, row)) in all.iter().zip(expected) {
                    assert_eq!(entry.key, **key);
                    assert_eq!((entry.tags, entry.payload), (row.tags, &*row.payload));
                    assert_eq!(entry.vector, self.as_floats(row));
                    assert_eq!(entry.stored, row.stored);
                }
                let behind = all.iter().filter(|entry| entry.row >= u32::from(*first)).count();
                assert_eq!(store.iterate(u32::from(*first)).count(), behind);
            }
        }
    }

    /// The vector of a row, where the store can point to it.
    fn as_floats<'r>(&self, row: &'r Row) -> Option<&'r [f32]> {
        (self.element() == ElementType::F32).then_some(&row.vector)
    }

    /// Searches for the hits after the middle one of the last search.
    fn check_page(
        &self,
        query: &[f32],
        k: usize,
        options: &SearchOptions<'_>,
        condition: Condition,
        results: &mut SearchResults,
    ) {
        let first = results.hits().to_vec();
        let Some(&after) = first.get(first.len() / 2) else { return };
        let page = SearchOptions { after: Some(after), ..*options };
        let all = SearchOptions { exact: true, ..page };
        condition.with(&all, |options| self.store().search_with(query, k, options, results)).unwrap();
        let expected = results.hits().to_vec();
        condition.with(&page, |options| self.store().search_with(query, k, options, results)).unwrap();
        assert_eq!(results.hits().len(), expected.len());
        assert!(results.hits().iter().all(|hit| (hit.distance, hit.row) > (after.distance, after.row)));
        if self.is_exact(options.exact) {
            assert_eq!(results.hits(), expected);
            let later = &first[first.len() / 2 + 1..];
            assert_eq!(&expected[..later.len()], later);
        }
    }

    /// The matching rows, nearest first.
    fn near(&self, query: &[f32], passes: impl Fn(&str, &Row) -> bool) -> Vec<Near<'_>> {
        let rows = self.model().iter().filter(|(key, row)| passes(key, row));
        let mut near: Vec<Near<'_>> =
            rows.map(|(key, row)| (distance(self.metric(), query, &row.vector), key, row)).collect();
        near.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.2.number.cmp(&b.2.number)));
        near
    }

    /// The allowed error of a distance: large products can cancel out.
    fn slack(&self, query: &[f32], near: &[Near<'_>]) -> f64 {
        let length = |vector: &[f32]| vector.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
        match self.metric() {
            DistanceMetric::DotProduct => {
                1e-6 * length(query) * near.iter().map(|near| length(&near.2.vector)).fold(0.0, f64::max)
            }
            DistanceMetric::Cosine | DistanceMetric::Euclidean => 0.0,
        }
    }

    /// Whether a search must find every row. Deleted rows stay in the graph, so all rows ever written count.
    fn is_exact(&self, exact: bool) -> bool {
        exact || self.rows_ever() < GRAPH_ROWS || !self.store().has_index()
    }

    /// Checks the hits of one query: their number, conditions, distances and order.
    fn check(
        &self,
        query: &[f32],
        k: usize,
        near: &[Near<'_>],
        results: &SearchResults,
        number: usize,
        is_exact: bool,
    ) {
        let range = results.range_of(number);
        assert_eq!(range.len(), k.min(near.len()), "hits for k = {k}");
        let slack = self.slack(query, near);
        // A row that the query would be, if it was stored: it is found, or one that is at least as near.
        let is_complete = near.len() == self.model().len() && self.metric() != DistanceMetric::DotProduct;
        if let (true, Some(first)) = (is_complete, results.hits_of(number).first()) {
            let as_stored = stored(self.element(), query);
            let twin = near.iter().find(|near| near.2.stored == as_stored);
            let is_found =
                twin.is_none_or(|twin| f64::from(first.distance) <= twin.0 + 2e-4 * (1.0 + twin.0));
            assert!(is_found, "{first:?} instead of {twin:?}");
        }
        let mut last: Option<(f32, u64)> = None;
        for (place, (position, hit)) in range.clone().zip(results.hits_of(number)).enumerate() {
            let key = results.key(position).unwrap();
            let (true_distance, _, row) = near
                .iter()
                .find(|(_, other, _)| *other == key)
                .unwrap_or_else(|| panic!("{key:?} is not in the model"));
            assert_near(hit.distance, *true_distance, slack, "the distance of a hit");
            let has_itself = place == 0 && self.metric() != DistanceMetric::DotProduct && near[0].0 <= 0.0;
            if is_exact || has_itself && near.len() == self.model().len() {
                assert_near(hit.distance, near[place].0, slack, "the nearest rows");
            }
            assert!(
                last.is_none_or(|last| last < (hit.distance, row.number)),
                "sorted by distance, then by insertion"
            );
            last = Some((hit.distance, row.number));
            assert_eq!(results.vector(position), self.as_floats(row), "of {query:?}");
            assert_eq!(results.components(position).unwrap().as_deref(), Some(&row.vector[..]));
            assert_eq!(results.stored(position), Some(&row.stored[..]));
            assert_eq!(
                (results.tags(position), results.payload(position)),
                (Some(row.tags), Some(&row.payload[..]))
            );
        }
    }
}

fn assert_near(found: f32, expected: f64, slack: f64, what: &str) {
    let found = f64::from(found);
    let is_near = found == expected
        || (found - expected).abs() <= slack + 2e-4 * (1.0 + expected.abs())
        || !found.is_finite() && expected.abs() > 1e38;
    assert!(is_near, "{what}: {found} instead of {expected}");
}

/// The distance by definition.
fn distance(metric: DistanceMetric, a: &[f32], b: &[f32]) -> f64 {
    let dot =
        |a: &[f32], b: &[f32]| -> f64 { a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum() };
    match metric {
        DistanceMetric::Euclidean => {
            a.iter().zip(b).map(|(x, y)| (f64::from(*x) - f64::from(*y)).powi(2)).sum::<f64>().sqrt()
        }
        DistanceMetric::DotProduct => -dot(a, b),
        DistanceMetric::Cosine => {
            let lengths = (dot(a, a) * dot(b, b)).sqrt();
            if lengths == 0.0 { 1.0 } else { 1.0 - dot(a, b) / lengths }
        }
    }
}
