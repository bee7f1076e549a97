//! The one error type of the crate: what went wrong, with the numbers, and what to do about it.

use crate::short_path::ShortPath;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Every result of this crate.
pub type Result<T> = std::result::Result<T, SynaError>;

/// Why a call failed. `Display` is one sentence that says what to do.
#[derive(Debug)]
#[non_exhaustive]
pub enum SynaError {
    /// An argument has a value that is never right.
    InvalidArgument {
        /// What is wrong with it.
        what: String,
    },
    /// Dimensions outside 64..=8192.
    InvalidDimensions {
        /// The dimensions asked for.
        dimensions: u32,
    },
    /// A vector, or the dimensions asked for, differ from the store's.
    DimensionMismatch {
        /// The store's dimensions.
        expected: u32,
        /// What was given.
        actual: u64,
    },
    /// The metric asked for differs from the file's.
    MetricMismatch {
        /// The file's metric.
        expected: crate::DistanceMetric,
        /// The metric asked for.
        actual: crate::DistanceMetric,
    },
    /// A vector has a component that is NaN or infinite.
    InvalidVector {
        /// The vector's place in its batch; 0 for a single one.
        position: usize,
        /// The component's place in its vector.
        component: usize,
        /// The component.
        value: f32,
    },
    /// A key is too long or is not UTF-8.
    InvalidKey {
        /// The key's place in its batch; 0 for a single one.
        position: usize,
        /// What is wrong with it.
        what: String,
    },
    /// There is no such key, or no such file.
    NotFound {
        /// What was looked for.
        what: String,
    },
    /// Another writer has the store open.
    Locked {
        /// The store's file.
        path: PathBuf,
    },
    /// A write to a store that was opened for reading.
    ReadOnly {
        /// The store's file.
        path: PathBuf,
    },
    /// The file is damaged, or is no file of ours.
    Corrupt {
        /// The damaged file.
        path: PathBuf,
        /// Where in the file.
        offset_bytes: u64,
        /// What does not check.
        what: String,
    },
    /// The file is of a version, or needs a feature, that this library does not know.
    UnsupportedVersion {
        /// The file.
        path: PathBuf,
        /// What it needs.
        what: String,
    },
    /// The file is of the older MVEC format.
    LegacyFormat {
        /// The file.
        path: PathBuf,
    },
    /// The operating system refused an operation.
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// The system's own error.
        source: io::Error,
    },
    /// The disk is full.
    NoSpace {
        /// The file that was to grow.
        path: PathBuf,
        /// How much was asked for.
        needed_bytes: u64,
        /// The system's own error.
        source: io::Error,
    },
    /// Memory could not be had.
    NoMemory {
        /// How much was asked for.
        needed_bytes: u64,
    },
    /// A handle that is closed, was never given out, or belongs to the parent process.
    InvalidHandle {
        /// What is known about it.
        what: &'static str,
    },
    /// The store refuses the call until it is opened again.
    Poisoned {
        /// What happened.
        cause: String,
    },
    /// A bug in this library.
    Internal {
        /// What was caught.
        what: String,
    },
    /// The host asked for the work to stop.
    Cancelled,
    /// A stated limit was passed.
    Limit {
        /// Which one.
        what: &'static str,
        /// The most that is allowed.
        limit: u64,
        /// What was asked for.
        actual: u64,
    },
}

impl SynaError {
    /// Shorthand for [`SynaError::InvalidArgument`].
    pub(crate) fn argument(what: impl Into<String>) -> Self {
        Self::InvalidArgument { what: what.into() }
    }

    /// [`SynaError::NotFound`] of a key, which may be too long to be shown whole.
    pub(crate) fn no_such_key(key: &str) -> Self {
        let shown: String = key.chars().take(100).collect();
        Self::NotFound { what: format!("the key {shown:?}") }
    }

    /// Shorthand for [`SynaError::Corrupt`].
    pub(crate) fn corrupt(path: &Path, offset_bytes: u64, what: impl Into<String>) -> Self {
        Self::Corrupt { path: path.to_owned(), offset_bytes, what: what.into() }
    }

    /// An I/O error under its right name: a full disk is [`SynaError::NoSpace`].
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

/// An error as text, with paths that have at most so many bytes.
pub(crate) struct Shortened<'a>(pub(crate) &'a SynaError, pub(crate) usize);

impl fmt::Display for Shortened<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.describe(f, self.1)
    }
}

impl SynaError {
    /// The sentence; `most` is how many bytes a path may have.
    fn describe(&self, f: &mut fmt::Formatter<'_>, most: usize) -> fmt::Result {
        let shown = |path| ShortPath { path, most };
        match self {
            Self::InvalidArgument { what } => write!(f, "invalid argument: {what}"),
            Self::InvalidDimensions { dimensions } => {
                write!(f, "{dimensions} dimensions are not supported; use 64 to 8192")
            }
            Self::DimensionMismatch { expected, actual } => {
                write!(f, "the store has {expected} dimensions, {actual} were given; pass {expected}")
            }
            Self::MetricMismatch { expected, actual } => write!(
                f,
                "the store was made for the {} metric, {} was asked for; open it with {}, or take the metric from the file",
                expected.name(),
                actual.name(),
                expected.name()
            ),
            Self::InvalidVector { position, component, value } => write!(
                f,
                "vector {position} has {value} as component {component}; only finite numbers can be stored or searched for"
            ),
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
                "{} is a store in the older MVEC format, version 1; import it into a new store, the old file stays as it is",
                shown(path)
            ),
            Self::Io { path, doing, source } => write!(f, "{doing} {}: {source}", shown(path)),
            Self::NoSpace { path, needed_bytes, source } => {
                write!(f, "no space for {}", shown(path))?;
                if *needed_bytes > 0 {
                    write!(f, " to grow by {needed_bytes} bytes")?;
                }
                write!(f, " ({source}); free some space and call again, the store is as it was")
            }
            Self::NoMemory { needed_bytes } => match needed_bytes {
                0 => f.write_str("memory could not be had; free some and call again"),
                n => write!(f, "{n} bytes of memory could not be had; free some and call again"),
            },
            Self::InvalidHandle { what } => write!(f, "invalid handle: {what}"),
            Self::Poisoned { cause } => {
                write!(f, "the store refuses this call since {cause}; close it and open it again")
            }
            Self::Internal { what } => write!(f, "a bug in syna-mmap, please report it: {what}"),
            Self::Cancelled => f.write_str("cancelled by the host"),
            Self::Limit { what, limit, actual } => {
                write!(f, "{what}: at most {limit}, {actual} were asked for")
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
