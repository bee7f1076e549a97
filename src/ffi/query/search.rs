//! Header section: searches, and building the index.
#![expect(unsafe_code, reason = "functions of the C API")]

use super::results::{syna_mmap_results, with_results};
use super::search_options::{syna_mmap_search_options, with_options};
use crate::ffi::boundary;
use crate::ffi::boundary::arguments::{self, Out, Room};
use crate::ffi::boundary::errors::status_of;
use crate::ffi::boundary::status::{SYNA_MMAP_OK, syna_mmap_error, syna_mmap_status};
use crate::ffi::store::{syna_mmap, with_store};
use crate::{MmapVectorStore, Result, SearchOptions, SearchResults};
use std::ffi::c_char;

/// Finds the `k` stored vectors nearest to `query`, or all of them if there are fewer.
///
/// The result is exact with `exact`, without an index, and with fewer than 2,000 rows. Otherwise it is
/// approximate: `ef` trades time for recall. A vector whose insert has returned takes part in the search,
/// indexed or not. `max_distance` leaves out farther vectors; has_after, after_distance and after_row find the
/// next page.
///
/// store    a handle.
/// query    COPIED: as many floats as the store has dimensions, aligned to 4 bytes. Any finite floats, in a store of
///          any element type.
/// k        at most 16,777,216. 0 is valid and finds nothing.
/// options  BORROWED for the call. NULL: the defaults.
/// results  a handle. Its previous hits are discarded, whatever the result. syna_mmap_results_hits returns
///          the new ones.
/// error    BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, also after the deadline or max_visits (syna_mmap_results_is_partial tells), or
/// SYNA_MMAP_ERR_INVALID_ARGUMENT (also: a distance of the options is NaN), _INVALID_VECTOR (NaN or infinity
/// in the query), _INVALID_KEY (the prefix is not UTF-8 in a store of text keys), _INVALID_HANDLE (of
/// the store or the results), _LIMIT (k or ef), _NO_MEMORY, _POISONED.
/// On failure: the results are empty, unless another thread is using them (_INVALID_ARGUMENT).
/// Threads: any, each with its own results. Cost: with an index, some hundred distances and one for each
/// unindexed row; without an index or with `exact`, one distance for each row. It allocates nothing once the
/// results have grown to the size that such searches need.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_search(
    store: *const syna_mmap,
    query: *const f32,
    k: usize,
    options: *const syna_mmap_search_options,
    results: *mut syna_mmap_results,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; NULL and misaligned ones are refused.
    unsafe {
        // An invalid error struct must leave the results empty, like any other error.
        boundary::call_anyway(error, |usable| {
            search(usable, store, options, results, |store, options, answers| {
                store.search_with(query_of(store, query)?, k, options, answers)
            })
        })
    }
}

/// The distance of two vectors by the store's metric, bit for bit as an exact search for `a` computes it for
/// the stored vector `b`. The vectors need not be stored, and neither is rounded: in a store of another element
/// type than SYNA_MMAP_ELEMENT_F32, pass a `b` that syna_mmap_get returned.
///
/// store         a handle.
/// a             COPIED: as many floats as the store has dimensions, aligned to 4 bytes.
/// b             COPIED: as `a`.
/// out_distance  BORROWED for the call: the distance. Smaller is nearer, for every metric.
/// error         BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_VECTOR (NaN or infinity; the message
/// calls `a` vector 0 and `b` vector 1), _INVALID_HANDLE, _POISONED.
/// On failure: *out_distance is not written.
/// Threads: any. Cost: one distance.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_distance(
    store: *const syna_mmap,
    a: *const f32,
    b: *const f32,
    out_distance: *mut f32,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; NULL and misaligned ones are refused.
    unsafe {
        boundary::call(error, || {
            with_store(store, |store| {
                let out_distance = Out::new(out_distance, "out_distance")?;
                let dimensions = usize::from(store.dimensions());
                let (a, b) = (arguments::slice(a, dimensions, "a")?, arguments::slice(b, dimensions, "b")?);
                out_distance.set(store.distance(a, b)?);
                Ok(())
            })
        })
    }
}

/// Finds the `k` stored vectors nearest to the vector of a key. The key itself is not a hit.
///
/// store    a handle.
/// key      COPIED: `key_len` bytes. May be NULL if `key_len` is 0, the empty key.
/// k        as in syna_mmap_search.
/// options  BORROWED for the call. NULL: the defaults.
/// results  a handle. Its previous hits are discarded, whatever the result. syna_mmap_results_hits returns
///          the new ones.
/// error    BORROWED for the call. May be NULL.
///
/// Returns: as syna_mmap_search, or SYNA_MMAP_ERR_NOT_FOUND (the key does not exist), _INVALID_KEY.
/// On failure, threads, cost: as syna_mmap_search.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_search_key(
    store: *const syna_mmap,
    key: *const c_char,
    key_len: usize,
    k: usize,
    options: *const syna_mmap_search_options,
    results: *mut syna_mmap_results,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; NULL and misaligned ones are refused.
    unsafe {
        boundary::call_anyway(error, |usable| {
            search(usable, store, options, results, |store, options, answers| {
                store.search_key(arguments::key(key, key_len)?, k, options, answers)
            })
        })
    }
}

/// Finds all stored vectors at a distance of at most `max_distance` from `query`, however many there are.
///
/// Every vector is compared, indexed or not, so none is missed. The option `approximate` uses the index
/// instead: this is fast if there are few such vectors, but some may be missing. With has_after, only the hits
/// after the given one are found; there is no limit of their number.
///
/// store         a handle.
/// query         COPIED: as many floats as the store has dimensions, aligned to 4 bytes.
/// max_distance  the largest distance of a hit, in the store's metric. Infinity finds all vectors. For the
///               dot product, whose distance is the negated product, negative values are meaningful.
/// options       BORROWED for the call. NULL: the defaults. `ef` is used only with `approximate`.
/// results       a handle. Its previous hits are discarded, whatever the result. syna_mmap_results_hits
///               returns the new ones.
/// error         BORROWED for the call. May be NULL.
///
/// Returns: as syna_mmap_search, or SYNA_MMAP_ERR_INVALID_ARGUMENT (max_distance is NaN), _NO_MEMORY (too
/// many hits).
/// On failure, threads: as syna_mmap_search. Cost: one distance for each row; with `approximate`, a few for
/// each hit.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_search_range(
    store: *const syna_mmap,
    query: *const f32,
    max_distance: f32,
    options: *const syna_mmap_search_options,
    results: *mut syna_mmap_results,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; NULL and misaligned ones are refused.
    unsafe {
        boundary::call_anyway(error, |usable| {
            search(usable, store, options, results, |store, options, answers| {
                store.search_range(query_of(store, query)?, max_distance, options, answers)
            })
        })
    }
}

/// Finds the `k` nearest stored vectors for each of several queries. All queries see the rows of the same
/// moment.
///
/// The hits of all queries lie in one array, query after query; syna_mmap_results_query_hits returns those
/// of one query. An invalid query has its own status and no hits, and does not affect the others. The
/// store's `threads` share the queries. If every vector is compared (without an index, with `exact`, or if
/// few rows meet the conditions), up to 64 queries share one pass over the vectors. The distances are bit
/// for bit those of single searches.
///
/// store         a handle.
/// queries       COPIED: count x dimensions floats, one query after the other, aligned to 4 bytes.
/// count         queries. 0: `queries` and `out_statuses` may be NULL.
/// k             as in syna_mmap_search.
/// options       BORROWED for the call. NULL: the defaults. The deadline is that of the whole call: queries
///               whose turn comes later are partial and have no hits.
/// results       a handle. Its previous hits are discarded, whatever the result.
/// out_statuses  BORROWED for the call: room for `count` statuses, each SYNA_MMAP_OK or
///               SYNA_MMAP_ERR_INVALID_VECTOR. May be NULL: an invalid query then fails the call.
/// error         BORROWED for the call. May be NULL.
///
/// Returns: as syna_mmap_search.
/// On failure: out_statuses is not written. The results are empty, unless another thread is using them
/// (_INVALID_ARGUMENT).
/// Threads: any, each with its own results. Cost: at most that of `count` searches. It allocates.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_search_batch(
    store: *const syna_mmap,
    queries: *const f32,
    count: usize,
    k: usize,
    options: *const syna_mmap_search_options,
    results: *mut syna_mmap_results,
    out_statuses: *mut syna_mmap_status,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; NULL and misaligned ones are refused.
    unsafe {
        boundary::call_anyway(error, |usable| {
            search(usable, store, options, results, |store, options, answers| {
                let room = if out_statuses.is_null() { 0 } else { count };
                let statuses = arguments::room(out_statuses, room, "out_statuses")?;
                let dimensions = usize::from(store.dimensions());
                let queries = arguments::matrix(queries, count, dimensions, "queries")?;
                store.search_batch(queries, k, options, answers)?;
                tell_statuses(answers, &statuses)
            })
        })
    }
}

/// Writes the status of each query. Without an array for them, the call returns the first error.
fn tell_statuses(answers: &mut SearchResults, statuses: &Room<syna_mmap_status>) -> Result<()> {
    if statuses.len() == 0
        && let Some(failed) = answers.take_error()
    {
        return Err(failed);
    }
    for query in 0..statuses.len() {
        statuses.set(query, answers.error_of(query).map_or(SYNA_MMAP_OK, status_of));
    }
    Ok(())
}

/// The query vector of a call.
///
/// # Safety
/// If not NULL and aligned, `query` has as many floats as the store has dimensions.
unsafe fn query_of<'a>(store: &MmapVectorStore, query: *const f32) -> Result<&'a [f32]> {
    arguments::check_pointer(query, "query")?;
    // SAFETY: as the caller guarantees.
    unsafe { arguments::slice(query, usize::from(store.dimensions()), "query") }
}

/// Searches into results, which are empty after any error. `usable` says whether the error struct is valid.
///
/// # Safety
/// As [`with_options`].
unsafe fn search(
    usable: Result<()>,
    store: *const syna_mmap,
    options: *const syna_mmap_search_options,
    results: *mut syna_mmap_results,
    work: impl FnOnce(&MmapVectorStore, &SearchOptions<'_>, &mut SearchResults) -> Result<()>,
) -> Result<()> {
    with_results(results, |found| {
        found.fill(|answers| {
            usable?;
            // SAFETY: as the caller guarantees.
            unsafe {
                with_options(options, |options| with_store(store, |store| work(store, options, answers)))
            }
        })
    })
}

/// Indexes every stored vector, creates the index if there is none, and then makes a checkpoint.
/// syna_mmap_build_index_with reports progress; syna_mmap_index_step does a part of the work.
///
/// Searches find every vector before, during and after the build. Rows written during the build may stay
/// unindexed. The index is derived from the stored vectors and can always be rebuilt. Deleted and replaced
/// vectors stay in the index and make searches slower. If they are a quarter of it, this call rebuilds the
/// index without them. A rebuild takes as long as the first build and needs the memory of a second index
/// until it is complete.
///
/// store  a handle.
/// error  BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_HANDLE, _READ_ONLY, _IO, _NO_SPACE, _NO_MEMORY, _LIMIT,
/// _CORRUPT, _CANCELLED (syna_mmap_interrupt), _POISONED; those of the checkpoint as syna_mmap_checkpoint.
/// On failure: searches use the part of the index that exists.
/// Threads: any. Searches and writes run meanwhile; writes wait only for the checkpoint at the end. Cost:
/// seconds to minutes, slightly more than proportional to the number of vectors. The `threads` of the
/// options share the work.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_build_index(
    store: *mut syna_mmap,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives an error struct as the header describes it; the handle is a number only.
    unsafe { boundary::call(error, || with_store(store, |store| store.build_index())) }
}

/// Whether searches have an index to use. False for an invalid handle.
///
/// store  a handle.
///
/// Threads: any. Cost: negligible.
#[unsafe(no_mangle)]
pub extern "C" fn syna_mmap_has_index(store: *const syna_mmap) -> bool {
    boundary::value(false, || with_store(store, |store| Ok(store.has_index())))
}
