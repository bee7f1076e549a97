//! The error type of the crate. Its messages say what went wrong, with numbers, and what to do.

use crate::short_path::ShortPath;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// The result type of this crate.
pub type Result<T> = std::result::Result<T, SynaError>;

/// Why a call failed. `Display` writes one sentence that says what went wrong and what to do.
#[derive(Debug)]
#[non_exhaustive]
pub enum SynaError {
    /// An argument is never valid.
    InvalidArgument {
        /// What is wrong with it.
        what: String,
    },
    /// The dimensions are outside 64 to 8,192, or outside 1 to 8,192 with `small_dimensions`.
    InvalidDimensions {
        /// The requested dimensions.
        dimensions: u32,
    },
    /// A vector, or the configuration, has other dimensions than the store.
    DimensionMismatch {
        /// The store's dimensions.
        expected: u32,
        /// The dimensions that were passed.
        actual: u64,
    },
    /// The file has another metric than the configuration.
    MetricMismatch {
        /// The file's metric.
        expected: crate::DistanceMetric,
        /// The requested metric.
        actual: crate::DistanceMetric,
    },
    /// The file keeps its vectors in another type than the configuration.
    ElementMismatch {
        /// The file's type.
        expected: crate::ElementType,
        /// The requested type.
        actual: crate::ElementType,
    },
    /// The file has another kind of keys than the configuration.
    KeyKindMismatch {
        /// The file's kind.
        expected: crate::KeyKind,
        /// The requested kind.
        actual: crate::KeyKind,
    },
    /// The file has other columns than the configuration.
    ColumnsMismatch {
        /// The file's columns.
        expected: String,
        /// The requested columns.
        actual: String,
    },
    /// The file has another label than the configuration expects.
    LabelMismatch {
        /// The file's label.
        expected: String,
        /// The expected label of the configuration.
        actual: String,
    },
    /// A vector has a component that is NaN or infinite, or that the element type of the store cannot hold.
    InvalidVector {
        /// The position of the vector in its batch; 0 for a single one.
        position: usize,
        /// The index of the component in its vector.
        component: usize,
        /// The component.
        value: f32,
    },
    /// The bytes of a vector that is to be stored as it is are no vector of the store's element type.
    InvalidStored {
        /// The position of the vector in its batch.
        position: usize,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A key is longer than [`crate::MAX_KEY_BYTES`] or is not valid UTF-8.
    InvalidKey {
        /// The position of the key in its batch; 0 for a single one.
        position: usize,
        /// What is wrong with it.
        what: String,
    },
    /// The key or the file does not exist.
    NotFound {
        /// The key or the file.
        what: String,
    },
    /// Another writer, in this process or another one, has the file open.
    Locked {
        /// The store's file.
        path: PathBuf,
    },
    /// The call writes, and the store is open read-only.
    ReadOnly {
        /// The store's file.
        path: PathBuf,
    },
    /// The file is damaged, or is not a store.
    Corrupt {
        /// The damaged file.
        path: PathBuf,
        /// The offset in the file.
        offset_bytes: u64,
        /// What is wrong.
        what: String,
    },
    /// The file needs a newer version of the library.
    UnsupportedVersion {
        /// The file.
        path: PathBuf,
        /// What it needs.
        what: String,
    },
    /// The file has the older MVEC format and must be imported into a new file.
    LegacyFormat {
        /// The file.
        path: PathBuf,
    },
    /// The system refused an operation. After a write that failed with this error it is unknown whether the write was
    /// stored: open the store again to find out.
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The operation.
        doing: &'static str,
        /// The error of the system.
        source: io::Error,
    },
    /// The disk is full, or a quota or the system's file size limit is reached. The store is unchanged and remains
    /// usable.
    NoSpace {
        /// The file that could not grow.
        path: PathBuf,
        /// The requested bytes; 0 if unknown.
        needed_bytes: u64,
        /// The error of the system.
        source: io::Error,
    },
    /// Out of memory. The store is unchanged and remains usable.
    NoMemory {
        /// The requested bytes; 0 if unknown.
        needed_bytes: u64,
    },
    /// A handle is closed, made up, of another type, or belongs to the parent process.
    InvalidHandle {
        /// What is wrong with it.
        what: &'static str,
    },
    /// An earlier failure disabled the store. After a failed disk sync it refuses writes. Close it and open it again.
    Poisoned {
        /// The earlier failure.
        cause: String,
    },
    /// The library caught a bug of its own before it could do harm. Please report the message.
    Internal {
        /// The bug.
        what: String,
    },
    /// A callback asked to stop the call, or an interrupt ended it.
    Cancelled,
    /// A limit was exceeded.
    Limit {
        /// What the limit is for.
        what: &'static str,
        /// The limit.
        limit: u64,
        /// The requested value.
        actual: u64,
    },
}

impl SynaError {
    /// Creates a [`SynaError::InvalidArgument`].
    pub(crate) fn argument(what: impl Into<String>) -> Self {
        Self::InvalidArgument { what: what.into() }
    }

    /// [`SynaError::NotFound`] for a key, which is shortened in the message.
    pub(crate) fn no_such_key(key: &[u8]) -> Self {
        let shown: String = String::from_utf8_lossy(key).chars().take(100).collect();
        Self::NotFound { what: format!("the key {shown:?}") }
    }

    /// Creates a [`SynaError::Corrupt`].
    pub(crate) fn corrupt(path: &Path, offset_bytes: u64, what: impl Into<String>) -> Self {
        Self::Corrupt { path: path.to_owned(), offset_bytes, what: what.into() }
    }

    /// The error for an I/O error: [`SynaError::NoSpace`] for a full disk, [`SynaError::NoMemory`] if memory ran out,
    /// else [`SynaError::Io`].
    pub(crate) fn io(path: &Path, doing: &'static str, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                Self::NoSpace { path: path.to_owned(), needed_bytes: 0, source }
            }
            io::ErrorKind::OutOfMemory => Self::NoMemory { needed_bytes: 0 },
            _ => Self::Io { path: path.to_owned(), doing, source },
        }
    }
}

impl fmt::Display for SynaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.describe(f, usize::MAX)
    }
}

/// An error as text. A path in it has at most this many bytes.
pub(crate) struct Shortened<'a>(pub(crate) &'a SynaError, pub(crate) usize);

impl fmt::Display for Shortened<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.describe(f, self.1)
    }
}

impl SynaError {
    /// Writes the message. `most`: the most bytes of a path.
    fn describe(&self, f: &mut fmt::Formatter<'_>, most: usize) -> fmt::Result {
        let shown = |path| ShortPath { path, most };
        match self {
            Self::InvalidArgument { what } => write!(f, "invalid argument: {what}"),
            Self::InvalidDimensions { dimensions: dimensions @ 1..64 } => write!(
                f,
                "{dimensions} dimensions are fewer than 64; if that is no mistake, set small_dimensions \
                 (the flag SYNA_MMAP_OPEN_SMALL_DIMENSIONS)"
            ),
            Self::InvalidDimensions { dimensions } => {
                write!(f, "{dimensions} dimensions are not supported; use 64 to 8192")
            }
            Self::DimensionMismatch { expected, actual } => {
                write!(f, "the store has {expected} dimensions, not {actual}; pass {expected}")
            }
            Self::MetricMismatch { expected, actual } => write!(
                f,
                "the store has the {} metric, not {}; open it with {}, or take the metric from the file",
                expected.name(),
                actual.name(),
                expected.name()
            ),
            Self::ElementMismatch { expected, actual } => write!(
                f,
                "the vectors of the store are {}, not {}; open it with {} or take the element type from the file; \
                 a batch has f32 or {}",
                expected.name(),
                actual.name(),
                expected.name(),
                expected.name()
            ),
            Self::KeyKindMismatch { expected, actual } => write!(
                f,
                "the keys of the store are {}, not {}; open it with {}, or take the kind of keys from the file",
                expected.name(),
                actual.name(),
                expected.name()
            ),
            Self::ColumnsMismatch { expected, actual } => write!(
                f,
                "the columns of the store are {expected}, not {actual}; open it with these, or without columns"
            ),
            Self::LabelMismatch { expected, actual } => write!(
                f,
                "the label of the store is {expected:?}, not {actual:?}: its vectors may come from another model; \
                 open the right file, or expect this label"
            ),
            Self::InvalidVector { position, component, value } => {
                let why = match value.is_finite() {
                    true => "the element type of the store cannot hold it",
                    false => "components must be finite",
                };
                write!(f, "component {component} of vector {position} is {value}; {why}")
            }
            Self::InvalidStored { position, what } => {
                write!(f, "stored vector {position} is invalid: {what}")
            }
            Self::InvalidKey { position, what } => write!(f, "key {position} is invalid: {what}"),
            Self::NotFound { what } => write!(f, "not found: {what}"),
            Self::Locked { path } => write!(
                f,
                "{} is open for writing elsewhere; close it there, or open it read-only",
                shown(path)
            ),
            Self::ReadOnly { path } => {
                write!(f, "{} was opened read-only; open it for writing first", shown(path))
            }
            Self::Corrupt { path, offset_bytes, what } => {
                write!(f, "{} at byte {offset_bytes}: {what}", shown(path))
            }
            Self::UnsupportedVersion { path, what } => {
                write!(f, "{} {what}; open it with a newer version of the library", shown(path))
            }
            Self::LegacyFormat { path } => write!(
                f,
                "{} is a store in the older MVEC format, version 1; import it into a new store, the old file stays unchanged",
                shown(path)
            ),
            Self::Io { path, doing, source } => write!(f, "{doing} {}: {source}", shown(path)),
            Self::NoSpace { path, needed_bytes, source } => {
                write!(f, "no space for {}", shown(path))?;
                if *needed_bytes > 0 {
                    write!(f, " to grow by {needed_bytes} bytes")?;
                }
                write!(f, " ({source}); free some space and call again, the store is unchanged")
            }
            Self::NoMemory { needed_bytes } => match needed_bytes {
                0 => f.write_str("out of memory; free some and call again"),
                n => write!(f, "out of memory, {n} bytes were requested; free some and call again"),
            },
            Self::InvalidHandle { what } => write!(f, "invalid handle: {what}"),
            Self::Poisoned { cause } => {
                write!(f, "the store refuses this call because {cause}; close it and open it again")
            }
            Self::Internal { what } => write!(f, "a bug in syna-mmap, please report it: {what}"),
            Self::Cancelled => f.write_str("cancelled by the caller"),
            Self::Limit { what, limit, actual } => {
                write!(f, "{what}: at most {limit} are allowed, {actual} were requested")
            }
        }
    }
}

impl std::error::Error for SynaError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } | Self::NoSpace { source, .. } => Some(source),
            _ => None,
        }
    }
}
