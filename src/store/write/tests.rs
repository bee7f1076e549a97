//! Batches that one thread writes while another checks them: the same calls, the same bytes, the same errors.

use crate::storage::simulated::{Fault, FaultKind, Operation, Simulated};
use crate::{
    BatchKeys, BatchPayloads, BatchVectors, DistanceMetric, MmapVectorConfig, MmapVectorStore, SynaError,
    WriteBatch, WriteMode,
};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

/// The folder of a test, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("syna-mmap-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn config(dimensions: u16, threads: usize) -> MmapVectorConfig {
    MmapVectorConfig {
        dimensions,
        metric: DistanceMetric::Euclidean,
        initial_capacity: 0,
        index_threshold: 0,
        checkpoint_interval_secs: 0,
        threads,
        ..MmapVectorConfig::default()
    }
}

/// Rows of about 3 MB, with different keys for each batch.
fn batch(number: usize, dimensions: u16) -> (Vec<String>, Vec<f32>) {
    let count = 3_000_000 / (usize::from(dimensions) * 4);
    let keys = (0..count).map(|row| format!("{number} {row}")).collect();
    let floats = (0..count * usize::from(dimensions)).map(|i| ((i + number) % 977) as f32).collect();
    (keys, floats)
}

fn insert(store: &MmapVectorStore, keys: &[String], floats: &[f32]) -> crate::Result<usize> {
    write(store, keys, floats, WriteMode::Insert)
}

fn write(store: &MmapVectorStore, keys: &[String], floats: &[f32], mode: WriteMode) -> crate::Result<usize> {
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let vectors: Vec<&[f32]> = floats.chunks(store.dimensions().into()).collect();
    store
        .write(&WriteBatch {
            keys: BatchKeys::Slices(&keys),
            vectors: BatchVectors::Slices(&vectors),
            tags: None,
            payloads: BatchPayloads::None,
            mode,
            ..WriteBatch::default()
        })
        .map(|written| written.rows)
}

fn is_whole(store: &MmapVectorStore) -> bool {
    store.verify(&mut |_, _| ControlFlow::Continue(())).unwrap().findings.is_empty()
}

/// Writes batches that make the file grow, then batches with reserved space, and single rows between them. Some keys
/// occur twice.
fn filled(disk: &Simulated, path: &std::path::Path, dimensions: u16, threads: usize) -> MmapVectorStore {
    let config = config(dimensions, threads);
    let store = MmapVectorStore::open_on(Arc::new(disk.clone()), path, config).unwrap();
    for number in 0..4 {
        let (mut keys, floats) = batch(number, dimensions);
        if number == 2 {
            store.reserve(store.len() as u64 + 3 * keys.len() as u64).unwrap();
        }
        let mut twice = 0;
        for place in (1..keys.len()).step_by(97).chain(keys.len() * 3 / 4..keys.len() * 7 / 8) {
            twice += usize::from(keys[place] != keys[0]);
            keys[place] = keys[0].clone();
        }
        assert_eq!(insert(&store, &keys, &floats).unwrap(), keys.len() - twice);
        store.insert(format!("single {number}"), &floats[..dimensions.into()]).unwrap();
    }
    store
}

#[test]
fn writing_on_a_second_thread_gives_the_same_calls_and_file() {
    let folder = Folder::new("beside-same");
    for dimensions in [64, 65, 768, 1000] {
        let [alone, beside] = [0, 1].map(|threads| {
            let disk = Simulated::new(5);
            let path = folder.0.join(format!("{dimensions}-{threads}"));
            filled(&disk, &path, dimensions, threads).close().unwrap();
            let writes: Vec<_> = disk
                .operations()
                .into_iter()
                .filter_map(|operation| match operation {
                    Operation::Write { offset_bytes, bytes, .. } => Some((offset_bytes, bytes.len())),
                    _ => None,
                })
                .collect();
            (disk.calls(), writes, std::fs::read(path).unwrap())
        });
        assert_eq!((alone.0, alone.1), (beside.0, beside.1), "{dimensions} dimensions");
        assert!(alone.2 == beside.2, "{dimensions} dimensions: the files differ");
    }
}

/// A batch that is refused after some of its rows were written leaves nothing.
#[test]
fn a_batch_refused_at_its_last_row_leaves_nothing() {
    let folder = Folder::new("refused-late");
    for (threads, mode) in [0, 1]
        .into_iter()
        .flat_map(|threads| [WriteMode::Insert, WriteMode::Upsert].map(|mode| (threads, mode)))
    {
        let disk = Simulated::new(5);
        let path = folder.0.join(format!("{threads}-{mode:?}"));
        let config = config(70, threads);
        let store = MmapVectorStore::open_on(Arc::new(disk.clone()), &path, config).unwrap();
        store.reserve(30_000).unwrap();
        let (first_keys, first_floats) = batch(0, 70);
        insert(&store, &first_keys, &first_floats).unwrap();
        let (mut keys, floats) = batch(1, 70);
        let last = keys.len() - 1;
        let operations = disk.operations().len();
        // The last element becomes a row, or does not because its key is a duplicate.
        for is_twice in [false, true] {
            keys[last] = if is_twice { keys[0].clone() } else { "the last".to_owned() };
            let mut bad = floats.clone();
            *bad.last_mut().unwrap() = f32::NAN;
            let error = write(&store, &keys, &bad, mode).unwrap_err();
            assert!(
                matches!(error, SynaError::InvalidVector { position, component: 69, .. } if position == last),
                "{error}"
            );
            assert_eq!((store.len(), store.sequence()), (first_keys.len(), 1));
            assert!(keys.iter().all(|key| !store.contains(key)));
            assert!(is_whole(&store));
        }
        let written =
            disk.operations().split_off(operations).into_iter().filter_map(|operation| match operation {
                Operation::Write { offset_bytes, bytes, .. } => Some((offset_bytes, bytes)),
                _ => None,
            });
        // The rows that were written are overwritten by zeros.
        let mut left = std::collections::BTreeMap::new();
        for (offset_bytes, bytes) in written {
            (offset_bytes..).zip(bytes.iter()).for_each(|(at, &byte)| {
                left.insert(at, byte);
            });
        }
        assert!(left.len() > 2_000_000 && left.values().all(|&byte| byte == 0), "{threads} {mode:?}");
        assert_eq!(write(&store, &keys, &floats, mode).unwrap(), last);
        let operations = disk.operations().len();
        assert_eq!(write(&store, &keys, &floats, WriteMode::Insert).unwrap(), 0);
        assert_eq!(disk.operations().len(), operations, "a batch without new keys writes nothing");
        assert_eq!((store.len(), store.sequence()), (first_keys.len() + last, 2));
        assert!(is_whole(&store));
    }
}

#[test]
fn the_error_names_the_first_invalid_vector() {
    let folder = Folder::new("first-wrong");
    let store = MmapVectorStore::new(folder.0.join("store"), config(70, 0)).unwrap();
    store.insert("there", &[0.0; 70]).unwrap();
    for names in [["a", "a", "b"], ["a", "b", "a"], ["there", "there", "a"], ["there", "there", "there"]] {
        let mut floats = vec![1.0; 3 * 70];
        floats[70 + 3] = f32::INFINITY;
        floats[2 * 70] = f32::NAN;
        for mode in [WriteMode::Insert, WriteMode::Upsert] {
            let error = write(&store, &names.map(str::to_owned), &floats, mode).unwrap_err();
            assert!(
                matches!(error, SynaError::InvalidVector { position: 1, component: 3, .. }),
                "{names:?} {mode:?}: {error}"
            );
        }
    }
    assert_eq!((store.len(), store.contains("a"), store.contains("b")), (1, false, false));
}

#[test]
fn a_write_that_fails_midway_changes_nothing() {
    let folder = Folder::new("beside-fails");
    for (threads, kind) in [0, 1].into_iter().flat_map(|threads| {
        [FaultKind::InputOutput, FaultKind::NoSpace, FaultKind::Interrupted, FaultKind::Short]
            .map(|kind| (threads, kind))
    }) {
        let disk = Simulated::new(5);
        let path = folder.0.join(format!("{threads}-{kind:?}"));
        let store = filled(&disk, &path, 70, threads);
        let (mut rows, mut sequence) = (store.len(), store.sequence());
        let (keys, floats) = batch(9, 70);
        // The first calls of a batch allocate space.
        for at in [3, 6, 9] {
            disk.plan(Some(Fault { at, kind, is_for_ever: false }));
            let keys: Vec<String> = keys.iter().map(|key| format!("{at} {key}")).collect();
            let written = insert(&store, &keys, &floats);
            disk.plan(None);
            if matches!(kind, FaultKind::InputOutput | FaultKind::NoSpace) {
                let error = written.unwrap_err();
                assert!(matches!(error, SynaError::Io { .. } | SynaError::NoSpace { .. }), "{error}");
                assert!(!store.contains(&keys[0]) && !store.contains(&keys[keys.len() - 1]));
                assert_eq!((store.len(), store.sequence()), (rows, sequence));
            } else {
                assert_eq!(written.unwrap(), keys.len());
                rows += keys.len();
                sequence += 1;
            }
        }
        assert_eq!(insert(&store, &keys, &floats).unwrap(), keys.len());
        assert!(is_whole(&store));
        store.abandon();
        let store = MmapVectorStore::open_on(Arc::new(disk), &path, config(70, threads)).unwrap();
        assert_eq!(store.len(), rows + keys.len());
        assert!(is_whole(&store));
    }
}
