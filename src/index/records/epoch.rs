//! Who reads, counted by epochs: those of Fraser, "Practical lock-freedom" (2004), 5.2.3, with one count of readers for each
//! parity.

use crate::sync::{AtomicU32, Ordering::SeqCst};

/// Who reads, and in which epoch.
#[derive(Debug, Default)]
pub(crate) struct Readers {
    pub(crate) epoch: AtomicU32,
    counts: [AtomicU32; 2],
}

/// A reader that is counted until this is dropped.
#[derive(Debug)]
pub(crate) struct Counted<'a> {
    count: &'a AtomicU32,
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.count.fetch_sub(1, SeqCst);
    }
}

impl Readers {
    /// Counts a reader in the epoch of now.
    pub(crate) fn enter(&self) -> Counted<'_> {
        loop {
            let epoch = self.epoch.load(SeqCst);
            let [even, odd] = &self.counts;
            let count = if epoch & 1 == 0 { even } else { odd };
            count.fetch_add(1, SeqCst);
            let counted = Counted { count };
            // Counted too late for an epoch that has passed, it would hold nothing back.
            if self.epoch.load(SeqCst) == epoch {
                return counted;
            }
        }
    }

    /// The epoch now, after a step on if every reader of the epoch before has left. One caller at a time.
    pub(crate) fn advance(&self) -> u32 {
        let epoch = self.epoch.load(SeqCst);
        let [even, odd] = &self.counts;
        let before = if epoch & 1 == 0 { odd } else { even };
        if before.load(SeqCst) != 0 {
            return epoch;
        }
        self.epoch.store(epoch.wrapping_add(1), SeqCst);
        epoch.wrapping_add(1)
    }
}
