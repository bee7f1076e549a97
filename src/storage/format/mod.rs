//! The file format: conversion between bytes and types. Nothing here reads or writes a file.
//!
//! The files, lowest first; each uses only those above it:
//!
//! | file | content |
//! | --- | --- |
//! | `layout.rs` | the one table of offsets |
//! | `superblock.rs` | the two slots |
//! | `place.rs` | the bits that bind frames and extents to their store and offset |
//! | `frame_shape.rs` | the lengths of a frame's sections, and its checksum |
//! | `frame_encode.rs` | encoding a batch as a frame |
//! | `frame.rs` | checking and reading a frame |
//! | `example_tests.rs` | the example of docs/file-format.md |

#[cfg(test)]
mod example_tests;
pub(super) mod frame;
pub(super) mod frame_encode;
pub(super) mod frame_shape;
pub(super) mod layout;
pub(super) mod place;
pub(super) mod superblock;
