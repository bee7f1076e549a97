//! Every file system call fails, once and permanently, in every way. Acknowledged writes are kept, a failed sync
//! disables writes, and reopening finds everything.

use super::change::{Change, Contents};
use super::check::{check_prefix, compare};
use super::trace::{Writing, config_of};
use super::{Random, scratch_folder, setting, size};
use crate::storage::simulated::{Choice, Fault, FaultKind, Mark, Operation, PowerCut, Simulated};
use crate::{MmapVectorConfig, MmapVectorStore, OpenMode, Result, SynaError};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

const KINDS: [FaultKind; 4] =
    [FaultKind::InputOutput, FaultKind::NoSpace, FaultKind::Interrupted, FaultKind::Short];

/// A run with all operations: creation, growth, checkpoints, the index, kills, reopening. A step that fails is skipped;
/// `Err` describes a violated guarantee.
struct FaultRun<'a> {
    disk: &'a Simulated,
    path: &'a Path,
    config: MmapVectorConfig,
    after: Vec<Contents>,
    /// Whether a sync has failed in this session.
    refuses: bool,
}

impl FaultRun<'_> {
    fn open(&self) -> Result<MmapVectorStore> {
        MmapVectorStore::open_on(Arc::new(self.disk.clone()), self.path, self.config.clone())
    }

    /// Runs one step and compares the store with what was acknowledged.
    fn step(
        &mut self,
        store: MmapVectorStore,
        step: impl FnOnce(&mut Writing<'_>) -> Result<()>,
    ) -> std::result::Result<MmapVectorStore, String> {
        let before = store.sequence();
        let batches = self.after.len();
        let mut writing =
            Writing::new(self.disk, store, std::mem::take(&mut self.after), self.config.durability);
        let result = step(&mut writing);
        let Writing { store, mut after, .. } = writing;
        let has_written = store.sequence() > before;
        if result.is_err() && !has_written {
            after.truncate(batches);
        }
        if self.refuses && has_written {
            return Err("the store accepted a write after a failed sync".to_owned());
        }
        self.refuses |= matches!(result, Err(SynaError::Poisoned { .. }));
        self.after = after;
        compare(&store, self.after.last().ok_or("no contents")?, 7)
            .map_err(|what| format!("DIFFERS from what was acknowledged, after {result:?}: {what}"))?;
        Ok(store)
    }

    fn run(&mut self, seed: u64) -> std::result::Result<(), String> {
        let mut random = Random::new(seed);
        for session in 0..3 {
            let Ok(mut store) = self.open() else { continue };
            self.refuses = false;
            for _ in 0..3 {
                store = self.step(store, |writing| writing.step_in(&mut random, 30, seed % 4 < 2))?;
            }
            // Every second run has no index, because syncing its file would also make the name of the data file durable.
            if seed.is_multiple_of(2) {
                store = self.step(store, |writing| {
                    writing.store.build_index()?;
                    writing.mark_durable();
                    Ok(())
                })?;
            }
            // Half of the runs have no compactions, because a new file hides what a failed sync has lost in the old one.
            if seed % 4 < 2 {
                store = self.step(store, |writing| writing.compact_a_little(2))?;
                store = self.step(store, |writing| writing.step(&mut random, 30))?;
                store = self.step(store, |writing| writing.compact())?;
            }
            store = self.step(store, |writing| {
                let rows = vec![writing.row(&mut random)];
                let mode = crate::WriteMode::Upsert;
                writing.change(&Change::Write { rows, mode, deletions: Vec::new() })
            })?;
            if session == 1 {
                // Killed during a compaction: the next open removes the unfinished file.
                if seed % 4 < 2 {
                    store = self.step(store, |writing| writing.compact_a_little(1))?;
                }
                store.abandon();
            } else if store.close().is_ok() {
                self.disk.mark(Mark::Durable(self.after.len() - 1));
            }
        }
        Ok(())
    }
}

/// One run with one fault. Returns how many calls it made.
fn run_with_fault(
    seed: u64,
    folder: &Path,
    fault: Option<Fault>,
    names: &mut Names,
) -> std::result::Result<u64, String> {
    std::fs::remove_dir_all(folder).unwrap();
    std::fs::create_dir_all(folder).unwrap();
    let disk = Simulated::new(seed);
    disk.plan(fault);
    let path = folder.join("store");
    // In some runs a thread reads the index while the log is replayed.
    let threads = usize::from(seed % 4 == 2);
    let config =
        MmapVectorConfig { dimensions: 64, index_threshold: 0, threads, ..config_of(&mut Random::new(seed)) };
    let mut fault_run = FaultRun { disk: &disk, path: &path, config, after: vec![vec![]], refuses: false };
    fault_run.run(seed)?;
    let calls = disk.calls();
    let (called, failed) = disk.called_and_failed();
    names.called.extend(called);
    names.failed.extend(failed);
    disk.plan(None);
    let most = fault_run.after.len() - 1;
    cut_power(&disk, &fault_run, folder)?;
    let store = fault_run.open().map_err(|error| format!("UNOPENABLE after the faults: {error}"))?;
    check_prefix(&store, &fault_run.after, most, most, 1)?;
    store.insert("one more", &[0.5; 64]).map_err(|error| format!("UNUSABLE after the faults: {error}"))?;
    store.close().map_err(|error| format!("UNUSABLE after the faults: {error}"))?;
    Ok(calls)
}

/// Simulates a power failure at the end of a run that loses everything that is not durable.
fn cut_power(disk: &Simulated, fault_run: &FaultRun<'_>, folder: &Path) -> std::result::Result<(), String> {
    let mut cut = PowerCut::default();
    let mut durable = None;
    for operation in &disk.operations() {
        cut.apply(operation);
        if let Operation::Mark(Mark::Durable(batches)) = operation {
            durable = Some(*batches);
        }
    }
    let Some(least) = durable else { return Ok(()) };
    let after_cut = folder.join("after-cut");
    std::fs::create_dir_all(&after_cut).unwrap();
    for (path, bytes) in &cut.image(&Choice::default()) {
        std::fs::write(after_cut.join(path.file_name().unwrap()), bytes).unwrap();
    }
    let path = after_cut.join("store");
    let config = MmapVectorConfig {
        open: OpenMode { must_exist: true, ..OpenMode::default() },
        ..fault_run.config.clone()
    };
    let store = MmapVectorStore::open_on(Arc::new(Simulated::new(9)), &path, config)
        .map_err(|error| format!("UNOPENABLE after a power failure: {error}"))?;
    check_prefix(&store, &fault_run.after, least, fault_run.after.len() - 1, 7)
        .map_err(|what| format!("after a power failure: {what}"))?;
    store.abandon();
    std::fs::remove_dir_all(&after_cut).unwrap();
    Ok(())
}

#[derive(Debug, Default)]
pub(super) struct Names {
    called: BTreeSet<&'static str>,
    failed: BTreeSet<&'static str>,
    runs: u64,
}

/// Runs each seed once for every call and every way in which it can fail. With a `stride` of n, each call fails in one of
/// n ways, which differ from call to call.
pub(super) fn sweep(first_seed: u64, seeds: u64, stride: u64) -> std::result::Result<Names, String> {
    let ways: Vec<_> = KINDS.into_iter().flat_map(|kind| [(kind, false), (kind, true)]).collect();
    let folder = scratch_folder(&format!("faults-{first_seed}"));
    let mut names = Names::default();
    for seed in first_seed..first_seed + seeds {
        let calls = run_with_fault(seed, &folder, None, &mut names)?;
        for at in 0..calls {
            for (_, &(kind, is_for_ever)) in (at..).zip(&ways).filter(|(way, _)| way.is_multiple_of(stride)) {
                let fault = Fault { at, kind, is_for_ever };
                run_with_fault(seed, &folder, Some(fault), &mut names)
                    .map_err(|what| format!("SYNA_MMAP_SEED={seed} {fault:?}: {what}"))?;
                names.runs += 1;
            }
        }
    }
    Ok(names)
}

/// A sync fails. Then the power fails, in case the store claims that a later checkpoint succeeded.
///
/// # Errors
/// The violated guarantee.
pub(super) fn fail_a_sync() -> std::result::Result<(), String> {
    let folder = scratch_folder("failed-sync-and-cut");
    let disk = Simulated::new(1);
    let path = folder.join("store");
    let config = MmapVectorConfig { dimensions: 64, index_threshold: 0, ..config_of(&mut Random::new(1)) };
    let config = MmapVectorConfig { durability: crate::Durability::Process, ..config };
    let mut fault_run = FaultRun { disk: &disk, path: &path, config, after: vec![vec![]], refuses: false };
    let mut store = fault_run.open().map_err(|error| format!("UNOPENABLE: {error}"))?;
    store = fault_run.step(store, |writing| writing.checkpoint())?;
    store = fault_run.step(store, |writing| {
        let rows = [writing.row(&mut Random::new(2))];
        writing.change(&Change::insert(&rows))
    })?;
    disk.fail_next("sync");
    for _ in 0..2 {
        store = fault_run.step(store, |writing| writing.checkpoint())?;
    }
    store.abandon();
    cut_power(&disk, &fault_run, &folder)?;
    Ok(())
}

#[test]
fn no_failing_call_loses_acknowledged_writes() {
    let seed = setting("SYNA_MMAP_SEED", 1);
    let lives = size("SYNA_MMAP_FAULT_LIVES", 4, 3);
    let stride = size("SYNA_MMAP_FAULT_STRIDE", 1, 8);
    let names = sweep(seed, lives, stride).unwrap_or_else(|what| panic!("{what}"));
    println!(
        "{lives} seeds, {} runs with one fault each; calls that failed at least once: {:?}",
        names.runs, names.failed
    );
    assert_eq!(names.called, names.failed, "calls that never failed");
}

#[test]
fn after_a_failed_sync_reads_work_and_writes_are_refused() {
    let folder = scratch_folder("failed-sync");
    let path = folder.join("store");
    let config = MmapVectorConfig { dimensions: 64, ..config_of(&mut Random::new(1)) };
    let config = MmapVectorConfig { durability: crate::Durability::Process, ..config };
    let disk = Simulated::new(1);
    let open = || MmapVectorStore::open_on(Arc::new(disk.clone()), &path, config.clone());
    let store = open().unwrap();
    store.insert("first", &[1.0; 64]).unwrap();
    disk.fail_next("sync");
    assert!(matches!(store.checkpoint().unwrap_err(), SynaError::Io { doing: "syncing", .. }));
    let error = store.insert("second", &[2.0; 64]).unwrap_err();
    assert!(
        matches!(error, SynaError::Poisoned { .. }) && error.to_string().contains("open it again"),
        "{error}"
    );
    assert!(matches!(store.checkpoint().unwrap_err(), SynaError::Poisoned { .. }));
    assert!(matches!(store.delete("first").unwrap_err(), SynaError::Poisoned { .. }));
    assert_eq!(store.search(&[1.0; 64], 3).unwrap()[0].key, "first");
    assert!(matches!(store.close().unwrap_err(), SynaError::Poisoned { .. }));
    let store = open().unwrap();
    assert_eq!(store.keys_bytes(), [b"first"]);
    store.insert("second", &[2.0; 64]).unwrap();
    store.close().unwrap();
}
