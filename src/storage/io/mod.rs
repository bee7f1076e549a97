//! The trait through which all I/O goes, and its implementations. Nothing here knows what a file holds.
//!
//! The files, lowest first; each uses those above it only:
//!
//! | file | what it is for |
//! | --- | --- |
//! | `huge_pages.rs` | mapped bytes without a file |
//! | `region.rs` | mapped bytes of a file; these two are the files that know memmap2 |
//! | `medium.rs` | the trait, and reads and writes that go on where a call was short |
//! | `disk.rs` | the trait on a real file system |
//! | `store_folder.rs` | the same, in the folder of a store, which stays open |
//! | `memory.rs` | the trait without a disk |
//! | `archive.rs` | the trait inside a larger file |
//! | `temporary.rs` | files that are filled before they take another one's place; what killed processes left |

pub(super) mod archive;
pub(super) mod disk;
pub(super) mod huge_pages;
pub(super) mod medium;
pub(super) mod memory;
pub(super) mod region;
pub(super) mod store_folder;
pub(super) mod temporary;
