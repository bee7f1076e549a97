//! Power cuts, kills and failing calls against the whole store, on the simulated file system.
//!
//! A trace is a random life of a store, recorded. Whatever state a power cut could have left is made from the record,
//! opened, compared with the batches that were submitted, written to, and cut off again.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `trace.rs` | a random life of a store, and what it should hold after each batch |
//! | `check.rs` | a recovered store against that |
//! | `cuts.rs` | which states after a power cut are looked at; the tests |
//! | `twice.rs` | a batch that a power cut broke is written once more, and the power goes again; the test |
//! | `faults.rs` | every call of the file system fails, once and for ever; the tests |
//! | `planted.rs` | faults in our own code, which the tests above must find |

mod check;
mod cuts;
mod faults;
mod planted;
mod trace;
mod twice;

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// SplitMix64: small, seeded, the same everywhere.
#[derive(Debug, Clone)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }
}

/// A number from the environment, printed so that a failure can be seen again.
fn setting(name: &str, default: u64) -> u64 {
    let value = std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    println!("{name}={value}");
    value
}

/// The size of a campaign: what the variable `name` says; otherwise `full` if `SYNA_MMAP_FULL` is set, and `sample` if not.
fn size(name: &str, full: u64, sample: u64) -> u64 {
    let is_full = std::env::var_os("SYNA_MMAP_FULL").is_some_and(|value| value != "0");
    setting(name, if is_full { full } else { sample })
}

/// A folder for simulated disks, taken away when this is dropped.
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

/// A folder of its own for each caller, in memory where the machine has such a file system.
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
