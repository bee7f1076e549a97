//! Converts an error into the caller's struct: status, errno, message.
#![expect(unsafe_code, reason = "writes to the caller's error struct")]

use super::arguments::check_pointer;
use super::status::*;
use super::structs;
use crate::error::Shortened;
use crate::{Result, SynaError};
use std::ffi::c_char;
use std::fmt::{self, Write};

/// Size of the message array, including the terminating NUL.
const ROOM_BYTES: usize = 256;
const MESSAGE_BYTES: usize = ROOM_BYTES - 1;

/// How much of a path is shown, in bytes: the first limit with which the message fits.
const PATH_BYTES: [usize; 6] = [usize::MAX, 180, 140, 100, 60, 30];

/// The struct's size in version 0.1.0, which `struct_size` 0 stands for.
const FIRST_STRUCT_BYTES: usize = std::mem::offset_of!(syna_mmap_error, message) + ROOM_BYTES;

/// The status of an error.
pub(in crate::ffi) fn status_of(error: &SynaError) -> syna_mmap_status {
    match error {
        SynaError::InvalidArgument { .. } => SYNA_MMAP_ERR_INVALID_ARGUMENT,
        SynaError::InvalidDimensions { .. } => SYNA_MMAP_ERR_INVALID_DIMENSIONS,
        SynaError::DimensionMismatch { .. } => SYNA_MMAP_ERR_DIMENSION_MISMATCH,
        SynaError::MetricMismatch { .. } => SYNA_MMAP_ERR_METRIC_MISMATCH,
        SynaError::ElementMismatch { .. } => SYNA_MMAP_ERR_ELEMENT_MISMATCH,
        SynaError::KeyKindMismatch { .. } => SYNA_MMAP_ERR_KEY_KIND_MISMATCH,
        SynaError::ColumnsMismatch { .. } => SYNA_MMAP_ERR_COLUMNS_MISMATCH,
        SynaError::LabelMismatch { .. } => SYNA_MMAP_ERR_LABEL_MISMATCH,
        SynaError::InvalidVector { .. } | SynaError::InvalidStored { .. } => SYNA_MMAP_ERR_INVALID_VECTOR,
        SynaError::InvalidKey { .. } => SYNA_MMAP_ERR_INVALID_KEY,
        SynaError::NotFound { .. } => SYNA_MMAP_ERR_NOT_FOUND,
        SynaError::Locked { .. } => SYNA_MMAP_ERR_LOCKED,
        SynaError::ReadOnly { .. } => SYNA_MMAP_ERR_READ_ONLY,
        SynaError::Corrupt { .. } => SYNA_MMAP_ERR_CORRUPT,
        SynaError::UnsupportedVersion { .. } => SYNA_MMAP_ERR_UNSUPPORTED_VERSION,
        SynaError::LegacyFormat { .. } => SYNA_MMAP_ERR_LEGACY_FORMAT,
        SynaError::Io { .. } => SYNA_MMAP_ERR_IO,
        SynaError::NoSpace { .. } => SYNA_MMAP_ERR_NO_SPACE,
        SynaError::NoMemory { .. } => SYNA_MMAP_ERR_NO_MEMORY,
        SynaError::InvalidHandle { .. } => SYNA_MMAP_ERR_INVALID_HANDLE,
        SynaError::Poisoned { .. } => SYNA_MMAP_ERR_POISONED,
        SynaError::Internal { .. } => SYNA_MMAP_ERR_INTERNAL,
        SynaError::Cancelled => SYNA_MMAP_ERR_CANCELLED,
        SynaError::Limit { .. } => SYNA_MMAP_ERR_LIMIT,
    }
}

/// The system's error number; 0 if the system did not cause the error.
fn os_errno_of(error: &SynaError) -> i32 {
    match error {
        SynaError::Io { source, .. } | SynaError::NoSpace { source, .. } => {
            source.raw_os_error().unwrap_or(0)
        }
        _ => 0,
    }
}

/// A validated error struct of the caller.
pub(super) struct Target {
    at: *mut syna_mmap_error,
    /// The caller's `struct_size`.
    given: usize,
    struct_size: usize,
}

impl Target {
    /// `None` if the caller passed NULL.
    ///
    /// # Errors
    /// [`SynaError::InvalidArgument`] if the struct is misaligned or its size is invalid.
    ///
    /// # Safety
    /// `at` is NULL, misaligned, or points to a `size_t`. If that is 0 (for [`FIRST_STRUCT_BYTES`]) or a size that
    /// [`structs::check_size`] accepts, so many bytes can be written at `at` as long as the target exists.
    pub(in crate::ffi) unsafe fn new(at: *mut syna_mmap_error) -> Result<Option<Self>> {
        if at.is_null() {
            return Ok(None);
        }
        check_pointer(at, "error")?;
        // SAFETY: not NULL, aligned, and the caller guarantees that the size is readable. It is read alone because the
        // members after it may not exist.
        let given = unsafe { at.cast::<usize>().read() };
        let struct_size = if given == 0 { FIRST_STRUCT_BYTES } else { given };
        structs::check_size::<syna_mmap_error>(struct_size)?;
        Ok(Some(Self { at, given, struct_size }))
    }

    /// Writes the members that fit into the caller's struct.
    pub(in crate::ffi) fn fill(self, error: &SynaError) {
        // The path is shortened only as far as the reason needs room.
        let message = PATH_BYTES.iter().map(|&most| Message::of(&Shortened(error, most)));
        let message = message.reduce(|longer, shorter| if longer.is_full { shorter } else { longer });
        let message = message.unwrap_or_default();
        let filled = syna_mmap_error {
            struct_size: self.given,
            status: status_of(error),
            os_errno: os_errno_of(error),
            message: message.bytes.map(|byte| c_char::from_ne_bytes([byte])),
        };
        let len = self.struct_size.min(size_of::<syna_mmap_error>());
        // SAFETY: `new`'s contract covers `len` bytes at `at`; `filled` has as many, and they are copied as bytes.
        unsafe { std::ptr::copy_nonoverlapping((&raw const filled).cast::<u8>(), self.at.cast::<u8>(), len) };
    }
}

/// A message that is cut at the end of its array, between characters.
struct Message {
    bytes: [u8; ROOM_BYTES],
    len: usize,
    is_full: bool,
}

impl Default for Message {
    fn default() -> Self {
        Self { bytes: [0; ROOM_BYTES], len: 0, is_full: false }
    }
}

impl Message {
    fn of(text: &impl fmt::Display) -> Self {
        let mut message = Self::default();
        // The only error is that of a full message, which is then cut.
        let _ = write!(message, "{text}");
        message
    }
}

impl Write for Message {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            // A key or a path can contain a NUL, which would end the text, or line breaks.
            let character = if character.is_control() { '\u{FFFD}' } else { character };
            let end = self.len + character.len_utf8();
            match self.bytes.get_mut(self.len..end) {
                Some(room) if end <= MESSAGE_BYTES && !self.is_full => {
                    character.encode_utf8(room);
                    self.len = end;
                }
                _ => {
                    self.is_full = true;
                    return Err(fmt::Error);
                }
            }
        }
        Ok(())
    }
}
