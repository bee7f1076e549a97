//! Types for files that all platforms share: access, identity, permissions, the kind of a path.

use std::io;

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    ReadWrite,
    /// For reading and writing; fails if the file exists.
    CreateNew,
    /// As `CreateNew`, accessible only to the owner until it gets the permissions of another file.
    CreatePrivate,
}

/// Distinguishes a file from another one that later has its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileIdentity {
    pub(crate) device: u64,
    pub(crate) inode: u64,
}

/// Owner, group, mode and access list of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Permissions {
    pub(crate) mode: u32,
    pub(crate) owner: u32,
    pub(crate) group: u32,
    /// The POSIX access control list, in the format of the system.
    pub(crate) access_list: Option<Vec<u8>>,
}

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PathKind {
    Missing,
    File(FileIdentity),
    Folder,
    /// A device, a pipe, a socket or a symbolic link.
    Other,
}

/// Why the names in a folder are not known to be durable.
#[derive(Debug)]
pub(crate) enum FolderSyncError {
    /// The sync was not started, for lack of a descriptor or a permission. It can be repeated.
    NotBegun(io::Error),
    /// The sync failed: it is unknown what is on the disk.
    Failed(io::Error),
}

impl From<FolderSyncError> for io::Error {
    fn from(error: FolderSyncError) -> Self {
        match error {
            FolderSyncError::NotBegun(error) | FolderSyncError::Failed(error) => error,
        }
    }
}
