//! A file system that remembers: every call is recorded, any call can be made to fail, and from the record comes
//! every state that a power cut could have left on the disk. Only for tests.
//!
//! ```text
//!   store -> Simulated -> real files in a folder of the test's (the page cache: what the process sees)
//!                 |-> Record (operations) -> Disk image after a power cut -> a folder to open again
//! ```
//!
//! | file | what it is for |
//! | --- | --- |
//! | `disk.rs` | [`Simulated`]: the trait, recorded, with faults |
//! | `file.rs` | its files |
//! | `image.rs` | what may be on the disk after a power cut |

mod disk;
mod file;
mod image;

pub(crate) use disk::{Fault, FaultKind, Mark, Operation, Simulated};
pub(crate) use image::{Choice, Image, PowerCut};
