//! Header section: results of a search.
#![expect(non_camel_case_types, reason = "names of the C API")]
#![expect(
    unsafe_code,
    reason = "functions of the C API, and pointers into the mappings that results keep alive"
)]

use crate::ffi::boundary;
use crate::ffi::boundary::arguments::Out;
use crate::ffi::boundary::handles::{Removed, Table};
use crate::ffi::boundary::status::{syna_mmap_error, syna_mmap_status};
use crate::ffi::boundary::tokens::Kind;
use crate::{Result, SearchResults, SynaError};
use std::ffi::c_char;
use std::ptr;

/// The results objects of this process.
static RESULTS: Table<Found> = Table::new(Kind::Results);

/// The answers of a search, and the hit array that C programs read.
#[derive(Default)]
pub(in crate::ffi) struct Found {
    answers: SearchResults,
    /// Points into memory that `answers` keeps alive. Refilled in place, so that a search does not allocate once the
    /// vector is large enough.
    hits: Vec<syna_mmap_hit>,
}

// SAFETY: the pointers in `hits` are to memory that `answers` keeps alive and that nothing modifies. They can move between
// threads if `answers` can, which the bound below checks.
unsafe impl Send for Found where SearchResults: Send {}
// SAFETY: as above; a shared `Found` is read only.
unsafe impl Sync for Found where SearchResults: Sync {}

impl Found {
    /// Lets `search` fill the answers; after any error they are empty.
    ///
    /// The former hits are removed first, but the memory that they point to stays valid until the search has ended: the
    /// query, the key or the prefix may be one of them, and these results may be the last reference to a closed store's
    /// mapping.
    pub(in crate::ffi) fn fill(
        &mut self,
        search: impl FnOnce(&mut SearchResults) -> Result<()>,
    ) -> Result<()> {
        self.hits.clear();
        let _lenders = self.answers.take_lenders();
        let filled = search(&mut self.answers).and_then(|()| self.list());
        if filled.is_err() {
            self.clear();
        }
        filled
    }

    fn clear(&mut self) {
        self.hits.clear();
        self.answers.clear();
    }

    fn list(&mut self) -> Result<()> {
        let answers = self.answers.hits();
        self.hits.try_reserve(answers.len()).map_err(|_| {
            let bytes = answers.len().saturating_mul(size_of::<syna_mmap_hit>());
            SynaError::NoMemory { needed_bytes: u64::try_from(bytes).unwrap_or(u64::MAX) }
        })?;
        for (position, hit) in answers.iter().enumerate() {
            let Some(key) = self.answers.key_bytes(position) else {
                return Err(SynaError::Internal { what: format!("hit {position} has no key") });
            };
            self.hits.push(syna_mmap_hit {
                key: key.as_ptr().cast(),
                key_len: key.len(),
                distance: hit.distance,
                reserved: 0,
                vector: self.answers.vector(position).map_or(std::ptr::null(), <[f32]>::as_ptr),
                row: u64::from(hit.row),
            });
        }
        Ok(())
    }
}

/// Calls `work` with exclusive access to the results of a handle.
pub(in crate::ffi) fn with_results<R>(
    results: *mut syna_mmap_results,
    work: impl FnOnce(&mut Found) -> Result<R>,
) -> Result<R> {
    RESULTS.write(results.addr(), work)
}

/// Calls `read` with the answers of a handle.
pub(super) fn read_answers<R>(
    results: *const syna_mmap_results,
    read: impl FnOnce(&SearchResults) -> Result<R>,
) -> Result<R> {
    RESULTS.read(results.addr(), |found| read(&found.answers))
}

/// The hits of a search, and the working memory of searches. OWNED by you: free it with
/// syna_mmap_results_free.
///
/// Create one for each thread that searches and reuse it: a search with reused results allocates nothing.
/// Threads: one at a time. A search into results that another thread is using returns
/// SYNA_MMAP_ERR_INVALID_ARGUMENT and leaves them unchanged. The other functions treat such results as an
/// invalid handle.
/// Outlives: results belong to no store; they can be used with any store. What they point to stays valid and
/// unchanged until the next search into them or until they are freed, even if the store is closed or the
/// rows are deleted. Until then they also keep the disk space of their rows.
/// Fork: a child can only free it.
pub struct syna_mmap_results {
    _opaque: [u8; 0],
}

/// One hit of a search, an element of the array that syna_mmap_results_hits returns. This struct never
/// grows.
///
/// All of it is BORROWED until the results are searched into again or freed, even after syna_mmap_close.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct syna_mmap_hit {
    /// The key, without a terminating NUL; in a store of text keys UTF-8. BORROWED as said above. Not
    /// NULL.
    pub key: *const c_char,
    /// Bytes of the key.
    pub key_len: usize,
    /// The distance to the query. Smaller is nearer, for every metric.
    pub distance: f32,
    /// 0.
    pub reserved: u32,
    /// The stored vector: `dimensions` floats in read-only memory. BORROWED as said above. NULL in a store whose
    /// element type is not SYNA_MMAP_ELEMENT_F32: see syna_mmap_results_vector and syna_mmap_results_stored.
    pub vector: *const f32,
    /// The row number. Rows are numbered from 0 in insertion order. Numbers are not reused; a compaction
    /// renumbers the rows.
    pub row: u64,
}

/// Creates results to search into.
///
/// out_results  BORROWED for the call. On success a handle that is OWNED by you: free it with
///              syna_mmap_results_free.
/// error        BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _NO_MEMORY, _LIMIT (handles).
/// On failure: *out_results is not written.
/// Threads: any. Cost: small; the first search allocates the memory.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_results_new(
    out_results: *mut *mut syna_mmap_results,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; NULL and misaligned ones are refused.
    unsafe {
        boundary::call(error, || {
            let out_results = Out::new(out_results, "out_results")?;
            let token = RESULTS.insert(Found::default())?;
            out_results.set(ptr::without_provenance_mut(token));
            Ok(())
        })
    }
}

/// Frees results and everything that was borrowed from them.
///
/// results  a handle. NULL or an already freed one: nothing is done.
///
/// Threads: one at a time; waits for a search that another thread has in progress into them. Cost: small.
#[unsafe(no_mangle)]
pub extern "C" fn syna_mmap_results_free(results: *mut syna_mmap_results) {
    boundary::value((), || match RESULTS.remove(results.addr())? {
        Removed::Own(found) | Removed::Inherited(Some(found)) => {
            drop(found);
            Ok(())
        }
        Removed::Inherited(None) => Ok(()),
    })
}

/// The hits of the last search, by ascending distance; hits at the same distance by ascending row number.
/// After a batch search: the hits of all queries, query after query.
///
/// results    a handle.
/// out_count  BORROWED for the call: the number of hits; 0 also for an invalid handle. May be NULL.
///
/// Returns: the first hit, BORROWED until the results are searched into again or freed. NULL if there are no
/// hits.
/// Threads: one at a time. Cost: negligible.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_results_hits(
    results: *const syna_mmap_results,
    out_count: *mut usize,
) -> *const syna_mmap_hit {
    boundary::value_anyway(ptr::null(), |allowed| {
        // SAFETY: the caller gives a pointer to the count, or NULL; a misaligned one is refused.
        let out_count = unsafe { Out::optional(out_count, "out_count")? };
        let read = || RESULTS.read(results.addr(), |found| Ok((found.hits.as_ptr(), found.hits.len())));
        let found = allowed.and_then(|()| read());
        let (first, count) = found.unwrap_or((ptr::null(), 0));
        out_count.set(count);
        Ok(if count == 0 { ptr::null() } else { first })
    })
}

/// The hits of one query of the last syna_mmap_search_batch, by ascending distance; hits at the same
/// distance by ascending row number. After any other search, query 0 has all hits.
///
/// results    a handle.
/// query      the query, from 0.
/// out_count  BORROWED for the call: the number of hits; 0 also for an invalid handle and an invalid query.
///            May be NULL.
///
/// Returns: the first hit, BORROWED until the results are searched into again or freed. NULL if there are no
/// hits. It points into the array of syna_mmap_results_hits, so the difference of the two pointers is the
/// `index` argument of syna_mmap_results_tags, _payload, _vector, _stored and _column.
/// Threads: one at a time. Cost: negligible.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_results_query_hits(
    results: *const syna_mmap_results,
    query: usize,
    out_count: *mut usize,
) -> *const syna_mmap_hit {
    boundary::value_anyway(ptr::null(), |allowed| {
        // SAFETY: the caller gives a pointer to the count, or NULL; a misaligned one is refused.
        let out_count = unsafe { Out::optional(out_count, "out_count")? };
        let read = |found: &Found| {
            let hits = found.hits.get(found.answers.range_of(query)).unwrap_or_default();
            Ok((hits.as_ptr(), hits.len()))
        };
        let found = allowed.and_then(|()| RESULTS.read(results.addr(), read));
        let (first, count) = found.unwrap_or((ptr::null(), 0));
        out_count.set(count);
        Ok(if count == 0 { ptr::null() } else { first })
    })
}

/// Whether the search for one query of the last syna_mmap_search_batch reached its deadline or max_visits.
/// False for an invalid handle and an invalid query.
///
/// results  a handle.
/// query    the query, from 0.
///
/// Threads: one at a time. Cost: negligible.
#[unsafe(no_mangle)]
pub extern "C" fn syna_mmap_results_query_is_partial(
    results: *const syna_mmap_results,
    query: usize,
) -> bool {
    boundary::value(false, || RESULTS.read(results.addr(), |found| Ok(found.answers.is_partial_of(query))))
}

/// Whether the last search, or a query of a batch, reached its deadline or max_visits, so that its hits are
/// the best found until then. False for an invalid handle.
///
/// results  a handle.
///
/// Threads: one at a time. Cost: negligible.
#[unsafe(no_mangle)]
pub extern "C" fn syna_mmap_results_is_partial(results: *const syna_mmap_results) -> bool {
    boundary::value(false, || RESULTS.read(results.addr(), |found| Ok(found.answers.is_partial())))
}

/// The tags of a hit: the number that was written with its row. 0 if there was none, for an invalid handle,
/// and for an invalid index.
///
/// results  a handle.
/// index    the hit, from 0, as in the array of syna_mmap_results_hits.
///
/// Threads: one at a time. Cost: one lookup.
#[unsafe(no_mangle)]
pub extern "C" fn syna_mmap_results_tags(results: *const syna_mmap_results, index: usize) -> u64 {
    boundary::value(0, || RESULTS.read(results.addr(), |found| Ok(found.answers.tags(index).unwrap_or(0))))
}

/// The payload of a hit: the bytes that were written with its row.
///
/// results  a handle.
/// index    the hit, from 0, as in the array of syna_mmap_results_hits.
/// out_len  BORROWED for the call: the number of bytes. 0 if the row has no payload, for an invalid index,
///          and for an invalid handle. May be NULL.
///
/// Returns: the first byte, in read-only memory, aligned to 1 byte, BORROWED until the results are searched
/// into again or freed. NULL if there is no payload.
/// Threads: one at a time. Cost: one lookup.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_results_payload(
    results: *const syna_mmap_results,
    index: usize,
    out_len: *mut usize,
) -> *const u8 {
    boundary::value_anyway(ptr::null(), |allowed| {
        // SAFETY: the caller gives a pointer to the length, or NULL; a misaligned one is refused.
        let out_len = unsafe { Out::optional(out_len, "out_len")? };
        let read = |found: &Found| {
            // The text belongs to `answers`.
            let payload = found.answers.payload(index).unwrap_or_default();
            Ok((payload.as_ptr(), payload.len()))
        };
        let found = allowed.and_then(|()| RESULTS.read(results.addr(), read));
        let (first, len) = found.unwrap_or((ptr::null(), 0));
        out_len.set(len);
        Ok(if len == 0 { ptr::null() } else { first })
    })
}
