//! What differs between platforms: allocation, identity, rename, folder sync, signals, fork. One file for each platform.
//!
//! The files, lowest first; each uses only those above it:
//!
//! | file | content |
//! | --- | --- |
//! | `file_types.rs` | types for files that all platforms share |
//! | `limits.rs` | limits of system calls |
//! | `standard_streams.rs` | keeps the library's files off the standard streams |
//! | `zeros.rs` | writing zeros if the file system cannot allocate space |
//! | `linux.rs` | Linux and Android |
//! | `folder.rs` | Linux and Android: files by their names in an open folder |
//! | `permissions.rs` | Linux and Android: mode, owner, group, access list |
//! | `process_mark.rs` | Linux and Android: a number that a forked child does not share |
//! | `portable.rs` | other systems: what std offers; zeros are written instead of allocating space |
//! | `threads.rs` | starting threads |

pub(super) mod file_types;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod folder;
pub(super) mod limits;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod permissions;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod portable;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod process_mark;
pub(super) mod standard_streams;
pub(super) mod threads;
mod zeros;

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use folder::{Folder, Place};
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use linux::{
    SignalsBlocked, allocate, anonymous_file, begin_sync, detach_mapping, disown, file_exists, identity_of,
    may_be_copied, next_data, read_at, request_huge_pages, set_length, sync_file, write_at,
};
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use permissions::{permissions, set_permissions};
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use process_mark::process_mark;

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) use portable::{
    Folder, Place, SignalsBlocked, allocate, anonymous_file, begin_sync, detach_mapping, disown, file_exists,
    identity_of, may_be_copied, next_data, permissions, process_mark, read_at, request_huge_pages,
    set_length, set_permissions, sync_file, write_at,
};
