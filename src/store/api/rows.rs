//! Reading rows: by key, by number, by conditions; distances between vectors.

use crate::memory;
use crate::store::api::store::MmapVectorStore;
use crate::store::search::conditions::prepared::PreparedFilter;
use crate::store::search::filter::Filter;
use crate::store::search::search::prepare;
use crate::store::search::selection::{for_matching_rows, matching_rows};
use crate::store::state::entry::{Entry, entry_of};
use crate::store::state::vector_format::FoundVector;
use crate::store::write::batch::BatchKeys;
use crate::store::write::checked_batch::{check_key, check_keys, key_of};
use crate::{Result, SynaError};
use std::ops::ControlFlow;

impl MmapVectorStore {
    /// The row of a key with all that was written with it, without a copy; `None` if the key does not exist. Valid as
    /// [`MmapVectorStore::get_slice`]. Cost: one lookup.
    ///
    /// # Errors
    /// [`SynaError::InvalidKey`]: as [`MmapVectorStore::get`].
    pub fn get_view(&self, key: impl AsRef<[u8]>) -> Result<Option<Entry<'_>>> {
        self.check_key(key.as_ref())?;
        self.find_pinned(key).map(|(state, row)| entry_of(state, row)).transpose()
    }

    /// Copies the vectors of many keys. `vectors` has room for as many vectors as there are keys, one after the other;
    /// `found` has one element for each key. The vector of a key that does not exist is left unchanged, and its element
    /// of `found` becomes `false`. Returns how many keys exist.
    ///
    /// Each key is looked up by itself: a write that another thread makes meanwhile may be seen by some of the keys.
    /// Cost: a lookup and a copy for each key.
    ///
    /// # Errors
    /// [`SynaError::InvalidKey`] with the position of the key, [`SynaError::InvalidArgument`]: nothing is changed.
    pub fn get_batch(&self, keys: BatchKeys<'_>, vectors: &mut [f32], found: &mut [bool]) -> Result<usize> {
        let count = check_keys(&keys, "key_offsets")?;
        let dimensions = usize::from(self.dimensions());
        if found.len() != count || count.checked_mul(dimensions) != Some(vectors.len()) {
            return Err(SynaError::argument(format!(
                "there are {count} keys; pass room for {count} vectors of {dimensions} floats and {count} flags, \
                 not for {} floats and {} flags",
                vectors.len(),
                found.len()
            )));
        }
        let mut places = vectors.chunks_exact_mut(dimensions).zip(found);
        self.read_vectors(keys, |_, vector| {
            let Some((place, found)) = places.next() else { return };
            *found = vector.is_some();
            if let Some(vector) = vector {
                vector.copy_to(place);
            }
        })
    }

    /// Calls `read` with each position of `keys` and the vector of the key there, in order. Returns how many keys exist.
    ///
    /// # Errors
    /// Those of the keys, before the first call of `read`.
    pub(crate) fn read_vectors(
        &self,
        keys: BatchKeys<'_>,
        mut read: impl FnMut(usize, Option<FoundVector<'_>>),
    ) -> Result<usize> {
        let count = check_keys(&keys, "key_offsets")?;
        let kind = self.key_kind();
        (0..count).try_for_each(|position| check_key(key_of(&keys, position), position, kind))?;
        let mut existing = 0;
        for position in 0..count {
            match self.find(key_of(&keys, position)) {
                Some((state, row)) => {
                    read(position, Some(state.found_vector(row)?));
                    existing += 1;
                }
                None => read(position, None),
            }
        }
        Ok(existing)
    }

    /// Prepares the conditions of a filter on columns and tags, for many searches.
    ///
    /// # Errors
    /// [`SynaError::InvalidArgument`] for a filter with a bitmap, a key prefix, a callback or a prepared filter: give these
    /// with each search. Those of the conditions.
    pub fn prepare_filter(&self, filter: &Filter<'_>) -> Result<PreparedFilter> {
        let Filter { key_prefix, rows, conditions, prepared, callback, .. } = *filter;
        if !key_prefix.is_empty() || rows.is_some() || prepared.is_some() || callback.is_some() {
            return Err(SynaError::argument(
                "only conditions on columns and tags can be prepared; give a bitmap, a key prefix or a callback \
                 together with the prepared filter in each search",
            ));
        }
        PreparedFilter::of(conditions, filter.tags(), &self.state().data.schema)
    }

    /// The row number of a key; `None` if the key does not exist. A later upsert gives the key another row, and a
    /// compaction renumbers the rows. Cost: one lookup.
    #[must_use]
    pub fn row_of(&self, key: impl AsRef<[u8]>) -> Option<u32> {
        self.find(key).map(|(_, row)| row)
    }

    /// A live row, without a copy; `None` if it was deleted or there is no row with this number. Valid as
    /// [`MmapVectorStore::get_slice`]. Cost: negligible.
    ///
    /// # Errors
    /// [`SynaError::Internal`] only if the library has a bug.
    pub fn entry(&self, row: u32) -> Result<Option<Entry<'_>>> {
        Ok(self.entry_even_deleted(row)?.and_then(|(entry, is_live)| is_live.then_some(entry)))
    }

    /// A row, live or deleted, and whether it is live. Deleted rows stay in the file until a compaction. `None` if there
    /// is no row with this number, or if a damaged file has lost it.
    ///
    /// # Errors
    /// As [`MmapVectorStore::entry`].
    pub fn entry_even_deleted(&self, row: u32) -> Result<Option<(Entry<'_>, bool)>> {
        let state = self.inner.history.pin();
        let snapshot = state.published.load();
        if row >= snapshot.rows {
            return Ok(None);
        }
        match (entry_of(state, row), state.rows.is_live(row, snapshot)) {
            (Ok(entry), is_live) => Ok(Some((entry, is_live))),
            // A row that is not intact counts as deleted.
            (Err(_), false) => Ok(None),
            (Err(error), true) => Err(error),
        }
    }

    /// How many rows meet the conditions. Cost: the conditions of every row; without conditions, negligible.
    ///
    /// # Errors
    /// [`SynaError::InvalidKey`] for a prefix that is not UTF-8 in a store of text keys; [`SynaError::Internal`] only if
    /// the library has a bug.
    pub fn count_where(&self, filter: &Filter<'_>) -> Result<usize> {
        if filter.is_open() {
            return Ok(self.len());
        }
        let (state, mut count) = (&self.state(), 0);
        for_matching_rows(state, state.published.load(), filter, 0, |_| {
            count += 1;
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(count)
    }

    /// The rows that meet the conditions, ascending. [`MmapVectorStore::entry`] returns the row of a number. Cost: the
    /// conditions of every row, and 4 bytes of memory for each row that meets them.
    ///
    /// # Errors
    /// [`SynaError::NoMemory`], and those of [`MmapVectorStore::count_where`].
    pub fn rows_where(&self, filter: &Filter<'_>) -> Result<Vec<u32>> {
        let state = &self.state();
        matching_rows(state, state.published.load(), filter)
    }

    /// The first `most` rows from `first_row` on that meet the conditions, ascending. To continue, pass the last row
    /// number plus one; fewer than `most` rows are the end. Cost: the conditions of the rows from `first_row` to the last
    /// one that is returned.
    ///
    /// # Errors
    /// As [`MmapVectorStore::rows_where`].
    pub fn rows_where_from(&self, filter: &Filter<'_>, first_row: u32, most: usize) -> Result<Vec<u32>> {
        let mut rows = Vec::new();
        self.visit_rows_where(filter, first_row, most, |row| memory::push(&mut rows, row))?;
        Ok(rows)
    }

    /// Calls `visit` with each row that [`MmapVectorStore::rows_where_from`] returns.
    ///
    /// # Errors
    /// As there, and those of `visit`.
    pub(crate) fn visit_rows_where(
        &self,
        filter: &Filter<'_>,
        first_row: u32,
        most: usize,
        mut visit: impl FnMut(u32) -> Result<()>,
    ) -> Result<()> {
        if most == 0 {
            return Ok(());
        }
        let (state, mut left) = (&self.state(), most);
        for_matching_rows(state, state.published.load(), filter, first_row, |row| {
            visit(row)?;
            left -= 1;
            Ok(if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })
    }

    /// The distance of two vectors by the store's metric, bit for bit as an exact search for `a` computes it for the
    /// stored vector `b`. The vectors need not be stored, and neither is rounded: in a store of another element type than
    /// [`ElementType::F32`](crate::ElementType::F32), pass a `b` that [`get`](Self::get) returned. Cost: one distance.
    ///
    /// # Errors
    /// [`SynaError::DimensionMismatch`]; [`SynaError::InvalidVector`] with position 0 for `a`, 1 for `b`.
    pub fn distance(&self, a: &[f32], b: &[f32]) -> Result<f32> {
        let state = &self.state();
        prepare(state, 1, b)?;
        Ok(prepare(state, 0, a)?.distance(b))
    }
}
