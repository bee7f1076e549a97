//! The trait through which all I/O goes, and its implementations. Nothing here depends on the content of a file.
//!
//! The files, lowest first; each uses only those above it:
//!
//! | file | content |
//! | --- | --- |
//! | `huge_pages.rs` | anonymous memory |
//! | `region.rs` | bytes of a file as memory; only these two files use memmap2 |
//! | `medium.rs` | the trait; reads and writes that continue after a short call |
//! | `disk.rs` | the trait on a real file system |
//! | `store_folder.rs` | the same, in the open folder of a store |
//! | `memory.rs` | the trait in memory |
//! | `given.rs` | the caller's memory as a file |
//! | `archive.rs` | the trait inside a larger file or the caller's memory |
//! | `temporary.rs` | files that are filled before they replace another one; leftovers of killed processes |

pub(super) mod archive;
pub(super) mod disk;
pub(super) mod given;
pub(super) mod huge_pages;
pub(super) mod medium;
pub(super) mod memory;
pub(super) mod region;
pub(super) mod store_folder;
pub(super) mod temporary;
