//! Header section: searching, and the index that makes it fast.
#![expect(unsafe_code, reason = "functions of the C API")]

use super::arguments;
use super::boundary;
use super::results::{syna_mmap_results, with_results};
use super::status::{syna_mmap_error, syna_mmap_status};
use super::store::{syna_mmap, with_store};
use super::structs::{self, Versioned, member_ends};
use crate::SearchOptions;
use std::time::Duration;

/// How a search is done. It is yours: COPIED by syna_mmap_search, so it may go out of scope after the call.
///
/// Fill it by syna_mmap_search_options_init. Threads: plain memory. It grows at its end in later versions.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct syna_mmap_search_options {
    /// sizeof(syna_mmap_search_options).
    pub struct_size: usize,
    /// Candidates to look at: more is slower and finds more. 0: the store's hnsw_ef_search. Less than k
    /// counts as k.
    pub ef: u32,
    /// Other than 0: compare the query with every vector instead of using the index. Default 0.
    pub exact: u32,
    /// Microseconds from the start of the call after which the search ends with the best hits so far, which
    /// may be fewer than k or none: syna_mmap_results_is_partial tells. The clock is looked at now and then,
    /// so it ends somewhat later. 0: no deadline. Default 0.
    pub deadline_us: u64,
}

// SAFETY: `repr(C)`, begins with `struct_size`, numbers only.
unsafe impl Versioned for syna_mmap_search_options {
    const NAME: &'static str = "syna_mmap_search_options";
    const MEMBER_ENDS: &'static [usize] =
        member_ends!(syna_mmap_search_options: struct_size, ef, exact, deadline_us);

    fn defaults() -> Self {
        Self { struct_size: size_of::<Self>(), ef: 0, exact: 0, deadline_us: 0 }
    }
}

impl syna_mmap_search_options {
    fn to_store(self) -> SearchOptions {
        SearchOptions {
            ef: usize::try_from(self.ef).unwrap_or(usize::MAX),
            exact: self.exact != 0,
            deadline: (self.deadline_us != 0).then(|| Duration::from_micros(self.deadline_us)),
        }
    }
}

/// Fills `options` with the defaults.
///
/// options      BORROWED for the call: `struct_size` bytes that are written, whatever they were before.
///              NULL: nothing is done.
/// struct_size  sizeof(syna_mmap_search_options) where your program is compiled; becomes the member of that
///              name.
///
/// Threads: any. Cost: none to speak of.
///
/// # Safety
/// `options` is NULL, or `struct_size` bytes can be written there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_search_options_init(
    options: *mut syna_mmap_search_options,
    struct_size: usize,
) {
    boundary::value((), || {
        // SAFETY: the caller's promise is the same.
        unsafe { structs::write_defaults(options, struct_size) };
        Ok(())
    })
}

/// Finds the `k` stored vectors that are nearest to `query`, or all of them where there are fewer.
///
/// Without an index, and with `exact`, the answer is exact. With one it is nearly so: `ef` trades time for
/// how nearly. A vector whose insert has returned is a candidate at once, in the index or not.
///
/// store    a handle.
/// query    COPIED: as many floats as the store has dimensions, aligned to 4 bytes.
/// k        at most 16,777,216; 0 is OK and finds nothing.
/// options  COPIED. NULL: the defaults.
/// results  a handle; its former hits are gone, whatever this returns. Read them by syna_mmap_results_hits.
/// error    BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, also past the deadline (ask syna_mmap_results_is_partial), or
/// SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_VECTOR (NaN or infinity in the query), _INVALID_HANDLE (of the
/// store or the results), _LIMIT (k or ef), _NO_MEMORY, _POISONED.
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
            with_results(results, |found| {
                found.fill(|answers| {
                    usable?;
                    let options = structs::read(options, "options")?;
                    let options = options.unwrap_or_else(syna_mmap_search_options::defaults).to_store();
                    with_store(store, |store| {
                        arguments::check_pointer(query, "query")?;
                        let query = arguments::slice(query, usize::from(store.dimensions()), "query")?;
                        store.search_with(query, k, &options, answers)
                    })
                })
            })
        })
    }
}

/// Takes every stored vector into the index, makes it where there is none, and then makes a checkpoint.
/// syna_mmap_build_index_with tells how far it is; syna_mmap_index_step does a part of it.
///
/// Every vector can be found before, during and after it. The index is derived from the stored vectors and
/// can always be made again.
///
/// store  a handle.
/// error  BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_HANDLE, _READ_ONLY, _IO, _NO_SPACE, _NO_MEMORY,
/// _POISONED.
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
