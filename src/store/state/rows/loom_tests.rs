//! Model checking of how rows are published to readers, over all interleavings and memory orders (loom).
//!
//! It runs `RowTable`, `AppendTable` and `Published` themselves, on loom's atomics (`src/sync`). A store adds the file,
//! whose bytes are written before `add`, and the lock of the directory.
//!
//! ```sh
//! RUSTFLAGS="--cfg loom" cargo test --lib --release loom_tests
//! ```

use super::{Published, RowTable, Snapshot};
use crate::DistanceMetric;
use crate::storage::{
    Frame, FrameContent, FrameLink, NewStore, Place, Superblock, encode_frame, finish_frame,
};
use crate::sync::Ordering;
use loom::sync::Arc;

/// A frame of rows from `first_row` on, with tags and (empty) payloads.
fn frame(first_row: u32, rows: u32, deletions: &[u32]) -> Vec<u8> {
    let count = rows as usize;
    let content = FrameContent {
        first_row,
        key_ends: &(1..=rows).collect::<Vec<_>>(),
        key_bytes: &vec![b'k'; count],
        tags: &vec![7; count],
        payload_ends: &vec![0; count],
        payload_bytes: &[],
        deletions,
        updates: &[],
        updated_columns: 0,
        updated_values: &[],
    };
    let mut bytes = Vec::new();
    encode_frame(&content, FrameLink { sequence: 1, session: 1, previous: 0 }, &mut bytes).unwrap();
    let new = NewStore::of(64, DistanceMetric::Cosine);
    let identity = Superblock::empty([7; 16], &new).identity;
    finish_frame(&mut bytes, &vec![0; count], Place::new(&identity, 0));
    bytes
}

#[derive(Default)]
struct Tables {
    rows: RowTable,
    published: Published,
}

impl Tables {
    /// As a write does it: reserves, then adds. The frame's offset is never 0, so an entry of 0 was not seen.
    fn add(&self, bytes: &[u8], deletions_before: u32) {
        let frame = Frame::known(bytes).unwrap();
        let deletions: Vec<u32> = frame.deletions().collect();
        self.rows.reserve(frame.first_row(), frame.row_count(), frame.has_tags(), &deletions).unwrap();
        self.rows.add(&frame, 4096 + u64::from(frame.first_row()) * 512, deletions_before).unwrap();
    }

    /// Tables with one published row.
    fn begun() -> Arc<Self> {
        let tables = Arc::new(Self::default());
        tables.add(&frame(0, 1, &[]), 0);
        tables.published.store(BEFORE);
        tables
    }

    /// A reader: checks that all that its snapshot promises is there, and nothing else.
    fn look(&self) {
        let snapshot = self.published.load();
        assert!(snapshot == BEFORE || snapshot == AFTER, "a batch is seen whole or not at all: {snapshot:?}");
        for row in 0..snapshot.rows {
            let key = self.rows.keys.get(row as usize).map_or(0, |cell| cell.load(Ordering::Relaxed));
            assert_ne!(key, 0, "row {row} is published and has no key");
            assert_eq!(self.rows.tags(row), 7, "row {row} is published and has no tags");
        }
        let live: Vec<bool> = (0..snapshot.rows).map(|row| self.rows.is_live(row, snapshot)).collect();
        match snapshot == BEFORE {
            true => assert_eq!(live, [true], "a deletion is seen before its moment"),
            false => assert_eq!(live, [false, true, true], "a deletion is not seen"),
        }
        let (frames, first_row, offset_bytes) = self.rows.payloads.newest_frame();
        assert!(frames >= if snapshot == BEFORE { 1 } else { 2 }, "payloads are missing");
        assert_eq!(first_row, frames - 1);
        assert_ne!(offset_bytes, 0);
    }
}

const BEFORE: Snapshot = Snapshot { rows: 1, deletions: 0 };
/// Two more rows, one of which replaces row 0.
const AFTER: Snapshot = Snapshot { rows: 3, deletions: 1 };

/// Runs two readers and a writer that calls `write`, in every interleaving.
fn explore(write: fn(&Tables)) {
    let mut model = loom::model::Builder::new();
    // Errors usually show with few preemptions; without a bound the exploration does not end.
    model.preemption_bound = Some(3);
    model.check(move || {
        let tables = Tables::begun();
        let of_writer = Arc::clone(&tables);
        let of_reader = Arc::clone(&tables);
        let writer = loom::thread::spawn(move || write(&of_writer));
        let reader = loom::thread::spawn(move || of_reader.look());
        tables.look();
        writer.join().unwrap();
        reader.join().unwrap();
        assert_eq!(tables.published.load(), AFTER);
        tables.look();
    });
}

#[test]
fn readers_see_whole_batches() {
    explore(|tables| {
        tables.add(&frame(1, 2, &[0]), 0);
        tables.published.store(AFTER);
    });
}

#[test]
#[should_panic(expected = "published and has no key")]
fn a_count_published_before_its_rows_is_caught() {
    explore(|tables| {
        tables.published.store(AFTER);
        tables.add(&frame(1, 2, &[0]), 0);
    });
}

#[test]
#[should_panic(expected = "published and has no key")]
fn a_count_published_without_release_is_caught() {
    explore(|tables| {
        tables.add(&frame(1, 2, &[0]), 0);
        let packed = u64::from(AFTER.rows) | u64::from(AFTER.deletions) << 32;
        tables.published.packed.store(packed, Ordering::Relaxed);
    });
}

#[test]
#[should_panic(expected = "a deletion is not seen")]
fn a_deletion_after_its_count_is_caught() {
    explore(|tables| {
        let bytes = frame(1, 2, &[]);
        tables.add(&bytes, 0);
        tables.published.store(AFTER);
        tables.rows.deleted_by.get_or_grow(0).unwrap().store(1, Ordering::Relaxed);
    });
}
