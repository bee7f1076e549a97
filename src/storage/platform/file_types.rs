//! What all platforms say of files in the same words: how one is opened, whose it is, what a path leads to.

use std::io;

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    ReadWrite,
    /// For reading and writing; fails where the file exists.
    CreateNew,
    /// As `CreateNew`, for nobody but the owner: until it gets the permissions of another file.
    CreatePrivate,
}

/// What tells a file from another one that has taken its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileIdentity {
    pub(crate) device: u64,
    pub(crate) inode: u64,
}

/// Who may do what with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Permissions {
    pub(crate) mode: u32,
    pub(crate) owner: u32,
    pub(crate) group: u32,
    /// The POSIX access list, in the system's own form.
    pub(crate) access_list: Option<Vec<u8>>,
}

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PathKind {
    Missing,
    File(FileIdentity),
    Folder,
    /// A device, a pipe, a socket.
    Other,
}

/// Why the names in a folder are not known to be safe.
#[derive(Debug)]
pub(crate) enum FolderSyncError {
    /// The sync was not begun, for want of a descriptor or a right; it may be tried again.
    NotBegun(io::Error),
    /// It failed: what is on the disk is unknown.
    Failed(io::Error),
}

impl From<FolderSyncError> for io::Error {
    fn from(error: FolderSyncError) -> Self {
        match error {
            FolderSyncError::NotBegun(error) | FolderSyncError::Failed(error) => error,
        }
    }
}
