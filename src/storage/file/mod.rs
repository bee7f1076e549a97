//! A data file: creating and opening one, recovery, and growth.
//!
//! The files, lowest first; each uses only those above it:
//!
//! | file | content |
//! | --- | --- |
//! | `extent_header.rs` | the header of an extent |
//! | `extents.rs` | the units in which a file grows |
//! | `growth.rs` | the size of new extents |
//! | `column_list.rs` | the list of columns |
//! | `data_file.rs` | creating and opening a file; the part of an open file that readers share |
//! | `lost_extents.rs` | identity and extents of a damaged file |
//! | `extent_mapping.rs` | mapping the extents of a file |
//! | `log_head.rs` | where the next frame may begin, and wiping what must not be mistaken for it |
//! | `frame_walk.rs` | walking the frames of a log that was replayed before |
//! | `log_reader.rs` | reading frames for recovery |
//! | `replay.rs` | recovery: finding the end of the log |

pub(super) mod column_list;
pub(super) mod data_file;
pub(super) mod extent_header;
pub(super) mod extent_mapping;
pub(super) mod extents;
pub(super) mod frame_walk;
pub(super) mod growth;
pub(super) mod log_head;
mod log_reader;
pub(super) mod lost_extents;
pub(super) mod replay;
