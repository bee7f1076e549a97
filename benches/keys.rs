//! Open with text keys and with 8-byte keys, and writes of many keys at once: deletions, deletions by a condition, updates.
//!
//! `cargo bench --bench keys -- --rows 1000000`, `--help` for more. The stores of both kinds of keys alternate, because the
//! speed of a machine changes from minute to minute; medians are printed.

use clap::Parser;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Instant;
use syna_mmap::{
    BatchKeys, BatchPayloads, BatchVectors, DistanceMetric, Filter, KeyKind, MmapVectorConfig,
    MmapVectorStore, UpdateBatch, WriteBatch,
};

const DIMENSIONS: u16 = 64;
const BATCH_ROWS: usize = 10_000;

#[derive(Parser)]
struct Arguments {
    /// Rows of each store; without it nothing is measured
    #[arg(long)]
    rows: Option<usize>,
    /// Keys of each call that deletes or updates
    #[arg(long, default_value_t = 100_000)]
    changed: usize,
    /// Rounds
    #[arg(long, default_value = "7")]
    reps: NonZeroUsize,
    /// Folder for the stores
    #[arg(long, default_value = "/tmp")]
    folder: PathBuf,
    /// Passed by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

fn config(key_kind: KeyKind) -> MmapVectorConfig {
    MmapVectorConfig {
        dimensions: DIMENSIONS,
        metric: DistanceMetric::Euclidean,
        index_threshold: 0,
        checkpoint_interval_secs: 0,
        key_kind,
        ..MmapVectorConfig::default()
    }
}

/// Key `row` of a store: `document-` and seven digits, or the row as 8 bytes.
fn key(kind: KeyKind, row: usize) -> Vec<u8> {
    match kind {
        KeyKind::Text => format!("document-{row:07}").into_bytes(),
        KeyKind::Bytes => (row as u64).to_le_bytes().to_vec(),
    }
}

fn fill(path: &Path, kind: KeyKind, rows: usize) -> syna_mmap::Result<()> {
    let _ = std::fs::remove_file(path);
    let store = MmapVectorStore::new(path, config(kind))?;
    for first in (0..rows).step_by(BATCH_ROWS) {
        let keys: Vec<Vec<u8>> = (first..rows.min(first + BATCH_ROWS)).map(|row| key(kind, row)).collect();
        let keys: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
        let vectors = vec![1.0; keys.len() * usize::from(DIMENSIONS)];
        let tags: Vec<u64> = (first as u64..).take(keys.len()).map(|row| 1 << (row % 10)).collect();
        store.write(&WriteBatch {
            keys: BatchKeys::Bytes(&keys),
            vectors: BatchVectors::RowMajor(&vectors),
            tags: Some(&tags),
            ..WriteBatch::default()
        })?;
    }
    store.close()
}

fn milliseconds<R>(work: impl FnOnce() -> syna_mmap::Result<R>) -> syna_mmap::Result<(f64, R)> {
    let begin = Instant::now();
    let result = work()?;
    Ok((begin.elapsed().as_secs_f64() * 1e3, result))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn main() -> syna_mmap::Result<()> {
    let arguments = Arguments::parse();
    let Some(rows) = arguments.rows else { return Ok(()) };
    let path = |kind: KeyKind| arguments.folder.join(format!("syna-mmap-keys-{}.syna", kind.name()));
    let kinds = [KeyKind::Text, KeyKind::Bytes];
    for kind in kinds {
        fill(&path(kind), kind, rows)?;
    }
    let mut opens = [Vec::new(), Vec::new()];
    for _ in 0..arguments.reps.get() {
        for (kind, times) in kinds.into_iter().zip(&mut opens) {
            let (elapsed, store) = milliseconds(|| MmapVectorStore::new(path(kind), config(kind)))?;
            assert_eq!(store.len(), rows);
            times.push(elapsed);
        }
    }
    println!("| {rows} rows | open, ms | bytes of keys |\n| --- | ---: | ---: |");
    for (kind, times) in kinds.into_iter().zip(opens) {
        println!("| {} keys | {:.1} | {} |", kind.name(), median(times), key(kind, 0).len() * rows);
    }
    let changed = arguments.changed.min(rows / 4);
    println!("\n| {changed} keys of {rows} | text, ms | bytes, ms |\n| --- | ---: | ---: |");
    let measured = kinds.map(|kind| change(&path(kind), kind, changed));
    let [text, bytes] = measured;
    for ((name, text), (_, bytes)) in text?.into_iter().zip(bytes?) {
        println!("| {name} | {text:.1} | {bytes:.1} |");
    }
    kinds.iter().for_each(|&kind| drop(std::fs::remove_file(path(kind))));
    Ok(())
}

/// The milliseconds of each kind of call.
fn change(path: &Path, kind: KeyKind, count: usize) -> syna_mmap::Result<Vec<(&'static str, f64)>> {
    let store = MmapVectorStore::new(path, config(kind))?;
    let keys: Vec<Vec<u8>> = (0..3 * count).map(|row| key(kind, row)).collect();
    let keys: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
    let (first, second) = keys.split_at(count);
    let tags = vec![7; count];
    let payloads = vec![&b"a payload of 24 bytes..."[..]; count];
    let update = |tags, payloads| {
        store.update(&UpdateBatch { keys: BatchKeys::Bytes(first), tags, payloads, ..UpdateBatch::default() })
    };
    let (of_tags, updated) = milliseconds(|| update(Some(&tags[..]), BatchPayloads::None))?;
    let (of_payloads, _) = milliseconds(|| update(None, BatchPayloads::Slices(&payloads)))?;
    assert_eq!(updated, count);
    let tagged = Filter { tags_all: 1 << 9, ..Filter::default() };
    let (counting, counted) = milliseconds(|| store.count_where(&tagged))?;
    assert!(counted > 0);
    let deletions = |keys| WriteBatch { deletions: BatchKeys::Bytes(keys), ..WriteBatch::default() };
    let (at_once, written) = milliseconds(|| store.write(&deletions(first)))?;
    assert_eq!(written.deleted, count);
    let singly = &second[..(count / 10).max(1)];
    let (one_by_one, _) = milliseconds(|| singly.iter().try_for_each(|key| store.delete(key).map(|_| ())))?;
    let (by_tags, deleted) = milliseconds(|| store.delete_where(&tagged))?;
    let by_filter = by_tags * count as f64 / deleted.max(1) as f64;
    Ok(vec![
        ("update tags", of_tags),
        ("update payloads of 24 bytes", of_payloads),
        ("count the rows with a tag, of all rows", counting),
        ("delete in one call", at_once),
        ("delete one by one (10 times the time of a tenth)", one_by_one * 10.0),
        ("delete where a tag is set (scaled to as many rows)", by_filter),
    ])
}
