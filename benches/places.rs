//! Searches in a store inside a larger file, by the offset of the store.
//!
//! ```text
//! cargo bench --bench places
//! ```
//!
//! The same store and index lie in two files: at multiples of 4096, and 4 bytes after them. Searches in the two take turns.
//! Prints lines of a Markdown table.

use clap::Parser;
use rand_xoshiro::SplitMix64;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use std::error::Error;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};
use syna_mmap::{BatchKeys, BatchVectors, DistanceMetric, MmapVectorConfig, MmapVectorStore, WriteBatch};
use syna_mmap::{SearchOptions, SearchResults};

const OFFSETS: [u64; 2] = [4096, 4100];
const CLUSTERS: usize = 200;
const K: usize = 10;

#[derive(Parser)]
struct Arguments {
    #[arg(long, default_value_t = 20_000)]
    rows: usize,
    /// Turns; in each, every store is searched for all queries
    #[arg(long, default_value_t = 101)]
    turns: usize,
    /// Passed by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

fn number(random: &mut SplitMix64) -> f32 {
    (0..4).map(|_| (random.next_u64() >> 40) as f32 / (1u32 << 24) as f32 - 0.5).sum()
}

/// Vectors around `CLUSTERS` centres, the same each time.
fn clustered(count: usize, dimensions: usize, seed: u64) -> Vec<f32> {
    let mut random = SplitMix64::seed_from_u64(1);
    let centres: Vec<f32> = (0..CLUSTERS * dimensions).map(|_| number(&mut random)).collect();
    let mut random = SplitMix64::seed_from_u64(seed);
    let mut vectors = Vec::with_capacity(count * dimensions);
    for row in 0..count {
        let centre = &centres[row % CLUSTERS * dimensions..][..dimensions];
        vectors.extend(centre.iter().map(|x| x + 0.5 * number(&mut random)));
    }
    vectors
}

/// Places the store and its index at `offset` in a larger file, and opens them.
fn placed(folder: &Path, offset: u64, config: MmapVectorConfig) -> Result<MmapVectorStore, Box<dyn Error>> {
    let (data, index) = (std::fs::read(folder.join("store"))?, std::fs::read(folder.join("store.hnsw"))?);
    let path = folder.join(format!("at{offset}"));
    let mut file = File::create(&path)?;
    file.write_all(&vec![0; usize::try_from(offset)?])?;
    file.write_all(&data)?;
    let end = offset + data.len() as u64;
    let index_start = end.next_multiple_of(4096) + offset % 4096;
    file.write_all(&vec![0; usize::try_from(index_start - end)?])?;
    file.write_all(&index)?;
    let index_range = index_start..index_start + index.len() as u64;
    Ok(MmapVectorStore::open_at(File::open(&path)?, offset..end, index_range, config)?)
}

/// The time that a tenth of the turns did not exceed: other programs slow down the rest.
fn least(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 10]
}

fn measure(
    folder: &Path,
    metric: DistanceMetric,
    dimensions: u16,
    arguments: &Arguments,
) -> Result<(), Box<dyn Error>> {
    let config = MmapVectorConfig {
        dimensions,
        metric,
        index_threshold: 0,
        threads: 2,
        fixed_ef: true,
        ..Default::default()
    };
    let width = usize::from(dimensions);
    let store = MmapVectorStore::new(folder.join("store"), config.clone())?;
    let vectors = clustered(arguments.rows, width, 2);
    let keys: Vec<String> = (0..arguments.rows).map(|row| row.to_string()).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    for (keys, vectors) in keys.chunks(1000).zip(vectors.chunks(1000 * width)) {
        let (keys, vectors) = (BatchKeys::Slices(keys), BatchVectors::RowMajor(vectors));
        store.write(&WriteBatch { keys, vectors, ..Default::default() })?;
    }
    store.build_index()?;
    store.close()?;
    let mut stores = Vec::new();
    for offset in OFFSETS {
        let store = placed(folder, offset, config.clone())?;
        assert!(store.has_index());
        stores.push(store);
    }
    for (what, exact, count) in [("index", false, 50), ("exact", true, 3)] {
        let queries = clustered(count, width, 3);
        let options = SearchOptions { exact, ..Default::default() };
        let mut results = SearchResults::default();
        let mut times = [Vec::new(), Vec::new()];
        let mut sums = [0.0_f64; 2];
        for turn in 0..=arguments.turns {
            for (place, store) in stores.iter().enumerate() {
                let begin = Instant::now();
                for query in queries.chunks(width) {
                    store.search_with(query, K, &options, &mut results)?;
                    sums[place] += results.hits().iter().map(|hit| f64::from(hit.distance)).sum::<f64>();
                }
                // The first turn reads the files.
                if turn > 0 {
                    times[place].push(begin.elapsed() / u32::try_from(count)?);
                }
            }
        }
        assert_eq!(sums[0].to_bits(), sums[1].to_bits(), "the hits are the same");
        let [aligned, unaligned] = times.map(|times| least(times).as_secs_f64() * 1e6);
        println!(
            "| {metric:?} | {dimensions} | {what} | {aligned:.1} | {unaligned:.1} | {:.3} |",
            unaligned / aligned
        );
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    println!("| metric | dimensions | search | us at a multiple of 4096 | us 4 bytes after it | ratio |");
    println!("| --- | --- | --- | --- | --- | --- |");
    for (metric, dimensions) in
        [(DistanceMetric::Euclidean, 384), (DistanceMetric::Cosine, 384), (DistanceMetric::Cosine, 768)]
    {
        let folder = std::env::temp_dir().join(format!("syna-mmap-places-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let measured = measure(&folder, metric, dimensions, &arguments);
        std::fs::remove_dir_all(&folder)?;
        measured?;
    }
    Ok(())
}
