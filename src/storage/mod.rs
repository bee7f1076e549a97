//! Layer 1: the data file. It knows rows, frames and bytes, but neither the index nor searches.
//!
//! ```text
//! | slot 0 | slot 1 | vectors | log | vectors | log | log | vectors | ...   -> grows
//!   16 KiB   16 KiB   extents, each with a header page; rows at a fixed stride, frames one after another
//! ```
//!
//! ```text
//! read path:   file::data_file opens -> extent_mapping maps the extents -> replay reads the frames -> rows and keys are read in
//!              the mapping
//! write path:  append::appender -> space (the file grows) -> row_writer (rows) -> frame_encode (the batch's frame)
//!                               -> sync -> superblock (a checkpoint)
//!              both do all I/O through the trait in io::medium
//! ```
//!
//! The folders, lowest first; each uses only those above it:
//!
//! | folder | content |
//! | --- | --- |
//! | `platform/` | what differs between platforms; threads |
//! | `io/` | the trait through which all I/O goes, and its implementations |
//! | `format/` | the file format: conversion between bytes and types |
//! | `file/` | a data file: creating, opening, recovery, growth |
//! | `append/` | writing: batches, checkpoints |
//! | `simulated/` | an implementation for tests: it records, makes calls fail, and simulates power failures |

mod append;
mod file;
mod format;
mod io;
mod platform;
#[cfg(test)]
pub(crate) mod simulated;

pub(crate) use append::appender::Appender;
pub(crate) use append::row_writer::NewRows;
pub(crate) use file::column_list::{mark_of, read_columns};
pub(crate) use file::data_file::{
    DataFile, begin_copy, create, is_leftover_of, open_existing, read_superblock,
};
pub(crate) use file::extent_header::{ExtentKind, MAX_ROWS};
pub(crate) use file::extent_mapping::{Damage, map_extents, map_more_extents};
pub(crate) use file::extents::{Extent, Extents};
pub(crate) use file::frame_walk::FrameWalk;
pub(crate) use file::log_head::has_grown;
pub(crate) use file::lost_extents::superblock_of_damaged;
pub(crate) use file::replay::{RowCheck, replay, replay_from, row_offset};
pub(crate) use format::frame::Frame;
pub(crate) use format::frame_encode::FrameContent;
#[cfg(all(loom, test))]
pub(crate) use format::frame_encode::{encode as encode_frame, finish as finish_frame};
#[cfg(all(loom, test))]
pub(crate) use format::frame_shape::FrameLink;
#[cfg(all(loom, test))]
pub(crate) use format::place::Place;
pub(crate) use format::superblock::{Identity, LogPosition, NewStore, Superblock};
pub(crate) use io::archive::{Archive, Part};
pub(crate) use io::disk::Disk;
pub(crate) use io::huge_pages::HugePages;
pub(crate) use io::medium::{Storage, StorageFile, read_exact_at, write_all_at, write_slices_at};
pub(crate) use io::memory::InMemory;
pub(crate) use io::region::Region;
pub(crate) use io::store_folder::StoreFolder;
pub(crate) use io::temporary::{Temporary, remove_leftovers};
pub(crate) use platform::file_types::{Access, FileIdentity, PathKind, Permissions};
pub(crate) use platform::threads::{THREAD_NAME_PREFIX, spawn, spawn_scoped};
pub(crate) use platform::{file_exists, process_mark};
