//! How long a store takes to open, with the page cache warm; and what a checkpoint writes.
//!
//! ```text
//! cargo bench --bench reopen -- [--dir DIR | --store FILE] [--rows 1000000] [--dimensions 128] [--reps 5] [--index THREADS]
//! ```
//!
//! The store is made with an `initial_capacity` of 1,000, so it grows past it; without an index, or with one that is built
//! by so many threads (0: the calling one alone). Vectors have 12 coordinates that count, as embeddings have few. `--store`: that file is
//! taken as it is, made before if it is not there, and kept.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use syna_mmap::{DistanceMetric, MmapVectorConfig, MmapVectorStore};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn argument(name: &str, default: &str) -> String {
    let given: Vec<String> = env::args().collect();
    let value = given.iter().position(|argument| argument == name).and_then(|at| given.get(at + 1));
    value.cloned().unwrap_or_else(|| default.to_owned())
}

/// A number of -1 to 1 that looks random (splitmix64).
fn noise(seed: usize) -> f32 {
    let mut bits = (seed as u64).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((bits ^ bits >> 31) >> 40) as f32 / (1 << 23) as f32 - 1.0
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn vector_of(row: usize, dimensions: u16) -> Vec<f32> {
    let coordinates: [f32; 12] = std::array::from_fn(|i| noise(row * 12 + i));
    let component = |at: usize| coordinates.iter().enumerate().map(|(i, x)| x * noise(at * 12 + i)).sum();
    (0..usize::from(dimensions)).map(component).collect()
}

/// Writes a store, and its index where there is to be one.
fn make(path: &Path, config: &MmapVectorConfig, rows: usize, has_index: bool) -> Outcome<()> {
    let store = MmapVectorStore::new(path, config.clone())?;
    let begin = Instant::now();
    for start in (0..rows).step_by(10_000) {
        let numbers = start..(start + 10_000).min(rows);
        let keys: Vec<String> = numbers.clone().map(|row| format!("doc{row}")).collect();
        let vectors: Vec<Vec<f32>> = numbers.map(|row| vector_of(row, config.dimensions)).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let vectors: Vec<&[f32]> = vectors.iter().map(Vec::as_slice).collect();
        store.insert_batch(&keys, &vectors)?;
    }
    println!("{rows} rows of {} floats written in {:.2} s", config.dimensions, begin.elapsed().as_secs_f64());
    if has_index {
        let begin = Instant::now();
        store.build_index()?;
        println!("index built in {:.1} s", begin.elapsed().as_secs_f64());
    }
    store.close()?;
    Ok(())
}

fn main() -> Outcome<()> {
    let folder = PathBuf::from(argument("--dir", &env::temp_dir().to_string_lossy()));
    let rows: usize = argument("--rows", "1000000").parse()?;
    let dimensions: u16 = argument("--dimensions", "128").parse()?;
    let reps: usize = argument("--reps", "5").parse()?;
    let kept = argument("--store", "");
    let own = folder.join(format!("syna-mmap-reopen-{}", std::process::id()));
    let path = if kept.is_empty() { own } else { PathBuf::from(&kept) };
    let threads = argument("--index", "").parse().ok();
    let config = MmapVectorConfig {
        threads: threads.unwrap_or(0),
        dimensions,
        metric: DistanceMetric::Euclidean,
        initial_capacity: 1000,
        index_threshold: 0,
        checkpoint_interval_secs: 0,
        ..MmapVectorConfig::default()
    };
    if !path.exists() {
        make(&path, &config, rows, threads.is_some())?;
    }
    let bytes = fs::metadata(&path)?.len();
    println!(
        "file: {} bytes, {:.3} of the vectors'",
        bytes,
        bytes as f64 / (rows * usize::from(dimensions) * 4) as f64
    );
    let index_path = PathBuf::from(format!("{}.hnsw", path.display()));
    let index_bytes = || fs::metadata(&index_path).map_or(0, |file| file.len());
    if threads.is_some() {
        println!("index file: {} bytes", index_bytes());
    }
    let (mut opens, mut gets, mut searches) = (Vec::new(), Vec::new(), Vec::new());
    for rep in 0..reps {
        let begin = Instant::now();
        let store = MmapVectorStore::new(&path, config.clone())?;
        opens.push(begin.elapsed());
        let begin = Instant::now();
        let row = rows / 2;
        if store.get(&format!("doc{row}"))? != Some(vector_of(row, dimensions)) || store.len() != rows {
            return Err("the store came back with something else".into());
        }
        gets.push(begin.elapsed());
        if threads.is_some() {
            let row = rows / reps * rep;
            let query = vector_of(row, dimensions);
            let begin = Instant::now();
            let hits = store.search(&query, 10)?;
            searches.push(begin.elapsed());
            if hits.first().map(|hit| &*hit.key) != Some(&*format!("doc{row}")) {
                return Err("a vector did not find itself".into());
            }
        }
        store.close()?;
    }
    println!("open: median of {reps}: {:.1} ms", median(&mut opens).as_secs_f64() * 1e3);
    println!("first get: median of {reps}: {:.3} ms", median(&mut gets).as_secs_f64() * 1e3);
    if threads.is_some() {
        println!("first search: median of {reps}: {:.3} ms", median(&mut searches).as_secs_f64() * 1e3);
    }
    if threads.is_some() && kept.is_empty() {
        let store = MmapVectorStore::new(&path, config)?;
        for row in rows..rows + 1_000 {
            store.insert(&format!("doc{row}"), &vector_of(row, dimensions))?;
        }
        let begin = Instant::now();
        while store.index_step(Duration::from_secs(1))? > 0 {}
        println!("1,000 rows more taken into the index in {:.2} s", begin.elapsed().as_secs_f64());
        let before = (index_bytes(), Instant::now());
        store.checkpoint()?;
        let (bytes, elapsed) = (index_bytes() - before.0, before.1.elapsed());
        println!("the checkpoint then: {bytes} bytes of index in {:.2} s", elapsed.as_secs_f64());
        store.close()?;
    }
    if kept.is_empty() {
        fs::remove_file(&path)?;
        if threads.is_some() {
            fs::remove_file(&index_path)?;
        }
    }
    Ok(())
}
