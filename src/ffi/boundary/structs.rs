//! Structs that begin with their own size, so that a program and a library of different age understand each other.
//!
//! A shorter struct that ends where a member ends is an older one: the members it lacks have their defaults. A longer
//! one is newer: what this library does not know of it must be zero, or it would be ignored in silence.
#![expect(unsafe_code, reason = "reads and writes the caller's structs up to the size that they state")]

use super::arguments::check_pointer;
use crate::{Result, SynaError};

/// No struct will ever be longer. A size beyond that is an uninitialised one, and must not send the library through
/// memory in search of non-zero bytes.
const MAX_STRUCT_BYTES: usize = 4096;

/// A struct of the header whose first member is `struct_size`.
///
/// # Safety
/// The type is `repr(C)`, its first member is `struct_size: usize`, and every member is a number, a pointer or an array of
/// such, so that all bit patterns are valid.
pub(in crate::ffi) unsafe trait Versioned: Copy {
    /// Its name in the header.
    const NAME: &'static str;
    /// Where each member ends, in order.
    const MEMBER_ENDS: &'static [usize];
    /// Every member's default; `struct_size` is of no account.
    fn defaults() -> Self;
}

/// Where a member ends.
pub(in crate::ffi) const fn end_of<S, M>(offset_bytes: usize, _member: fn(&S) -> &M) -> usize {
    offset_bytes + size_of::<M>()
}

/// The ends of the named members.
macro_rules! member_ends {
    ($type:ty: $($member:ident),+ $(,)?) => {
        &[$($crate::ffi::boundary::structs::end_of(::std::mem::offset_of!($type, $member), |s: &$type| &s.$member)),+]
    };
}
pub(in crate::ffi) use member_ends;

/// Whether a caller's `struct_size` can be right for a `T`.
///
/// # Errors
/// [`SynaError::InvalidArgument`].
pub(super) fn check_size<T: Versioned>(struct_size: usize) -> Result<()> {
    // Padding at the end would become a member of the next version, and a program of this one has anything in there.
    const { assert!(T::MEMBER_ENDS[T::MEMBER_ENDS.len() - 1] == size_of::<T>()) };
    let is_older = T::MEMBER_ENDS.contains(&struct_size);
    let is_newer = struct_size > size_of::<T>() && struct_size <= MAX_STRUCT_BYTES;
    if is_older || is_newer {
        return Ok(());
    }
    let (name, known) = (T::NAME, size_of::<T>());
    Err(SynaError::argument(format!(
        "struct_size of {name} is {struct_size}; set it to sizeof({name}), which is {known} in this version"
    )))
}

/// A copy of the caller's struct, completed by the defaults; `None` where `given` is NULL.
///
/// # Errors
/// [`SynaError::InvalidArgument`]: misaligned, a size that cannot be right, or a newer member that is set.
///
/// # Safety
/// `given` is NULL, misaligned, or points to a `size_t` which, if [`check_size`] takes it, says how many bytes can be read.
pub(in crate::ffi) unsafe fn read<T: Versioned>(
    given: *const T,
    argument: &'static str,
) -> Result<Option<T>> {
    if given.is_null() {
        return Ok(None);
    }
    check_pointer(given, argument)?;
    // SAFETY: not NULL, aligned, and the caller promises that the size, the first member, is there.
    let struct_size = unsafe { given.cast::<usize>().read() };
    check_size::<T>(struct_size)?;
    // SAFETY: the size is one that `check_size` takes, so the caller promises that many bytes.
    let bytes = unsafe { std::slice::from_raw_parts(given.cast::<u8>(), struct_size) };
    if bytes.iter().skip(size_of::<T>()).any(|&byte| byte != 0) {
        let name = T::NAME;
        return Err(SynaError::argument(format!(
            "{name} sets a member that this version of the library does not know; use a newer library, or zero what is new"
        )));
    }
    let mut read = T::defaults();
    let known = bytes.len().min(size_of::<T>());
    // SAFETY: `bytes` has at least `known` bytes, a `T` too; any bytes make a valid `T` (`Versioned`), and whole members
    // are replaced (`check_size`).
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), (&raw mut read).cast::<u8>(), known) };
    Ok(Some(read))
}

/// Writes the defaults into a caller's struct of `struct_size` bytes; nothing where the arguments cannot be right.
///
/// # Safety
/// `target` is NULL, misaligned, or `struct_size` bytes can be written there.
pub(in crate::ffi) unsafe fn write_defaults<T: Versioned>(target: *mut T, struct_size: usize) {
    if check_pointer(target, "struct").is_err()
        || !(size_of::<usize>()..=MAX_STRUCT_BYTES).contains(&struct_size)
    {
        return;
    }
    let defaults = T::defaults();
    let known = struct_size.min(size_of::<T>());
    // SAFETY: the caller promises `struct_size` bytes at `target`, of which `known` are copied from a `T` that has as
    // many, and the rest is zeroed; the first member, written last, lies within them.
    unsafe {
        let bytes = target.cast::<u8>();
        std::ptr::copy_nonoverlapping((&raw const defaults).cast::<u8>(), bytes, known);
        std::ptr::write_bytes(bytes.add(known), 0, struct_size - known);
        target.cast::<usize>().write(struct_size);
    }
}

/// A caller's struct that an answer goes into.
pub(in crate::ffi) struct OutStruct<T: Versioned> {
    at: *mut T,
    struct_size: usize,
}

impl<T: Versioned> OutStruct<T> {
    /// # Errors
    /// [`SynaError::InvalidArgument`]: NULL, misaligned, or a size that cannot be right.
    ///
    /// # Safety
    /// If not NULL and aligned, `at` points to a `size_t` which, if [`check_size`] takes it, says how many bytes can be
    /// written there for as long as this lives.
    pub(in crate::ffi) unsafe fn new(at: *mut T, argument: &'static str) -> Result<Self> {
        check_pointer(at, argument)?;
        // SAFETY: not NULL, aligned, and the caller promises that the size, the first member, is there.
        let struct_size = unsafe { at.cast::<usize>().read() };
        check_size::<T>(struct_size)?;
        Ok(Self { at, struct_size })
    }

    /// Writes the members that the caller's struct has; those that this library does not know become zero.
    pub(in crate::ffi) fn set(self, answer: &T) {
        let known = self.struct_size.min(size_of::<T>());
        // SAFETY: `new`'s promise covers `struct_size` bytes; `answer` has the first `known` of them, the rest is zeroed,
        // and the first member, written last, lies within them.
        unsafe {
            let bytes = self.at.cast::<u8>();
            std::ptr::copy_nonoverlapping(std::ptr::from_ref(answer).cast::<u8>(), bytes, known);
            std::ptr::write_bytes(bytes.add(known), 0, self.struct_size - known);
            self.at.cast::<usize>().write(self.struct_size);
        }
    }
}
