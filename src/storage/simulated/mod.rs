//! A file system for tests. It records every call, can make any call fail, and computes from the record the possible
//! states of the disk after a power failure.
//!
//! ```text
//!   store -> Simulated -> real files in a folder of the test (the page cache: what the process sees)
//!                 |-> record (operations) -> disk image after a power failure -> a folder to open again
//! ```
//!
//! | file | content |
//! | --- | --- |
//! | `disk.rs` | [`Simulated`]: the trait, recorded, with faults |
//! | `file.rs` | its files |
//! | `image.rs` | the possible contents of the disk after a power failure |

mod disk;
mod file;
mod image;

pub(crate) use disk::{Fault, FaultKind, Mark, Operation, Simulated};
pub(crate) use image::{Choice, Image, PowerCut};
