//! Recall and queries a second of the graph search, on data sets with exact ground truth.
//!
//! `cargo bench --bench recall -- DIR..`, `--help` for more. A `DIR` holds a data set (data_set/mod.rs) and its ground
//! truth (truth/mod.rs).

mod data_set;
mod truth;

use data_set::{DataSet, Outcome};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Parser;
use syna_mmap::{IndexProfile, MmapVectorConfig, MmapVectorStore, SearchOptions, SearchResults};
use truth::Bounds;

const K: usize = 10;
const BATCH_ROWS: usize = 10_000;
/// A measurement repeats the queries until it has taken this long.
const MIN_SECS: f64 = 1.0;
const EXACT_QUERIES: usize = 100;

#[derive(Parser)]
struct Arguments {
    /// Folders of data sets; without one nothing is measured
    dirs: Vec<PathBuf>,
    /// Threads of the index build and of batch searches
    #[arg(long, default_value_t = 0)]
    threads: usize,
    /// Store the first rows only; the ground truth then comes from an exact search
    #[arg(long)]
    rows: Option<usize>,
    /// Numbers of candidates of a search (ef)
    #[arg(long, value_delimiter = ',', default_values_t = [10, 15, 20, 30, 40, 60, 80, 120, 200, 300, 500, 800])]
    ef: Vec<usize>,
    /// Keep the stores in this folder, and open existing ones instead of building them
    #[arg(long)]
    keep: Option<PathBuf>,
    /// Build an index of the compact profile
    #[arg(long)]
    compact: bool,
    /// Passed by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Outcome<()> {
    let arguments = Arguments::parse();
    data_set::for_each("recall", &arguments.dirs, |dir| measure(dir, &arguments))
}

fn measure(dir: &Path, arguments: &Arguments) -> Outcome<()> {
    let mut data = DataSet::read(dir)?;
    let is_part = arguments.rows.is_some_and(|rows| rows < data.count());
    let bounds = if is_part { None } else { Some(Bounds::read(dir, &data, K)?) };
    data.base.truncate(arguments.rows.unwrap_or(usize::MAX).saturating_mul(data.dimensions));
    data_set::in_folder(arguments.keep.as_deref(), |folder| measure_in(folder, dir, &data, bounds, arguments))
}

fn measure_in(
    folder: &Path,
    dir: &Path,
    data: &DataSet,
    bounds: Option<Bounds>,
    arguments: &Arguments,
) -> Outcome<()> {
    let row_count = data.count();
    let query_count = data.queries.len() / data.dimensions;
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    println!("\n{name}: {row_count} x {}, {query_count} queries, {:?}", data.dimensions, data.metric);

    let path = folder.join(format!("{name}.syna"));
    let is_there = path.exists();
    let config = MmapVectorConfig {
        dimensions: u16::try_from(data.dimensions)?,
        metric: data.metric,
        initial_capacity: row_count,
        index_threshold: 0,
        checkpoint_interval_secs: 0,
        threads: arguments.threads,
        index_profile: if arguments.compact { IndexProfile::Compact } else { IndexProfile::Fast },
        ..Default::default()
    };
    let begin = Instant::now();
    let store = MmapVectorStore::new(&path, config)?;
    println!("open            {:>10.3} s", begin.elapsed().as_secs_f64());
    if !is_there {
        let begin = Instant::now();
        data.insert(&store, 0..data.count(), BATCH_ROWS)?;
        println!("insert          {:>10.2} s", begin.elapsed().as_secs_f64());
        let begin = Instant::now();
        store.build_index()?;
        println!("build_index     {:>10.2} s, threads: {}", begin.elapsed().as_secs_f64(), arguments.threads);
        let begin = Instant::now();
        store.checkpoint()?;
        println!("checkpoint      {:>10.2} s", begin.elapsed().as_secs_f64());
    }
    for (name, path) in [("vectors, keys", path.clone()), ("index", path.with_extension("syna.hnsw"))] {
        let file_bytes = fs::metadata(&path).map_or(0, |m| m.len());
        println!(
            "{name:<15} {:>10.1} MB, {:.0} bytes a row",
            file_bytes as f64 / 1e6,
            file_bytes as f64 / row_count as f64
        );
    }

    let bounds = bounds.map_or_else(|| Bounds::search(&store, data, K), Ok)?;
    let exact = SearchOptions { exact: true, ..Default::default() };
    let few = &data.queries[..query_count.min(EXACT_QUERIES) * data.dimensions];
    println!("\n{:>8} {:>10} {:>12}", "ef", "recall@10", "queries/s");
    let recall = bounds.recall(&store, few, data.dimensions, K, &exact)?;
    println!("{:>8} {recall:>10.4} {:>12.0}", "exact", rate(&store, few, data.dimensions, &exact)?);
    println!(
        "{:>8} {recall:>10.4} {:>12.0}, by all threads",
        "together",
        rate_together(&store, few, &exact)?
    );
    for &ef in &arguments.ef {
        let options = SearchOptions { ef, ..Default::default() };
        let recall = bounds.recall(&store, &data.queries, data.dimensions, K, &options)?;
        println!("{ef:>8} {recall:>10.4} {:>12.0}", rate(&store, &data.queries, data.dimensions, &options)?);
    }
    store.close()?;
    Ok(())
}

/// Queries a second, one after the other on this thread.
fn rate(
    store: &MmapVectorStore,
    queries: &[f32],
    dimensions: usize,
    options: &SearchOptions,
) -> Outcome<f64> {
    let mut results = SearchResults::default();
    let (begin, mut searched_count) = (Instant::now(), 0);
    while begin.elapsed().as_secs_f64() < MIN_SECS {
        for query in queries.chunks(dimensions) {
            store.search_with(query, K, options, &mut results)?;
        }
        searched_count += queries.len() / dimensions;
    }
    Ok(searched_count as f64 / begin.elapsed().as_secs_f64())
}

/// Queries a second with all of them in one call.
fn rate_together(store: &MmapVectorStore, queries: &[f32], options: &SearchOptions) -> Outcome<f64> {
    let mut results = SearchResults::default();
    let (begin, mut searched_count) = (Instant::now(), 0);
    while begin.elapsed().as_secs_f64() < MIN_SECS {
        store.search_batch(queries, K, options, &mut results)?;
        searched_count += results.query_count();
    }
    Ok(searched_count as f64 / begin.elapsed().as_secs_f64())
}
