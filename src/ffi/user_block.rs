//! Header section: the user block.
#![expect(unsafe_code, reason = "functions of the C API")]

use super::boundary;
use super::boundary::status::{syna_mmap_error, syna_mmap_status};
use super::boundary::structs::{self, OutStruct, Versioned, member_ends};
use super::store::{syna_mmap, with_store};
use crate::{Label, Result, SynaError, UserBlock};
use std::ffi::{CStr, c_char};

/// Values that an application stores in the file for itself. The library does not interpret them. You own it;
/// it may lie in any memory.
///
/// Initialize it with SYNA_MMAP_USER_BLOCK_INIT, or set struct_size. Later versions append members.
/// Threads: plain memory; one thread at a time.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct syna_mmap_user_block {
    /// sizeof(syna_mmap_user_block), set by you.
    pub struct_size: usize,
    /// Tells which application the file belongs to. Default 0.
    pub application_id: u32,
    /// The version of the application's data. Default 0.
    pub user_version: u32,
    /// What the vectors are, for example the name of the embedding model: UTF-8, at most
    /// SYNA_MMAP_MAX_LABEL_BYTES bytes, NUL-terminated. Default "".
    pub label: [c_char; 72],
}

// SAFETY: `repr(C)`, begins with `struct_size`, numbers only.
unsafe impl Versioned for syna_mmap_user_block {
    const NAME: &'static str = "syna_mmap_user_block";
    const MEMBER_ENDS: &'static [usize] =
        member_ends!(syna_mmap_user_block: struct_size, application_id, user_version, label);
    fn defaults() -> Self {
        Self::of(&UserBlock::default())
    }
}

impl syna_mmap_user_block {
    pub(super) fn of(block: &UserBlock) -> Self {
        let mut label = [0; 72];
        for (to, &from) in label.iter_mut().zip(block.label.as_str().as_bytes()) {
            *to = from.cast_signed() as c_char;
        }
        let &UserBlock { application_id, user_version, .. } = block;
        Self { struct_size: size_of::<Self>(), application_id, user_version, label }
    }
}

/// The user block in a caller's struct.
///
/// # Errors
/// [`SynaError::InvalidArgument`].
///
/// # Safety
/// `given` is valid for [`structs::read`].
unsafe fn user_block_of(given: *const syna_mmap_user_block) -> Result<UserBlock> {
    // SAFETY: as the caller guarantees.
    let given = unsafe { structs::read(given, "user_block")? };
    let given = given.ok_or_else(|| SynaError::argument("`user_block` is NULL"))?;
    let bytes = given.label.map(|byte| byte.to_ne_bytes()[0]);
    let text = CStr::from_bytes_until_nul(&bytes)
        .map_err(|_| SynaError::argument("the label of the user block is not NUL-terminated"))?;
    let text = text.to_str().map_err(|_| SynaError::argument("the label of the user block is not UTF-8"))?;
    let syna_mmap_user_block { application_id, user_version, .. } = given;
    Ok(UserBlock { application_id, user_version, label: Label::new(text)? })
}

/// Reports the user block of the file. In a store opened read-only: as of the open or the last
/// syna_mmap_refresh.
///
/// store           a handle.
/// out_user_block  BORROWED for the call: a struct whose struct_size is set.
/// error           BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_HANDLE.
/// On failure: *out_user_block is not written.
/// Threads: any. Cost: negligible.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_get_user_block(
    store: *const syna_mmap,
    out_user_block: *mut syna_mmap_user_block,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; NULL and misaligned ones are refused.
    unsafe {
        boundary::call(error, || {
            let out_user_block = OutStruct::new(out_user_block, "out_user_block")?;
            out_user_block
                .set(&syna_mmap_user_block::of(&with_store(store, |store| Ok(store.user_block()))?));
            Ok(())
        })
    }
}

/// Replaces the user block of the file, and makes it and all writes so far survive a power failure, as
/// syna_mmap_flush does.
///
/// store       a handle.
/// user_block  BORROWED for the call.
/// error       BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_HANDLE, _READ_ONLY, _IO, _NO_SPACE,
/// _POISONED.
/// On failure: with _IO and _NO_SPACE the file may have either user block, and the next checkpoint writes the
/// new one; otherwise nothing has changed.
/// Threads: any; searches run meanwhile, writes wait. Cost: disk syncs.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_set_user_block(
    store: *mut syna_mmap,
    user_block: *const syna_mmap_user_block,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; NULL and misaligned ones are refused.
    unsafe {
        boundary::call(error, || {
            let new = user_block_of(user_block)?;
            with_store(store, |store| store.set_user_block(new))
        })
    }
}
