//! Faults that a test can plant in the code, to show that the crash tests would see them. Outside tests there are
//! none, and the checks are gone from the code.

/// One line of the code gone wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A checkpoint names what it did not sync.
    SkipDataSync,
    /// A checkpoint writes its slot before it syncs what the slot names.
    SlotBeforeData,
    /// Both slots are the same one.
    SameSlot,
    /// With `Durability::Batch`, a batch is acknowledged without a sync.
    SkipBatchSync,
    /// A sync that failed is tried again, as if that proved anything.
    RetrySync,
    /// What recovery found is not written again.
    ForgetRewrite,
    /// A new file gets its name before its bytes are synced.
    RenameBeforeSync,
    /// The name of a new file is not synced.
    SkipFolderSync,
    /// A session does not make sure that its file keeps its name.
    SkipNameSync,
    /// A compaction puts its file in the old one's place before the bytes are synced.
    SealWithoutSync,
    /// A compaction forgets what was deleted while it copied.
    KeepDeadRows,
    /// A compaction forgets what was written while it copied.
    LoseLateRows,
    /// After a compaction, writes go to the old file.
    WriteToOldFile,
    /// What a compaction that was killed has left is not removed.
    KeepLeftover,
    /// A short write is taken for a whole one.
    ShortWriteIsWhole,
    /// The log goes on although its frame was not written.
    AdvanceOnFailure,
    /// A frame's checksum is not looked at.
    IgnoreFrameChecksum,
    /// A frame need not follow the one before.
    IgnoreChain,
    /// All sessions have the same number.
    SameSession,
    /// Rows behind the checkpoint are not checked.
    IgnoreRowChecksum,
    /// Recovery ends at the checkpoint.
    StopAtCheckpoint,
    /// A stale frame is left where the next one may go.
    LeaveStaleHeads,
    /// A stale extent is left behind the last one.
    LeaveStaleExtents,
    /// Recovery forgets deletions.
    LoseDeletions,
    /// Frames do not carry tags.
    LoseTags,
    /// An index over other rows is kept.
    KeepForeignIndex,
    /// A second writer is let in.
    IgnoreLock,
    /// Close does not tell that its checkpoint failed.
    CloseHidesError,
    /// A key that occurs twice in a batch is stored twice.
    MissDuplicates,
    /// Orphans are candidates of every search at distance minus infinity. For the index's own tests: crash tests look at no
    /// recall.
    OrphansFirst,
    /// Rows that are linked to do not link back. For the index's own tests.
    NoBackLinks,
}

#[cfg(test)]
pub(crate) use planting::{ALL, is_planted, plant};

/// Nothing is planted.
#[cfg(not(test))]
#[inline(always)]
pub(crate) const fn is_planted(_: Fault) -> bool {
    false
}

#[cfg(test)]
mod planting {
    use super::Fault;
    use std::cell::Cell;

    pub(crate) const ALL: [Fault; 29] = [
        Fault::SkipDataSync,
        Fault::SlotBeforeData,
        Fault::SameSlot,
        Fault::SkipBatchSync,
        Fault::RetrySync,
        Fault::ForgetRewrite,
        Fault::RenameBeforeSync,
        Fault::SkipFolderSync,
        Fault::SkipNameSync,
        Fault::SealWithoutSync,
        Fault::KeepDeadRows,
        Fault::LoseLateRows,
        Fault::WriteToOldFile,
        Fault::KeepLeftover,
        Fault::ShortWriteIsWhole,
        Fault::AdvanceOnFailure,
        Fault::IgnoreFrameChecksum,
        Fault::IgnoreChain,
        Fault::SameSession,
        Fault::IgnoreRowChecksum,
        Fault::StopAtCheckpoint,
        Fault::LeaveStaleHeads,
        Fault::LeaveStaleExtents,
        Fault::LoseDeletions,
        Fault::LoseTags,
        Fault::KeepForeignIndex,
        Fault::IgnoreLock,
        Fault::CloseHidesError,
        Fault::MissDuplicates,
    ];

    thread_local! {
        static PLANTED: Cell<Option<Fault>> = const { Cell::new(None) };
    }

    /// Plants a fault in the calling thread, or takes it out.
    pub(crate) fn plant(fault: Option<Fault>) {
        PLANTED.set(fault);
    }

    pub(crate) fn is_planted(fault: Fault) -> bool {
        PLANTED.get() == Some(fault)
    }
}
