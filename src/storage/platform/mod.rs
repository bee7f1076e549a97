//! What differs from platform to platform: allocation ahead, identity, rename, folder sync, signals, fork. One file a platform.
//!
//! The files, lowest first; each uses those above it only:
//!
//! | file | what it is for |
//! | --- | --- |
//! | `file_types.rs` | the words in which all platforms speak of files |
//! | `limits.rs` | limits of system calls |
//! | `standard_streams.rs` | no file of ours takes the place of a standard stream |
//! | `zeros.rs` | space where the file system cannot allocate it |
//! | `linux.rs` | Linux and Android |
//! | `folder.rs` | there too: files by their names in an open folder |
//! | `permissions.rs` | there too: mode, owner, group, access list |
//! | `process_mark.rs` | there too: a number that a forked child does not share |
//! | `portable.rs` | anything else: what std has, and zeros written where space cannot be allocated |
//! | `threads.rs` | how the library starts a thread |

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
    may_be_copied, next_data, read_at, set_length, sync_file, write_at,
};
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use permissions::{permissions, set_permissions};
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use process_mark::process_mark;

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) use portable::{
    Folder, Place, SignalsBlocked, allocate, anonymous_file, begin_sync, detach_mapping, disown, file_exists,
    identity_of, may_be_copied, next_data, permissions, process_mark, read_at, set_length, set_permissions,
    sync_file, write_at,
};
