//! Failpoints: faults that a test can set in the code, to show that the crash tests detect them. Outside of tests the
//! checks are compiled out.

/// A failpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failpoint {
    /// A checkpoint names bytes that it did not sync.
    SkipDataSync,
    /// A checkpoint writes its slot before it syncs what the slot names.
    SlotBeforeData,
    /// Both slots have the same offset.
    SameSlot,
    /// With `Durability::Batch`, a batch is acknowledged without a sync.
    SkipBatchSync,
    /// A failed sync is repeated, and its success is trusted.
    RetrySync,
    /// What recovery found after the checkpoint is not written again.
    ForgetRewrite,
    /// A new file is renamed before its bytes are synced.
    RenameBeforeSync,
    /// The name of a new file is not synced.
    SkipFolderSync,
    /// A session does not sync the name of its file.
    SkipNameSync,
    /// A compaction replaces the file before the bytes of the new one are synced.
    SealWithoutSync,
    /// A compaction ignores deletions that were made while it copied.
    KeepDeadRows,
    /// A compaction ignores rows that were written while it copied.
    LoseLateRows,
    /// A compaction ignores updates of tags and payloads that were made while it copied.
    LoseLateUpdates,
    /// A checkpoint writes the user block of the previous one.
    KeepUserBlock,
    /// After a compaction, writes go to the old file.
    WriteToOldFile,
    /// The leftover of a killed compaction is not removed.
    KeepLeftover,
    /// A short write is treated as complete.
    ShortWriteIsWhole,
    /// The log advances although its frame was not written.
    AdvanceOnFailure,
    /// The checksum of a frame is not checked.
    IgnoreFrameChecksum,
    /// A frame is not compared with the previous one.
    IgnoreChain,
    /// All sessions have the same number.
    SameSession,
    /// Rows after the checkpoint are not checked.
    IgnoreRowChecksum,
    /// Recovery ends at the checkpoint.
    StopAtCheckpoint,
    /// A stale frame is left where the next one may go.
    LeaveStaleHeads,
    /// A stale extent is left after the last one.
    LeaveStaleExtents,
    /// Recovery ignores deletions.
    LoseDeletions,
    /// Recovery ignores updates of tags and payloads.
    LoseUpdates,
    /// Frames contain no tags.
    LoseTags,
    /// The values of columns are stored as zeros.
    LoseValues,
    /// An index of other rows is used.
    KeepForeignIndex,
    /// A second writer is allowed.
    IgnoreLock,
    /// Close does not return the error of its checkpoint.
    CloseHidesError,
    /// A key that occurs twice in a batch is stored twice.
    MissDuplicates,
    /// Orphans are candidates of every search at distance minus infinity. For the tests of the index: crash tests do
    /// not measure the recall.
    OrphansFirst,
    /// Linked rows do not link back. For the tests of the index.
    NoBackLinks,
}

#[cfg(test)]
pub(crate) use setting::{ALL, is_failpoint_set, set_failpoint};

/// No failpoint is set outside of tests.
#[cfg(not(test))]
#[inline(always)]
pub(crate) const fn is_failpoint_set(_: Failpoint) -> bool {
    false
}

#[cfg(test)]
mod setting {
    use super::Failpoint;
    use std::cell::Cell;

    pub(crate) const ALL: [Failpoint; 33] = [
        Failpoint::SkipDataSync,
        Failpoint::SlotBeforeData,
        Failpoint::SameSlot,
        Failpoint::SkipBatchSync,
        Failpoint::RetrySync,
        Failpoint::ForgetRewrite,
        Failpoint::RenameBeforeSync,
        Failpoint::SkipFolderSync,
        Failpoint::SkipNameSync,
        Failpoint::SealWithoutSync,
        Failpoint::KeepDeadRows,
        Failpoint::LoseLateRows,
        Failpoint::LoseLateUpdates,
        Failpoint::KeepUserBlock,
        Failpoint::WriteToOldFile,
        Failpoint::KeepLeftover,
        Failpoint::ShortWriteIsWhole,
        Failpoint::AdvanceOnFailure,
        Failpoint::IgnoreFrameChecksum,
        Failpoint::IgnoreChain,
        Failpoint::SameSession,
        Failpoint::IgnoreRowChecksum,
        Failpoint::StopAtCheckpoint,
        Failpoint::LeaveStaleHeads,
        Failpoint::LeaveStaleExtents,
        Failpoint::LoseDeletions,
        Failpoint::LoseUpdates,
        Failpoint::LoseTags,
        Failpoint::LoseValues,
        Failpoint::KeepForeignIndex,
        Failpoint::IgnoreLock,
        Failpoint::CloseHidesError,
        Failpoint::MissDuplicates,
    ];

    thread_local! {
        static CURRENT: Cell<Option<Failpoint>> = const { Cell::new(None) };
    }

    /// Sets the failpoint of the calling thread, or clears it.
    pub(crate) fn set_failpoint(failpoint: Option<Failpoint>) {
        CURRENT.set(failpoint);
    }

    pub(crate) fn is_failpoint_set(failpoint: Failpoint) -> bool {
        CURRENT.get() == Some(failpoint)
    }
}
