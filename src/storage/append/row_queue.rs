//! The write queue of a batch: its parts are written at once, or by another thread during the call.
//!
//! ```text
//!   calling thread   look up keys, check and checksum part 0 | 1 | 2 | 3 ... | the frame
//!                                                     \   \   \
//!   other thread                                  write 0  | 1  | 2 ...
//! ```
//! Parts are written in order by one thread, which stops at the first failure. Meanwhile the calling thread does not
//! access the file, so the file sees the same calls in the same order in both cases.

use crate::storage::io::medium::{StorageFile, write_slices_at};
use crate::storage::platform::threads::spawn_scoped;
use std::io::{self, IoSlice};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// The most parts that wait for the other thread: few enough to stay in the shared cache.
const MOST_WAITING: usize = 16;

/// One write: the bytes and their offset.
type Write<'a> = (Vec<IoSlice<'a>>, u64);

/// See the module.
pub(super) enum WriteQueue<'a, 'f> {
    Own(&'f dyn StorageFile),
    Beside(SyncSender<Write<'a>>),
}

impl<'a> WriteQueue<'a, '_> {
    /// Whether another thread writes.
    pub(super) fn is_beside(&self) -> bool {
        matches!(self, Self::Beside(_))
    }

    /// Writes slices or queues them. The slices are used up afterwards.
    ///
    /// # Errors
    /// Those of this write. With another thread: `BrokenPipe` if an earlier write has failed.
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

/// Calls `feed` with a queue that another thread empties. If the system cannot start a thread, the calling thread
/// writes. When this returns, all queued writes have succeeded or failed. A panic of the thread continues in the
/// caller.
///
/// Returns the result of the writes, and that of `feed`.
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
        // Closes the queue.
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
    fn a_panic_of_the_caller_ends_the_writer_thread() {
        let file = InMemory.open(std::path::Path::new(":memory:"), Access::CreateNew).unwrap();
        let bytes = [7; 100];
        let run = |panics: bool| {
            write_beside(&*file, |queue| {
                for place in 0..50 {
                    queue.put(&mut vec![IoSlice::new(&bytes)], place * 100).unwrap();
                    assert!(!panics || place < 30, "simulated panic");
                }
            })
        };
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(true))).is_err());
        run(false).0.unwrap();
        assert_eq!(file.length_bytes().unwrap(), 5000);
        // A write at an impossible offset fails, and the writes after it get `BrokenPipe`.
        let (written, fed) = write_beside(&*file, |queue| {
            (0..1000).try_for_each(|_| queue.put(&mut vec![IoSlice::new(&bytes)], u64::MAX - 200))
        });
        assert!(written.is_err() && fed.unwrap_err().kind() == io::ErrorKind::BrokenPipe);
    }
}
