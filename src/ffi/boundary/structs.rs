//! Structs that begin with their own size, so that programs and libraries of different versions are compatible.
//!
//! A shorter struct that ends at the end of a member is from an older header: the missing members get their defaults. A
//! longer one is from a newer header: its unknown members must be zero, because they would otherwise be ignored silently.
#![expect(unsafe_code, reason = "reads and writes the caller's structs up to their struct_size")]

use super::arguments::check_pointer;
use crate::{Result, SynaError};

/// Upper limit of every struct's size. A larger `struct_size` is uninitialised; without the limit, the library would scan
/// that much memory for non-zero bytes.
const MAX_STRUCT_BYTES: usize = 4096;

/// A struct of the header whose first member is `struct_size`.
///
/// # Safety
/// The type is `repr(C)`, its first member is `struct_size: usize`, and every member is a number, a pointer or an array of
/// such, so that all bit patterns are valid.
pub(in crate::ffi) unsafe trait Versioned: Copy {
    /// The struct's name in the header.
    const NAME: &'static str;
    /// The end offset of each member in bytes, in order.
    const MEMBER_ENDS: &'static [usize];
    /// Default values of all members; `struct_size` is ignored.
    fn defaults() -> Self;
}

/// The end offset of a member.
pub(in crate::ffi) const fn end_of<S, M>(offset_bytes: usize, _member: fn(&S) -> &M) -> usize {
    offset_bytes + size_of::<M>()
}

/// The end offsets of the named members.
macro_rules! member_ends {
    ($type:ty: $($member:ident),+ $(,)?) => {
        &[$($crate::ffi::boundary::structs::end_of(::std::mem::offset_of!($type, $member), |s: &$type| &s.$member)),+]
    };
}
pub(in crate::ffi) use member_ends;

/// Checks that a caller's `struct_size` is valid for a `T`.
///
/// # Errors
/// [`SynaError::InvalidArgument`].
pub(super) fn check_size<T: Versioned>(struct_size: usize) -> Result<()> {
    // Trailing padding would become a member in a later version, and callers of this version leave it uninitialised.
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

/// A copy of the caller's struct, completed with defaults; `None` if `given` is NULL.
///
/// # Errors
/// [`SynaError::InvalidArgument`]: misaligned, an invalid size, or a non-zero unknown member.
///
/// # Safety
/// `given` is NULL, misaligned, or points to a `size_t`. If [`check_size`] accepts it, that many bytes are readable.
pub(in crate::ffi) unsafe fn read<T: Versioned>(
    given: *const T,
    argument: &'static str,
) -> Result<Option<T>> {
    if given.is_null() {
        return Ok(None);
    }
    check_pointer(given, argument)?;
    // SAFETY: not NULL, aligned, and the caller guarantees that the size, the first member, is readable.
    let struct_size = unsafe { given.cast::<usize>().read() };
    check_size::<T>(struct_size)?;
    // SAFETY: `check_size` accepted the size, so the caller guarantees that many bytes.
    let bytes = unsafe { std::slice::from_raw_parts(given.cast::<u8>(), struct_size) };
    if bytes.iter().skip(size_of::<T>()).any(|&byte| byte != 0) {
        let name = T::NAME;
        return Err(SynaError::argument(format!(
            "{name} sets a member that this version of the library does not know; use a newer library, or zero what is new"
        )));
    }
    let mut read = T::defaults();
    let known = bytes.len().min(size_of::<T>());
    // SAFETY: `bytes` and `T` both have at least `known` bytes. Any bytes are a valid `T` (`Versioned`), and only whole
    // members are replaced (`check_size`).
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), (&raw mut read).cast::<u8>(), known) };
    Ok(Some(read))
}

/// Writes the defaults into a caller's struct of `struct_size` bytes; does nothing if an argument is invalid.
///
/// # Safety
/// `target` is NULL, misaligned, or valid for writing `struct_size` bytes.
pub(in crate::ffi) unsafe fn write_defaults<T: Versioned>(target: *mut T, struct_size: usize) {
    if check_pointer(target, "struct").is_err()
        || !(size_of::<usize>()..=MAX_STRUCT_BYTES).contains(&struct_size)
    {
        return;
    }
    let defaults = T::defaults();
    let known = struct_size.min(size_of::<T>());
    // SAFETY: the caller guarantees `struct_size` bytes at `target`. `known` of them are copied from a `T`, which has at
    // least as many, and the rest is zeroed; the first member, written last, lies within them.
    unsafe {
        let bytes = target.cast::<u8>();
        std::ptr::copy_nonoverlapping((&raw const defaults).cast::<u8>(), bytes, known);
        std::ptr::write_bytes(bytes.add(known), 0, struct_size - known);
        target.cast::<usize>().write(struct_size);
    }
}

/// A caller's struct for output.
pub(in crate::ffi) struct OutStruct<T: Versioned> {
    at: *mut T,
    struct_size: usize,
}

impl<T: Versioned> OutStruct<T> {
    /// # Errors
    /// [`SynaError::InvalidArgument`]: NULL, misaligned, or an invalid size.
    ///
    /// # Safety
    /// If not NULL and aligned, `at` points to a `size_t`. If [`check_size`] accepts it, that many bytes can be written at
    /// `at` as long as this exists.
    pub(in crate::ffi) unsafe fn new(at: *mut T, argument: &'static str) -> Result<Self> {
        check_pointer(at, argument)?;
        // SAFETY: not NULL, aligned, and the caller guarantees that the size, the first member, is readable.
        let struct_size = unsafe { at.cast::<usize>().read() };
        check_size::<T>(struct_size)?;
        Ok(Self { at, struct_size })
    }

    /// Writes the members that fit into the caller's struct; its unknown members become zero.
    pub(in crate::ffi) fn set(self, answer: &T) {
        let known = self.struct_size.min(size_of::<T>());
        // SAFETY: `new`'s contract covers `struct_size` bytes. `answer` has the first `known` of them, the rest is zeroed,
        // and the first member, written last, lies within them.
        unsafe {
            let bytes = self.at.cast::<u8>();
            std::ptr::copy_nonoverlapping(std::ptr::from_ref(answer).cast::<u8>(), bytes, known);
            std::ptr::write_bytes(bytes.add(known), 0, self.struct_size - known);
            self.at.cast::<usize>().write(self.struct_size);
        }
    }
}
