//! How long a store takes to open, with the page cache warm.
//!
//! ```text
//! cargo bench --bench reopen -- [--dir DIR] [--rows 1000000] [--dimensions 128] [--reps 5]
//! ```
//!
//! The store is made with an `initial_capacity` of 1,000, so it grows past it, and without an index.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use syna_mmap::{DistanceMetric, MmapVectorConfig, MmapVectorStore};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn argument(name: &str, default: &str) -> String {
    let given: Vec<String> = env::args().collect();
    let value = given.iter().position(|argument| argument == name).and_then(|at| given.get(at + 1));
    value.cloned().unwrap_or_else(|| default.to_owned())
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn main() -> Outcome<()> {
    let folder = PathBuf::from(argument("--dir", &env::temp_dir().to_string_lossy()));
    let rows: usize = argument("--rows", "1000000").parse()?;
    let dimensions: u16 = argument("--dimensions", "128").parse()?;
    let reps: usize = argument("--reps", "5").parse()?;
    let path = folder.join(format!("syna-mmap-reopen-{}", std::process::id()));
    let config = MmapVectorConfig {
        dimensions,
        metric: DistanceMetric::Euclidean,
        initial_capacity: 1000,
        index_threshold: 0,
        checkpoint_interval_secs: 0,
        ..MmapVectorConfig::default()
    };
    let vector_of = |row: usize| -> Vec<f32> {
        (0..usize::from(dimensions)).map(|i| ((row * 31 + i * 17) % 997) as f32).collect()
    };
    let store = MmapVectorStore::new(&path, config.clone())?;
    let begin = Instant::now();
    for start in (0..rows).step_by(10_000) {
        let numbers = start..(start + 10_000).min(rows);
        let keys: Vec<String> = numbers.clone().map(|row| format!("doc{row}")).collect();
        let vectors: Vec<Vec<f32>> = numbers.map(vector_of).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let vectors: Vec<&[f32]> = vectors.iter().map(Vec::as_slice).collect();
        store.insert_batch(&keys, &vectors)?;
    }
    println!("{rows} rows of {dimensions} floats written in {:.2} s", begin.elapsed().as_secs_f64());
    store.close()?;
    let bytes = fs::metadata(&path)?.len();
    println!(
        "file: {} bytes, {:.3} of the vectors'",
        bytes,
        bytes as f64 / (rows * usize::from(dimensions) * 4) as f64
    );
    let (mut opens, mut gets) = (Vec::new(), Vec::new());
    for _ in 0..reps {
        let begin = Instant::now();
        let store = MmapVectorStore::new(&path, config.clone())?;
        opens.push(begin.elapsed());
        let begin = Instant::now();
        let row = rows / 2;
        if store.get(&format!("doc{row}"))? != Some(vector_of(row)) || store.len() != rows {
            return Err("the store came back with something else".into());
        }
        gets.push(begin.elapsed());
        store.close()?;
    }
    println!("open: median of {reps}: {:.1} ms", median(&mut opens).as_secs_f64() * 1e3);
    println!("first get: median of {reps}: {:.3} ms", median(&mut gets).as_secs_f64() * 1e3);
    fs::remove_file(&path)?;
    Ok(())
}
