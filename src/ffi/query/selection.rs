//! Header section: the rows that meet conditions, without a query.
#![expect(unsafe_code, reason = "functions of the C API")]

use super::search_options::{syna_mmap_search_options, with_options};
use crate::ffi::boundary;
use crate::ffi::boundary::arguments::Out;
use crate::ffi::boundary::status::{syna_mmap_error, syna_mmap_status};
use crate::ffi::store::{syna_mmap, with_store};

/// Deletes all rows that meet the conditions, all or none, as one write. The conditions are evaluated for
/// the rows that are live when the call begins; rows that are written meanwhile are not deleted.
///
/// store        a handle.
/// options      BORROWED for the call, with all that it points to. Only its conditions are used. NULL, or no
///              conditions: all rows are deleted.
/// out_deleted  BORROWED for the call: how many rows were deleted. May be NULL.
/// error        BORROWED for the call. May be NULL.
///
/// Returns, threads: as syna_mmap_insert. On failure: as there; *out_deleted is not written. Cost: the
/// conditions of every row, then one small write. Other writes run until it begins to delete. The index work
/// of up to 16 rows.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_delete_where(
    store: *mut syna_mmap,
    options: *const syna_mmap_search_options,
    out_deleted: *mut usize,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; NULL and misaligned ones are refused.
    unsafe {
        boundary::call(error, || {
            let out_deleted = Out::optional(out_deleted, "out_deleted")?;
            let delete = |store: &crate::MmapVectorStore| {
                with_options(options, |options| store.delete_where(&options.filter))
            };
            out_deleted.set(with_store(store, delete)?);
            Ok(())
        })
    }
}
