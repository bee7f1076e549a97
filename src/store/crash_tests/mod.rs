//! Power failures, kills and failing calls, tested with the whole store on the simulated file system.
//!
//! A trace is a recorded run of random operations on a store. From it the tests derive the disk images that a power
//! failure could have left. They open each image, compare it with the submitted batches, write to it, and simulate a
//! second power failure.
//!
//! | file | content |
//! | --- | --- |
//! | `change.rs` | a write, and the expected contents after it |
//! | `trace.rs` | a random run of a store, and its expected contents after each batch |
//! | `check.rs` | comparing a recovered store with the expected contents |
//! | `cuts.rs` | the disk images after a power failure; the tests |
//! | `twice.rs` | writing a batch again that a power failure broke, and a second power failure; the test |
//! | `faults.rs` | every file system call fails, once and permanently; the tests |
//! | `failpoints.rs` | failpoints in the library, which the tests above must detect |

mod change;
mod check;
mod cuts;
mod failpoints;
mod faults;
mod trace;
mod twice;

use rand_xoshiro::SplitMix64;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Random numbers that are the same everywhere for the same seed.
#[derive(Debug, Clone)]
struct Random(SplitMix64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(SplitMix64::seed_from_u64(seed))
    }

    fn next(&mut self) -> u64 {
        self.0.next_u64()
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }
}

/// A number from the environment, printed so that a failure can be reproduced.
fn setting(name: &str, default: u64) -> u64 {
    let value = std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    println!("{name}={value}");
    value
}

/// The size of a campaign: the variable `name`; if unset, `full` with `SYNA_MMAP_FULL`, else `sample`.
fn size(name: &str, full: u64, sample: u64) -> u64 {
    let is_full = std::env::var_os("SYNA_MMAP_FULL").is_some_and(|value| value != "0");
    setting(name, if is_full { full } else { sample })
}

/// A folder for simulated disks, removed when this is dropped.
pub(super) struct ScratchFolder(PathBuf);

impl Deref for ScratchFolder {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Drop for ScratchFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A new folder, in memory if the machine has such a file system.
pub(super) fn scratch_folder(name: &str) -> ScratchFolder {
    static FOLDERS: AtomicUsize = AtomicUsize::new(0);
    let memory = Path::new("/dev/shm");
    let base = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
    let folder = base.join(format!("syna-mmap-{name}-{}-{number}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    ScratchFolder(folder)
}
