//! A data file: making, opening, recovery, and how it grows.
//!
//! The files, lowest first; each uses those above it only:
//!
//! | file | what it is for |
//! | --- | --- |
//! | `extents.rs` | the pieces a file grows by |
//! | `growth.rs` | how large they are |
//! | `data_file.rs` | making and opening a file; the part of an open one that readers share |
//! | `lost_extents.rs` | identity and extents of a damaged file |
//! | `extent_mapping.rs` | the extents of a file that is opened |
//! | `log_head.rs` | where the next frame may lie, and what must not be taken for it |
//! | `frame_walk.rs` | the frames of a log that was replayed before, one after another |
//! | `log_reader.rs` | the frames of a log as recovery reads them |
//! | `replay.rs` | recovery: how much of a file counts |

pub(super) mod data_file;
pub(super) mod extent_mapping;
pub(super) mod extents;
pub(super) mod frame_walk;
pub(super) mod growth;
pub(super) mod log_head;
mod log_reader;
pub(super) mod lost_extents;
pub(super) mod replay;
