//! Floor 1: the data file. It knows rows, frames and bytes; it knows no graph and no search.
//!
//! ```text
//! | slot 0 | slot 1 | vectors | log | vectors | log | log | vectors | ...   -> grows
//!   16 KiB   16 KiB   extents, each with a header page; rows at a fixed stride, frames one after another
//! ```
//!
//! | file | what it is for |
//! | --- | --- |
//! | `layout.rs` | where everything lies: the one table of offsets |
//! | `medium.rs` | the trait through which all I/O goes |
//! | `disk.rs`, `platform/` | the trait on a real file system |
//! | `store_folder.rs` | the same, in the folder of a store, which stays open |
//! | `memory.rs`, `archive.rs` | the trait without a disk; inside a larger file |
//! | `region.rs`, `huge_pages.rs` | mapped bytes, of a file and without one; the files that know memmap2 |
//! | `superblock.rs` | the two slots |
//! | `extents.rs`, `growth.rs` | the pieces a file grows by, and how large they are |
//! | `frame.rs`, `frame/`, `frame_walk.rs` | what a batch looks like in the log; how it comes to; one after another |
//! | `place.rs` | what ties frames and extents to their store and their place in it |
//! | `data_file.rs` | making and opening a file |
//! | `temporary.rs` | files that are filled before they take another one's place; what killed processes left |
//! | `log_reader.rs` | the frames of a log as recovery reads them |
//! | `replay.rs` | recovery: how much of a file counts |
//! | `appender.rs` | writing: batches, checkpoints |
//! | `row_writer.rs`, `row_lane.rs` | the rows of a batch; who writes them |
//! | `log_head.rs` | where the next frame may lie, and what must not be taken for it |
//! | `extent_mapping.rs` | the extents of a file that is opened |
//! | `lost_extents.rs` | identity and extents of a damaged file |
//! | `rewrite.rs` | writing again what a failed sync may have lost |
//! | `threads.rs` | how the library starts a thread |
//! | `simulated/` | the trait again, for tests: recorded, failing, cut off |

mod appender;
mod archive;
mod data_file;
mod disk;
mod extent_mapping;
mod extents;
#[cfg(test)]
mod format_example;
mod frame;
mod frame_walk;
mod growth;
mod huge_pages;
mod layout;
mod log_head;
mod log_reader;
mod lost_extents;
mod medium;
mod memory;
mod place;
mod platform;
mod region;
mod replay;
mod rewrite;
mod row_lane;
mod row_writer;
#[cfg(test)]
pub(crate) mod simulated;
mod store_folder;
mod superblock;
mod temporary;
mod threads;

pub(crate) use appender::Appender;
pub(crate) use archive::Archive;
pub(crate) use data_file::{DataFile, begin_copy, create, is_leftover_of, open_existing, read_superblock};
pub(crate) use disk::Disk;
pub(crate) use extents::{Extent, ExtentKind, MAX_ROWS};
pub(crate) use frame::{Frame, FrameContent};
#[cfg(all(loom, test))]
pub(crate) use frame::{FrameLink, lay_out as lay_out_frame, seal as seal_frame};
pub(crate) use frame_walk::FrameWalk;
pub(crate) use huge_pages::HugePages;
pub(crate) use log_head::has_grown;
pub(crate) use lost_extents::superblock_of_damaged;
pub(crate) use medium::{
    Access, FileIdentity, PathKind, Permissions, Storage, StorageFile, read_exact_at, write_all_at,
    write_slices_at,
};
pub(crate) use memory::InMemory;
#[cfg(all(loom, test))]
pub(crate) use place::Place;
pub(crate) use platform::{file_exists, process_mark};

pub(crate) use extent_mapping::{Damage, map_extents, map_more_extents};
pub(crate) use region::Region;
pub(crate) use replay::{RowCheck, replay, replay_from, row_offset};
pub(crate) use row_writer::NewRows;
pub(crate) use store_folder::StoreFolder;
pub(crate) use superblock::{Identity, LogPosition, Superblock};
pub(crate) use temporary::{Temporary, remove_leftovers};
pub(crate) use threads::{THREAD_NAME_PREFIX, spawn, spawn_scoped};
