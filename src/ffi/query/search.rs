//! Header section: searching, and the index that makes it fast.
#![expect(unsafe_code, reason = "functions of the C API")]

use super::results::{syna_mmap_results, with_results};
use super::search_options::{syna_mmap_search_options, with_options};
use crate::ffi::boundary;
use crate::ffi::boundary::arguments::{self, Room};
use crate::ffi::boundary::errors::status_of;
use crate::ffi::boundary::status::{SYNA_MMAP_OK, syna_mmap_error, syna_mmap_status};
use crate::ffi::store::{syna_mmap, with_store};
use crate::{MmapVectorStore, Result, SearchOptions, SearchResults};
use std::ffi::c_char;

/// Finds the `k` stored vectors that are nearest to `query`, or all of them where there are fewer.
///
/// Without an index, and with `exact`, the answer is exact. With one it is nearly so: `ef` trades time for
/// how nearly. A vector whose insert has returned is a candidate at once, in the index or not.
///
/// store    a handle.
/// query    COPIED: as many floats as the store has dimensions, aligned to 4 bytes.
/// k        at most 16,777,216; 0 is OK and finds nothing.
/// options  BORROWED for the call. NULL: the defaults.
/// results  a handle; its former hits are gone, whatever this returns. Read them by syna_mmap_results_hits.
/// error    BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, also past the deadline or the most visits (ask syna_mmap_results_is_partial), or
/// SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_VECTOR (NaN or infinity in the query), _INVALID_KEY (the prefix
/// is not UTF-8), _INVALID_HANDLE (of the store or the results), _LIMIT (k or ef), _NO_MEMORY, _POISONED.
/// On failure: the results are empty, unless another thread is using them (_INVALID_ARGUMENT).
/// Threads: any, each with its own results. Cost: with an index some hundred distances; without, or exact,
/// one for each row. No allocation once the results have grown to what such searches need.
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
        // In any case: an error struct that cannot be used must leave the results empty like any other error.
        boundary::call_anyway(error, |usable| {
            search(usable, store, options, results, |store, options, answers| {
                store.search_with(query_of(store, query)?, k, options, answers)
            })
        })
    }
}

/// Finds the `k` stored vectors that are nearest to the one of a key, which is itself left out: more like
/// this one.
///
/// store    a handle.
/// key      COPIED: `key_len` bytes of UTF-8, any content. May be NULL where `key_len` is 0, the empty key.
/// k        as in syna_mmap_search.
/// options  BORROWED for the call. NULL: the defaults.
/// results  a handle; its former hits are gone, whatever this returns. Read them by syna_mmap_results_hits.
/// error    BORROWED for the call. May be NULL.
///
/// Returns: as syna_mmap_search, or SYNA_MMAP_ERR_NOT_FOUND (there is no such key), _INVALID_KEY.
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

/// Finds all stored vectors at most `max_distance` from `query`, however many they are.
///
/// Every vector is compared, so that none is missed, in the index or not. The option `approximate` takes the
/// index's answer instead: fast where there are few such vectors, but some may be missing.
///
/// store         a handle.
/// query         COPIED: as many floats as the store has dimensions, aligned to 4 bytes.
/// max_distance  the greatest distance of a hit, in the store's metric. Infinity finds all. For the dot
///               product, whose distance is the product with its sign changed, less than 0 has a meaning.
/// options       BORROWED for the call. NULL: the defaults. `ef` counts with `approximate` only.
/// results       a handle; its former hits are gone, whatever this returns. Read them by
///               syna_mmap_results_hits.
/// error         BORROWED for the call. May be NULL.
///
/// Returns: as syna_mmap_search, or SYNA_MMAP_ERR_INVALID_ARGUMENT (max_distance is NaN), _NO_MEMORY (for so
/// many hits).
/// On failure, threads: as syna_mmap_search. Cost: a distance for each row; with `approximate` a few for
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

/// Finds the `k` nearest stored vectors for each of several queries, over the rows of one moment.
///
/// The hits of all queries lie in one array, query after query: syna_mmap_results_query_hits gives those of
/// one. A query that cannot be searched for has a status of its own and no hits; the others are searched for.
/// The store's `threads` share the queries. Where every vector is compared (without an index, with `exact`,
/// where few meet the conditions), up to 64 queries share one pass over the vectors; the distances are those
/// of single searches, bit for bit.
///
/// store         a handle.
/// queries       COPIED: count x dimensions floats, one query after the other, aligned to 4 bytes.
/// count         queries. 0: `queries` and `out_statuses` may be NULL.
/// k             as in syna_mmap_search.
/// options       BORROWED for the call. NULL: the defaults. The deadline is that of the call: queries whose turn
///               comes later are partial and find nothing.
/// results       a handle; its former hits are gone, whatever this returns.
/// out_statuses  BORROWED for the call: room for `count` statuses, SYNA_MMAP_OK or
///               SYNA_MMAP_ERR_INVALID_VECTOR. May be NULL: then a query that cannot be searched for fails
///               the call.
/// error         BORROWED for the call. May be NULL.
///
/// Returns: as syna_mmap_search.
/// On failure: out_statuses is not written; the results are empty, unless another thread is using them
/// (_INVALID_ARGUMENT).
/// Threads: any, each with its own results. Cost: as so many searches, or less. It allocates.
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

/// Writes each query's status; without room for them the first error is that of the call.
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

/// The query of a call.
///
/// # Safety
/// If not NULL and aligned, `query` has as many floats as the store has dimensions.
unsafe fn query_of<'a>(store: &MmapVectorStore, query: *const f32) -> Result<&'a [f32]> {
    arguments::check_pointer(query, "query")?;
    // SAFETY: the caller's promise is the same.
    unsafe { arguments::slice(query, usize::from(store.dimensions()), "query") }
}

/// Searches into results, which are empty after any error. `usable`: whether the error struct can be used.
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
            // SAFETY: the caller's promise is the same.
            unsafe {
                with_options(options, |options| with_store(store, |store| work(store, options, answers)))
            }
        })
    })
}

/// Takes every stored vector into the index, makes it where there is none, and then makes a checkpoint.
/// syna_mmap_build_index_with tells how far it is; syna_mmap_index_step does a part of it.
///
/// Every vector can be found before, during and after it. The index is derived from the stored vectors and
/// can always be made again. Deleted and replaced vectors stay in it and make searches slower; where they are a
/// quarter of it, this call makes it anew without them, which takes as long as the first time and as much
/// memory again as the index has, until it is done.
///
/// store  a handle.
/// error  BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_HANDLE, _READ_ONLY, _IO, _NO_SPACE, _NO_MEMORY,
/// _CANCELLED (syna_mmap_interrupt), _POISONED.
/// On failure: searches use what there is of the index.
/// Threads: any; searches and writes go on meanwhile. Cost: seconds to minutes, growing a little faster
/// than the number of vectors; it is shared by the `threads` of the options.
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

/// Whether searches have an index to use; false for a bad handle.
///
/// store  a handle.
///
/// Threads: any. Cost: none to speak of.
#[unsafe(no_mangle)]
pub extern "C" fn syna_mmap_has_index(store: *const syna_mmap) -> bool {
    boundary::value(false, || with_store(store, |store| Ok(store.has_index())))
}
