//! How each cost grows with the number of rows: writing, indexing, opening, searching, a checkpoint after a few more rows.
//!
//! ```text
//! cargo bench --bench sizes -- [--dir DIR | --store FILE] [--rows 10000,100000,1000000] [--dimensions 128] [--reps 5]
//!                              [--threads 2]
//! ```
//!
//! Stores are created with an `initial_capacity` of 1,000, so they grow past it, and opened with a warm page cache. Vectors
//! have an intrinsic dimension of 12, low as that of embeddings; queries are other vectors of the same kind. With
//! `--store`, that file is created if it does not exist, is kept, and gets no further rows.

use clap::Parser;
use std::env;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use syna_mmap::{DistanceMetric, MmapVectorConfig, MmapVectorStore, SearchOptions, SearchResults};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const K: usize = 10;
const QUERIES: usize = 1_000;
/// Queries that are also answered exactly.
const EXACT_QUERIES: usize = 100;
const MORE_ROWS: usize = 1_000;

#[derive(Parser)]
struct Arguments {
    /// Folder of the temporary stores; by default the system's folder for temporary files
    #[arg(long)]
    dir: Option<PathBuf>,
    /// A store to open; it is created if it does not exist, and kept
    #[arg(long)]
    store: Option<PathBuf>,
    /// Numbers of rows
    #[arg(long, value_delimiter = ',', default_value = "10000,100000,1000000")]
    rows: Vec<usize>,
    /// Dimensions of a vector
    #[arg(long, default_value_t = 128)]
    dimensions: u16,
    /// How often a store is opened; medians are printed
    #[arg(long, default_value = "5")]
    reps: NonZeroUsize,
    /// Threads of the index build
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Passed by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

/// A pseudo-random number from -1 to 1 (splitmix64).
fn noise(seed: usize) -> f32 {
    let mut bits = (seed as u64).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((bits ^ bits >> 31) >> 40) as f32 / (1 << 23) as f32 - 1.0
}

fn vector_of(row: usize, dimensions: u16) -> Vec<f32> {
    let coordinates: [f32; 12] = std::array::from_fn(|i| noise(row * 12 + i));
    let component = |at: usize| coordinates.iter().enumerate().map(|(i, x)| x * noise(at * 12 + i)).sum();
    (0..usize::from(dimensions)).map(component).collect()
}

/// The quantile of the values, which it sorts.
fn at_share(times: &mut [Duration], share: f64) -> f64 {
    times.sort_unstable();
    let place = ((times.len() - 1) as f64 * share).round() as usize;
    times[place].as_secs_f64()
}

fn index_of(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}.hnsw", path.display()))
}

fn bytes_of(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |file| file.len())
}

/// Rows a second, and seconds of the index build.
fn make(path: &Path, config: &MmapVectorConfig, rows: usize) -> Outcome<(f64, f64)> {
    let store = MmapVectorStore::new(path, config.clone())?;
    let mut written = Duration::ZERO;
    for start in (0..rows).step_by(10_000) {
        let numbers = start..(start + 10_000).min(rows);
        let keys: Vec<String> = numbers.clone().map(|row| format!("doc{row}")).collect();
        let vectors: Vec<Vec<f32>> = numbers.map(|row| vector_of(row, config.dimensions)).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let vectors: Vec<&[f32]> = vectors.iter().map(Vec::as_slice).collect();
        let begin = Instant::now();
        store.insert_batch(&keys, &vectors)?;
        written += begin.elapsed();
    }
    let begin = Instant::now();
    store.build_index()?;
    let built = begin.elapsed();
    store.close()?;
    Ok((rows as f64 / written.as_secs_f64(), built.as_secs_f64()))
}

/// Opens the store repeatedly: milliseconds of the open, of a first get, of a first search.
fn open(path: &Path, config: &MmapVectorConfig, rows: usize, reps: usize) -> Outcome<[f64; 3]> {
    let (mut opens, mut gets, mut searches) = (Vec::new(), Vec::new(), Vec::new());
    for rep in 0..reps {
        let begin = Instant::now();
        let store = MmapVectorStore::new(path, config.clone())?;
        opens.push(begin.elapsed());
        let row = rows / 2;
        let begin = Instant::now();
        let got = store.get(format!("doc{row}"))?;
        gets.push(begin.elapsed());
        if got != Some(vector_of(row, config.dimensions)) || store.len() != rows {
            return Err("the reopened store has different rows".into());
        }
        let row = rows / reps * rep;
        let query = vector_of(row, config.dimensions);
        let begin = Instant::now();
        let hits = store.search(&query, K)?;
        searches.push(begin.elapsed());
        if hits.first().map(|hit| &*hit.key) != Some(&*format!("doc{row}")) {
            return Err("a search for a stored vector did not find it".into());
        }
        store.close()?;
    }
    Ok([&mut opens, &mut gets, &mut searches].map(|times| at_share(times, 0.5) * 1e3))
}

/// Median and 99th percentile of search times in microseconds with default candidates, and their recall.
fn search(store: &MmapVectorStore, rows: usize) -> Outcome<[f64; 3]> {
    let queries: Vec<Vec<f32>> = (0..QUERIES).map(|i| vector_of(2 * rows + i, store.dimensions())).collect();
    let (mut results, mut exact) = (SearchResults::default(), SearchResults::default());
    let options = SearchOptions::default();
    let mut times = Vec::new();
    // The first round loads the index file into memory.
    for round in 0..3 {
        for query in &queries {
            let begin = Instant::now();
            store.search_with(query, K, &options, &mut results)?;
            if round > 0 {
                times.push(begin.elapsed());
            }
        }
    }
    let mut found = 0;
    for query in &queries[..EXACT_QUERIES] {
        store.search_with(query, K, &options, &mut results)?;
        store.search_with(query, K, &SearchOptions { exact: true, ..options }, &mut exact)?;
        let last = exact.hits().last().map_or(0.0, |hit| hit.distance);
        found += results.hits().iter().filter(|hit| hit.distance <= last).count();
    }
    let recall = found as f64 / (K * EXACT_QUERIES) as f64;
    Ok([at_share(&mut times, 0.5) * 1e6, at_share(&mut times, 0.99) * 1e6, recall])
}

/// Seconds to index some more rows, and bytes and seconds of the next checkpoint's index part.
fn grow(store: &MmapVectorStore, path: &Path, rows: usize) -> Outcome<(f64, u64, f64)> {
    for row in rows..rows + MORE_ROWS {
        store.insert(format!("doc{row}"), &vector_of(row, store.dimensions()))?;
    }
    let begin = Instant::now();
    while store.index_step(Duration::from_secs(1))? > 0 {}
    let entered = begin.elapsed().as_secs_f64();
    let before = (bytes_of(&index_of(path)), Instant::now());
    store.checkpoint()?;
    Ok((entered, bytes_of(&index_of(path)).saturating_sub(before.0), before.1.elapsed().as_secs_f64()))
}

fn main() -> Outcome<()> {
    let arguments = Arguments::parse();
    let folder = arguments.dir.unwrap_or_else(env::temp_dir);
    let (dimensions, reps, kept) = (arguments.dimensions, arguments.reps.get(), arguments.store);
    let config = MmapVectorConfig {
        threads: arguments.threads,
        dimensions,
        metric: DistanceMetric::Euclidean,
        initial_capacity: 1000,
        index_threshold: 0,
        checkpoint_interval_secs: 0,
        ..MmapVectorConfig::default()
    };
    println!(
        "{dimensions} dimensions, {} threads, k = {K}\n\n| rows | rows/s written | index built, s | file, MB | index, MB | \
         open, ms | first get, ms | first search, ms | p50, us | p99, us | recall | {MORE_ROWS} rows more, s | checkpoint, s | \
         of it index, MB |",
        config.threads
    );
    println!("|{}", " ---: |".repeat(14));
    for rows in arguments.rows {
        let own = folder.join(format!("syna-mmap-sizes-{}-{rows}", std::process::id()));
        let path = kept.clone().unwrap_or(own);
        let made = if path.exists() { None } else { Some(make(&path, &config, rows)?) };
        let (written, built) = made.map_or((f64::NAN, f64::NAN), |made| made);
        let megabytes = |path: &Path| bytes_of(path) as f64 / 1e6;
        let (file, index) = (megabytes(&path), megabytes(&index_of(&path)));
        let [opened, got, searched] = open(&path, &config, rows, reps)?;
        let store = MmapVectorStore::new(&path, config.clone())?;
        let [half, most, recall] = search(&store, rows)?;
        let (entered, bytes, checkpoint) =
            if kept.is_none() { grow(&store, &path, rows)? } else { (f64::NAN, 0, f64::NAN) };
        store.close()?;
        println!(
            "| {rows} | {written:.0} | {built:.1} | {file:.1} | {index:.1} | {opened:.1} | {got:.3} | {searched:.2} | {half:.0} | \
             {most:.0} | {recall:.4} | {entered:.2} | {checkpoint:.2} | {:.1} |",
            bytes as f64 / 1e6
        );
        if kept.is_none() {
            fs::remove_file(&path)?;
            fs::remove_file(index_of(&path))?;
        }
    }
    Ok(())
}
