//! The way that pieces of a batch take into the file: written at once, or by a thread of the call's own.
//!
//! ```text
//!   the calling thread   look up keys, check and checksum piece 0 | 1 | 2 | 3 ... | the frame
//!                                                      \   \   \
//!   the other one                                  write 0  | 1  | 2 ...
//! ```
//! Pieces are written in their order by one thread, which ends at the first that fails. Meanwhile the calling thread asks
//! nothing of the file, so the file sees the same calls in the same order either way.

use crate::storage::io::medium::{StorageFile, write_slices_at};
use crate::storage::platform::threads::spawn_scoped;
use std::io::{self, IoSlice};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Pieces that may wait for the other thread: so few that they lie in the cache which both share.
const MOST_WAITING: usize = 16;

/// One write: the bytes, and where they go.
type Write<'a> = (Vec<IoSlice<'a>>, u64);

/// See the module.
pub(super) enum WriteQueue<'a, 'f> {
    Own(&'f dyn StorageFile),
    Beside(SyncSender<Write<'a>>),
}

impl<'a> WriteQueue<'a, '_> {
    /// Whether what is put here is written by another thread.
    pub(super) fn is_beside(&self) -> bool {
        matches!(self, Self::Beside(_))
    }

    /// Writes slices, or has them written; what is left of them is of no use afterwards.
    ///
    /// # Errors
    /// Of this write; from another thread `BrokenPipe`, where an earlier one failed.
    pub(super) fn put(&mut self, slices: &mut Vec<IoSlice<'a>>, offset_bytes: u64) -> io::Result<()> {
        match self {
            Self::Own(file) => write_slices_at(*file, slices, offset_bytes),
            Self::Beside(sender) => sender
                .send((std::mem::take(slices), offset_bytes))
                .map_err(|_| io::ErrorKind::BrokenPipe.into()),
        }
    }
}

fn write_all(file: &dyn StorageFile, waiting: Receiver<Write<'_>>) -> io::Result<()> {
    for (mut slices, offset_bytes) in waiting {
        write_slices_at(file, &mut slices, offset_bytes)?;
    }
    Ok(())
}

/// Calls `feed` with a queue that another thread empties; where the system has no thread for it, with one of its own. All
/// that was put there is written, or has failed, when this returns; a panic of that thread goes on in the caller.
///
/// Answers how the other thread fared, and `feed`.
pub(super) fn write_beside<'a, T>(
    file: &dyn StorageFile,
    feed: impl FnOnce(&mut WriteQueue<'a, '_>) -> T,
) -> (io::Result<()>, T) {
    let (sender, waiting) = sync_channel(MOST_WAITING);
    std::thread::scope(|scope| {
        let Ok(handle) = spawn_scoped(scope, "rows", move || write_all(file, waiting)) else {
            return (Ok(()), feed(&mut WriteQueue::Own(file)));
        };
        let mut queue = WriteQueue::Beside(sender);
        let fed = feed(&mut queue);
        // The end of what there is to write.
        drop(queue);
        match handle.join() {
            Ok(written) => (written, fed),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::io::medium::Storage;
    use crate::storage::io::memory::InMemory;
    use crate::storage::platform::file_types::Access;

    #[test]
    fn a_panic_on_either_side_ends_both_and_goes_on_in_the_caller() {
        let file = InMemory.open(std::path::Path::new(":memory:"), Access::CreateNew).unwrap();
        let bytes = [7; 100];
        let run = |panics: bool| {
            write_beside(&*file, |queue| {
                for place in 0..50 {
                    queue.put(&mut vec![IoSlice::new(&bytes)], place * 100).unwrap();
                    assert!(!panics || place < 30, "planted");
                }
            })
        };
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(true))).is_err());
        run(false).0.unwrap();
        assert_eq!(file.length_bytes().unwrap(), 5000);
        // An offset that no file has: the write fails, and what comes behind it is told so.
        let (written, fed) = write_beside(&*file, |queue| {
            (0..1000).try_for_each(|_| queue.put(&mut vec![IoSlice::new(&bytes)], u64::MAX - 200))
        });
        assert!(written.is_err() && fed.unwrap_err().kind() == io::ErrorKind::BrokenPipe);
    }
}
