//! The file format: bytes to types and back. Nothing here reads or writes a file.
//!
//! The files, lowest first; each uses those above it only:
//!
//! | file | what it is for |
//! | --- | --- |
//! | `layout.rs` | where everything lies: the one table of offsets |
//! | `superblock.rs` | the two slots |
//! | `place.rs` | what ties frames and extents to their store and their place in it |
//! | `frame_shape.rs` | how long the sections of a frame are, and its checksum |
//! | `frame_encode.rs` | a batch becomes a frame |
//! | `frame.rs` | a frame is checked, and read |
//! | `example_tests.rs` | the example of docs/file-format.md |

#[cfg(test)]
mod example_tests;
pub(super) mod frame;
pub(super) mod frame_encode;
pub(super) mod frame_shape;
pub(super) mod layout;
pub(super) mod place;
pub(super) mod superblock;
