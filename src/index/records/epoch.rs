//! Epoch-based reclamation (Fraser, "Practical lock-freedom", 2004, 5.2.3), with one counter of readers for each
//! parity.

use crate::sync::{AtomicU32, Ordering::SeqCst};

/// The current epoch and the readers in it.
#[derive(Debug, Default)]
pub(crate) struct Readers {
    pub(crate) epoch: AtomicU32,
    counts: [AtomicU32; 2],
}

/// A registered reader; dropping it unregisters the reader.
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
    /// Registers a reader in the current epoch.
    pub(crate) fn enter(&self) -> Counted<'_> {
        loop {
            let epoch = self.epoch.load(SeqCst);
            let [even, odd] = &self.counts;
            let count = if epoch & 1 == 0 { even } else { odd };
            count.fetch_add(1, SeqCst);
            let counted = Counted { count };
            // If the epoch has advanced meanwhile, this registration would not delay reclamation: try again.
            if self.epoch.load(SeqCst) == epoch {
                return counted;
            }
        }
    }

    /// Advances the epoch if every reader of the previous epoch has left. Returns the current epoch. One caller at a
    /// time.
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
