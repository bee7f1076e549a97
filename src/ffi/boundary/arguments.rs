//! Checks pointers from the caller and turns them into slices, keys, paths and output locations.
#![expect(unsafe_code, reason = "turns the caller's pointers into slices")]

use crate::{Label, MAX_KEY_BYTES, Result, SynaError};
use std::ffi::{CStr, c_char};
use std::path::PathBuf;

/// Checks that a pointer is neither NULL nor misaligned.
///
/// # Errors
/// [`SynaError::InvalidArgument`] that names the argument.
pub(in crate::ffi) fn check_pointer<T>(pointer: *const T, name: &'static str) -> Result<()> {
    if pointer.is_null() {
        return Err(SynaError::argument(format!("`{name}` is NULL")));
    }
    if !pointer.is_aligned() {
        let needed = align_of::<T>();
        return Err(SynaError::argument(format!(
            "`{name}` is not aligned: its address must be a multiple of {needed}"
        )));
    }
    Ok(())
}

/// `len` elements at `pointer`. If `len` is 0, the pointer is ignored.
///
/// # Errors
/// [`SynaError::InvalidArgument`]; [`SynaError::Limit`] if `len` elements exceed `isize::MAX` bytes.
///
/// # Safety
/// If not NULL and aligned, `pointer` has `len` initialised elements that are not modified during `'a`.
pub(in crate::ffi) unsafe fn slice<'a, T>(
    pointer: *const T,
    len: usize,
    name: &'static str,
) -> Result<&'a [T]> {
    if len == 0 {
        return Ok(&[]);
    }
    check_pointer(pointer, name)?;
    let limit = isize::MAX.unsigned_abs() / size_of::<T>().max(1);
    if len > limit {
        return Err(too_many(name, limit, len));
    }
    // SAFETY: not NULL, aligned, at most `isize::MAX` bytes; the caller guarantees the elements.
    Ok(unsafe { std::slice::from_raw_parts(pointer, len) })
}

fn too_many(name: &'static str, limit: usize, actual: usize) -> SynaError {
    let what = match name {
        "key" | "keys" => "bytes of keys in one call",
        "payloads" => "bytes of payloads in one call",
        "vectors" => "numbers of vectors in one call",
        _ => "elements in one call",
    };
    let number = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    SynaError::Limit { what, limit: number(limit), actual: number(actual) }
}

/// `rows` rows of `columns` elements each, row-major; as [`slice`].
///
/// # Errors
/// As [`slice`].
///
/// # Safety
/// As [`slice`], with `rows * columns` elements.
pub(in crate::ffi) unsafe fn matrix<'a, T>(
    pointer: *const T,
    rows: usize,
    columns: usize,
    name: &'static str,
) -> Result<&'a [T]> {
    let Some(len) = rows.checked_mul(columns) else {
        return Err(too_many(name, isize::MAX.unsigned_abs() / size_of::<T>().max(1), usize::MAX));
    };
    // SAFETY: the caller guarantees `rows * columns` elements.
    unsafe { slice(pointer, len, name) }
}

/// Concatenated byte strings with their `count + 1` offsets. Returns the bytes and the offsets.
///
/// # Errors
/// [`SynaError::InvalidArgument`]: NULL, misaligned, or offsets that do not begin at 0 or that decrease.
///
/// # Safety
/// If not NULL and aligned, `offsets` has `count + 1` elements, and `bytes` has as many as the last offset. None of them
/// is modified during `'a`. If `count` is 0, both pointers are ignored.
pub(in crate::ffi) unsafe fn packed<'a>(
    bytes: (*const u8, &'static str),
    offsets: (*const u64, &'static str),
    count: usize,
) -> Result<(&'a [u8], &'a [u64])> {
    if count == 0 {
        return Ok((&[], &[0]));
    }
    // SAFETY: the caller guarantees `count + 1` offsets.
    let list = unsafe { slice(offsets.0, count.saturating_add(1), offsets.1)? };
    let name = offsets.1;
    let mut end = 0;
    for (i, &offset) in list.iter().enumerate() {
        if i == 0 && offset != 0 {
            return Err(SynaError::argument(format!("`{name}`[0] is {offset}; it must be 0")));
        }
        if offset < end {
            return Err(SynaError::argument(format!(
                "`{name}`[{i}] is {offset}, less than the one before, {end}"
            )));
        }
        end = offset;
    }
    let len = usize::try_from(end).unwrap_or(usize::MAX);
    // SAFETY: the caller guarantees as many bytes as the last offset.
    let bytes = unsafe { slice(bytes.0, len, bytes.1)? };
    Ok((bytes, list))
}

/// Checks the length of a key, in bytes.
///
/// # Errors
/// [`SynaError::InvalidKey`].
pub(in crate::ffi) fn check_key_length(len: usize) -> Result<()> {
    if len <= MAX_KEY_BYTES {
        return Ok(());
    }
    let what = format!("it has {len} bytes; a key has at most {MAX_KEY_BYTES}");
    Err(SynaError::InvalidKey { position: 0, what })
}

/// One key.
///
/// # Errors
/// [`SynaError::InvalidKey`] if it is too long; otherwise as [`slice`].
///
/// # Safety
/// As [`slice`].
pub(in crate::ffi) unsafe fn key<'a>(pointer: *const c_char, len: usize) -> Result<&'a [u8]> {
    check_key_length(len)?;
    // SAFETY: the caller guarantees `len` bytes.
    unsafe { slice(pointer.cast::<u8>(), len, "key") }
}

/// A label; `None` for NULL.
///
/// # Errors
/// [`SynaError::InvalidArgument`]: not UTF-8, or too long.
///
/// # Safety
/// `pointer` is NULL or a NUL-terminated string.
pub(in crate::ffi) unsafe fn label(pointer: *const c_char, name: &'static str) -> Result<Option<Label>> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: not NULL; the caller guarantees the terminating NUL.
    let text = unsafe { CStr::from_ptr(pointer) };
    let text = text.to_str().map_err(|_| SynaError::argument(format!("`{name}` is not UTF-8")))?;
    let named = |error| match error {
        SynaError::InvalidArgument { what } => SynaError::argument(format!("`{name}`: {what}")),
        other => other,
    };
    Label::new(text).map(Some).map_err(named)
}

/// A file's path.
///
/// # Errors
/// [`SynaError::InvalidArgument`]: NULL, empty, or, on systems where paths are not bytes, not UTF-8.
///
/// # Safety
/// `pointer` is NULL or a NUL-terminated string.
pub(in crate::ffi) unsafe fn path(pointer: *const c_char, name: &'static str) -> Result<PathBuf> {
    check_pointer(pointer, name)?;
    // SAFETY: not NULL; the caller guarantees the terminating NUL.
    let bytes = unsafe { CStr::from_ptr(pointer) }.to_bytes();
    if bytes.is_empty() {
        return Err(SynaError::argument(format!("`{name}` is empty")));
    }
    path_of(bytes, name)
}

#[cfg(unix)]
fn path_of(bytes: &[u8], _name: &'static str) -> Result<PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    Ok(PathBuf::from(std::ffi::OsStr::from_bytes(bytes)))
}

#[cfg(not(unix))]
fn path_of(bytes: &[u8], name: &'static str) -> Result<PathBuf> {
    let not_utf8 = |_| SynaError::argument(format!("`{name}` is not UTF-8"));
    let text = std::str::from_utf8(bytes).map_err(not_utf8)?;
    Ok(PathBuf::from(text))
}

/// A duplicate of a file descriptor.
///
/// # Errors
/// [`SynaError::InvalidArgument`] if `fd` is not an open descriptor or cannot be duplicated.
///
/// # Safety
/// `fd` is not an open descriptor, or it stays open during the call.
#[cfg(unix)]
pub(in crate::ffi) unsafe fn file(fd: i32, name: &'static str) -> Result<std::fs::File> {
    if fd < 0 {
        return Err(SynaError::argument(format!("`{name}` is {fd}, which is not a file descriptor")));
    }
    // SAFETY: not -1. The caller guarantees that it stays open; if it is not open, the system refuses to duplicate it.
    let given = unsafe { std::os::fd::BorrowedFd::borrow_raw(fd) };
    let owned = given.try_clone_to_owned();
    owned
        .map(std::fs::File::from)
        .map_err(|error| SynaError::argument(format!("`{name}` is {fd}, which cannot be used: {error}")))
}

#[cfg(not(unix))]
pub(in crate::ffi) unsafe fn file(_fd: i32, name: &'static str) -> Result<std::fs::File> {
    Err(SynaError::argument(format!("`{name}`: this system has no file descriptors")))
}

/// An output location; nothing is written to it before [`Out::set`].
pub(in crate::ffi) struct Out<T>(Option<*mut T>);

impl<T> Out<T> {
    /// A required output.
    ///
    /// # Errors
    /// [`SynaError::InvalidArgument`]: NULL or misaligned.
    ///
    /// # Safety
    /// If not NULL and aligned, `pointer` is valid for writing a `T` as long as the `Out` exists.
    pub(in crate::ffi) unsafe fn new(pointer: *mut T, name: &'static str) -> Result<Self> {
        check_pointer(pointer, name)?;
        Ok(Self(Some(pointer)))
    }

    /// An optional output: if it is NULL, the value is dropped.
    ///
    /// # Errors
    /// [`SynaError::InvalidArgument`]: misaligned.
    ///
    /// # Safety
    /// As [`Out::new`].
    pub(in crate::ffi) unsafe fn optional(pointer: *mut T, name: &'static str) -> Result<Self> {
        if pointer.is_null() {
            return Ok(Self(None));
        }
        // SAFETY: as the caller guarantees.
        unsafe { Self::new(pointer, name) }
    }

    /// Writes the value.
    pub(in crate::ffi) fn set(self, answer: T) {
        if let Some(pointer) = self.0 {
            // SAFETY: aligned (`new`), and the caller of `new` guaranteed that a `T` can be written.
            unsafe { pointer.write(answer) };
        }
    }
}

/// An output array.
pub(in crate::ffi) struct Room<T> {
    first: *mut T,
    len: usize,
}

/// An output array of `len` elements at `pointer`. If `len` is 0, the pointer is ignored.
///
/// # Errors
/// [`SynaError::InvalidArgument`]; [`SynaError::Limit`] if `len` elements exceed `isize::MAX` bytes.
///
/// # Safety
/// If not NULL and aligned, `pointer` is valid for writing `len` elements as long as the `Room` exists.
pub(in crate::ffi) unsafe fn room<T>(pointer: *mut T, len: usize, name: &'static str) -> Result<Room<T>> {
    if len > 0 {
        check_pointer(pointer, name)?;
    }
    let limit = isize::MAX.unsigned_abs() / size_of::<T>().max(1);
    if len > limit {
        return Err(too_many(name, limit, len));
    }
    Ok(Room { first: pointer, len })
}

impl<T> Room<T> {
    pub(in crate::ffi) fn len(&self) -> usize {
        self.len
    }

    /// Writes elements from a position on; those past the end are ignored.
    pub(in crate::ffi) fn copy(&self, position: usize, from: &[T])
    where
        T: Copy,
    {
        let count = from.len().min(self.len.saturating_sub(position));
        if count > 0 {
            // SAFETY: aligned and not NULL (`room`, since `len` is at least 1). `position` and the elements after it are
            // within those that the caller of `room` guaranteed. `ptr::copy` allows an overlap.
            unsafe { std::ptr::copy(from.as_ptr(), self.first.add(position), count) };
        }
    }

    /// Lets `write` fill `count` elements, zeros before, from a position on; nothing if they are not all in the array.
    pub(in crate::ffi) fn fill(&self, position: usize, count: usize, write: impl FnOnce(&mut [T]))
    where
        T: bytemuck::Zeroable,
    {
        if position.checked_add(count).is_some_and(|end| end <= self.len) && count > 0 {
            // SAFETY: aligned and not NULL (`room`, since `len` is at least 1), and within the elements that the caller of
            // `room` guaranteed for writing, which no other thread uses during the call. Zeros are a valid `T`.
            let elements = unsafe {
                std::ptr::write_bytes(self.first.add(position), 0, count);
                std::slice::from_raw_parts_mut(self.first.add(position), count)
            };
            write(elements);
        }
    }

    /// Writes an element; a position past the end is ignored.
    pub(in crate::ffi) fn set(&self, position: usize, answer: T) {
        if position < self.len {
            // SAFETY: aligned and not NULL (`room`, since `len` is at least 1), and within the elements that the caller of
            // `room` guaranteed, which are at most `isize::MAX` bytes.
            unsafe { self.first.add(position).write(answer) };
        }
    }
}
