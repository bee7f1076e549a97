//! Searches of the same rows in stores with different histories: filled at once, row by row, all rows replaced, reopened.
//!
//! `cargo bench --bench states -- DIR`, `--help` for more. `DIR` holds a data set (data_set/mod.rs) and its ground truth
//! (truth/mod.rs). All stores are open at the same time and alternate, because the speed of a machine changes from minute
//! to minute. For each store the median of the rounds is printed, and the median of its ratios to the first store in the
//! same round.

mod data_set;
mod truth;

use data_set::{DataSet, Outcome};
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Parser;
use syna_mmap::{
    BatchKeys, BatchPayloads, BatchVectors, MmapVectorConfig, MmapVectorStore, SearchOptions, SearchResults,
    WriteBatch, WriteMode,
};
use truth::Bounds;

const K: usize = 10;
const BATCH_ROWS: usize = 10_000;
/// Batches that replace all rows.
const REPLACING_BATCHES: usize = 60;
/// Candidates of the queries that a store answers before the measurement.
const EF_OF_OTHERS: usize = 100;

#[derive(Parser)]
struct Arguments {
    /// Folder of the data set; without one nothing is measured
    dir: Option<PathBuf>,
    /// Numbers of candidates of a search (ef)
    #[arg(long, value_delimiter = ',', default_values_t = [20, 30, 80, 100])]
    ef: Vec<usize>,
    /// Rounds; in each of them every store answers all queries once
    #[arg(long, default_value = "15")]
    reps: NonZeroUsize,
    /// Keep the stores in this folder, and open existing ones instead of building them
    #[arg(long)]
    keep: Option<PathBuf>,
    /// Only the histories whose names contain this
    #[arg(long, default_value = "")]
    only: String,
    /// Passed by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

/// How a store was filled.
struct History {
    name: &'static str,
    fill: fn(&DataSet, &MmapVectorStore) -> Outcome<()>,
    /// As in [`MmapVectorConfig`].
    index_threshold: usize,
    /// Whether it is reopened before the searches.
    is_reopened: bool,
    /// How many other queries it answers first. A record is loaded when a search first needs it, and placed after
    /// the record that was needed before.
    others: usize,
}

const AS_BUILT: History =
    History { name: "as built", fill: at_once, index_threshold: 0, is_reopened: false, others: 0 };
const REOPENED: History = History { name: "reopened", is_reopened: true, ..AS_BUILT };
const HISTORIES: [History; 5] = [
    AS_BUILT,
    REOPENED,
    History { name: "reopened, other queries first", others: 40_000, ..REOPENED },
    // With single inserts, rows are indexed from the first thousand on.
    History { name: "single inserts, reopened", fill: row_by_row, index_threshold: 1_000, ..REOPENED },
    History { name: "all replaced, reopened", fill: replaced, index_threshold: 1_000, ..REOPENED },
];

fn main() -> Outcome<()> {
    let arguments = Arguments::parse();
    data_set::for_each("states", arguments.dir.as_slice(), |dir| measure(dir, &arguments))
}

fn measure(dir: &Path, arguments: &Arguments) -> Outcome<()> {
    let data = DataSet::read(dir)?;
    let bounds = Bounds::read(dir, &data, K)?;
    println!(
        "{} x {}, {:?}, medians of {} rounds",
        data.count(),
        data.dimensions,
        data.metric,
        arguments.reps
    );
    data_set::in_folder(arguments.keep.as_deref(), |folder| measure_in(folder, &data, &bounds, arguments))
}

fn measure_in(folder: &Path, data: &DataSet, bounds: &Bounds, arguments: &Arguments) -> Outcome<()> {
    let mut stores = Vec::new();
    for history in HISTORIES.iter().filter(|history| history.name.contains(&arguments.only)) {
        let begin = Instant::now();
        stores.push((history.name, open(folder, history, data)?));
        run_other_queries(&stores[stores.len() - 1].1, data, history.others)?;
        eprintln!("{}: ready after {:.1} s", history.name, begin.elapsed().as_secs_f64());
    }
    println!("| ef | store | recall@10 | queries/s | ratio |\n| ---: | --- | ---: | ---: | ---: |");
    for &ef in &arguments.ef {
        let options = SearchOptions { ef, ..Default::default() };
        let recalls: Outcome<Vec<f64>> = stores
            .iter()
            .map(|(_, store)| bounds.recall(store, &data.queries, data.dimensions, K, &options))
            .collect();
        let mut rates = vec![Vec::new(); stores.len()];
        for round in 0..arguments.reps.get() {
            for turn in 0..stores.len() {
                let at = (round + turn) % stores.len();
                rates[at].push(rate(&stores[at].1, data, &options)?);
            }
        }
        for (((name, _), recall), of_store) in stores.iter().zip(recalls?).zip(&rates) {
            let ratios = of_store.iter().zip(&rates[0]).map(|(one, first)| one / first).collect();
            println!(
                "| {ef} | {name} | {recall:.4} | {:.0} | {:.3} |",
                median(of_store.clone()),
                median(ratios)
            );
        }
    }
    stores.into_iter().try_for_each(|(_, store)| Ok(store.close()?))
}

/// The store with a history; created if it does not exist, and always for the history "as built".
fn open(folder: &Path, history: &History, data: &DataSet) -> Outcome<MmapVectorStore> {
    let path = folder.join(history.name.replace([' ', ','], "-")).with_extension("syna");
    let config = MmapVectorConfig {
        dimensions: u16::try_from(data.dimensions)?,
        metric: data.metric,
        index_threshold: history.index_threshold,
        checkpoint_interval_secs: 0,
        threads: 2,
        ..Default::default()
    };
    if path.exists() && history.is_reopened {
        return Ok(MmapVectorStore::new(path, config)?);
    }
    if path.exists() {
        fs::remove_file(&path)?;
        fs::remove_file(path.with_extension("syna.hnsw"))?;
    }
    let store = MmapVectorStore::new(&path, config.clone())?;
    (history.fill)(data, &store)?;
    store.build_index()?;
    if history.is_reopened {
        store.close()?;
        return Ok(MmapVectorStore::new(path, config)?);
    }
    Ok(store)
}

fn at_once(data: &DataSet, store: &MmapVectorStore) -> Outcome<()> {
    data.insert(store, 0..data.count(), BATCH_ROWS)?;
    Ok(())
}

fn row_by_row(data: &DataSet, store: &MmapVectorStore) -> Outcome<()> {
    (0..data.count()).try_for_each(|row| Ok(store.insert(format!("doc{row}"), data.row(row))?))
}

/// Replaces every vector by another key's, then by its own again, in random orders.
fn replaced(data: &DataSet, store: &MmapVectorStore) -> Outcome<()> {
    let keys: Vec<String> = (0..data.count()).map(|row| format!("doc{row}")).collect();
    let (first, order) = (shuffled(data.count(), 1), shuffled(data.count(), 2));
    let write = |rows: &[usize], vector_of: &dyn Fn(usize) -> usize| -> Outcome<()> {
        let keys: Vec<&str> = rows.iter().map(|&row| keys[row].as_str()).collect();
        let vectors: Vec<&[f32]> = rows.iter().map(|&row| data.row(vector_of(row))).collect();
        store.write(&WriteBatch {
            keys: BatchKeys::Slices(&keys),
            vectors: BatchVectors::Slices(&vectors),
            tags: None,
            payloads: BatchPayloads::None,
            mode: WriteMode::Upsert,
            ..WriteBatch::default()
        })?;
        Ok(())
    };
    for rows in order.chunks(BATCH_ROWS) {
        write(rows, &|row| first[row])?;
    }
    store.build_index()?;
    order.chunks(data.count().div_ceil(REPLACING_BATCHES)).try_for_each(|rows| write(rows, &|row| row))
}

/// Searches for random rows, each moved a fifth of the way towards another one.
fn run_other_queries(store: &MmapVectorStore, data: &DataSet, count: usize) -> Outcome<()> {
    let (rows, others) = (shuffled(data.count(), 3), shuffled(data.count(), 4));
    let options = SearchOptions { ef: EF_OF_OTHERS, ..Default::default() };
    let mut results = SearchResults::default();
    for (row, other) in rows.into_iter().zip(others).take(count) {
        let query: Vec<f32> =
            data.row(row).iter().zip(data.row(other)).map(|(a, b)| 0.8 * a + 0.2 * b).collect();
        store.search_with(&query, K, &options, &mut results)?;
    }
    Ok(())
}

/// All rows in random order (Fisher-Yates; random numbers by a 64-bit linear congruential generator, Knuth).
fn shuffled(count: usize, seed: u64) -> Vec<usize> {
    let mut state = seed;
    let mut rows: Vec<usize> = (0..count).collect();
    for last in (1..count).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        rows.swap(last, usize::try_from(state >> 33).unwrap_or(0) % (last + 1));
    }
    rows
}

/// Runs all queries one by one; returns queries a second.
fn rate(store: &MmapVectorStore, data: &DataSet, options: &SearchOptions) -> Outcome<f64> {
    let mut results = SearchResults::default();
    let begin = Instant::now();
    for query in data.queries.chunks(data.dimensions) {
        store.search_with(query, K, options, &mut results)?;
    }
    Ok((data.queries.len() / data.dimensions) as f64 / begin.elapsed().as_secs_f64())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
