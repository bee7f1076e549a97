//! Recall and queries a second of the graph search, over data sets with exact ground truth.
//!
//! ```text
//! cargo bench --bench recall -- DIR [DIR..] [--threads N] [--rows N] [--ef N,N..] [--keep FOLDER] [--compact]
//! ```
//!
//! `DIR` holds `base.f32` or `base.u8` (rows x dim, row-major, little-endian), `query.f32`, `gt.i32` (queries x 100 row
//! numbers, nearest first) and `meta.json` with "dim" and "metric". A hit counts when its distance is at most that of
//! the true 10th neighbour (times 1 + 1e-5, plus 1e-6): equal vectors are equally right. With `--rows` only the first
//! rows are stored and the truth comes from an exact search. With `--keep` the stores are left in that folder, and
//! opened instead of built when they are there.

mod data_set;
#[path = "../tests/support/distance.rs"]
mod distance;

use data_set::{DataSet, Outcome};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use distance::distance;
use syna_mmap::{IndexProfile, MmapVectorConfig, MmapVectorStore, SearchOptions, SearchResults};

const K: usize = 10;
const TRUTH_COLUMNS: usize = 100;
const BATCH_ROWS: usize = 10_000;
const EFS: &[usize] = &[10, 15, 20, 30, 40, 60, 80, 120, 200, 300, 500, 800];
/// A measurement goes over the queries again until it took this long.
const MIN_SECS: f64 = 1.0;
const EXACT_QUERIES: usize = 100;

struct Arguments {
    dirs: Vec<PathBuf>,
    threads: usize,
    profile: IndexProfile,
    rows: Option<usize>,
    efs: Vec<usize>,
    keep: Option<PathBuf>,
}

fn main() -> ExitCode {
    let outcome = parse_arguments().and_then(|arguments| {
        arguments.dirs.iter().try_for_each(|dir| {
            measure(dir, &arguments).map_err(|error| format!("{}: {error}", dir.display()).into())
        })
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("recall: {error}");
            ExitCode::FAILURE
        }
    }
}

fn parse_arguments() -> Outcome<Arguments> {
    let mut arguments = Arguments {
        dirs: Vec::new(),
        threads: 0,
        profile: IndexProfile::Fast,
        rows: None,
        efs: EFS.to_vec(),
        keep: None,
    };
    let mut given = env::args().skip(1);
    while let Some(argument) = given.next() {
        match argument.as_str() {
            "--bench" => {} // cargo adds it
            "--compact" => arguments.profile = IndexProfile::Compact,
            "--threads" => arguments.threads = given.next().ok_or("--threads needs a value")?.parse()?,
            "--rows" => arguments.rows = Some(given.next().ok_or("--rows needs a value")?.parse()?),
            "--ef" => {
                let list = given.next().ok_or("--ef needs a list")?;
                arguments.efs = list.split(',').map(str::parse).collect::<Result<_, _>>()?;
            }
            "--keep" => arguments.keep = Some(given.next().ok_or("--keep needs a folder")?.into()),
            name if name.starts_with("--") => return Err(format!("unknown argument {name}").into()),
            dir => arguments.dirs.push(PathBuf::from(dir)),
        }
    }
    if arguments.dirs.is_empty() {
        // `cargo bench` without arguments runs every bench: there is nothing to do here, and that is no failure.
        println!(
            "recall: no data set given; cargo bench --bench recall -- DIR [DIR..] [--threads N] [--rows N] [--ef N,N..] [--keep FOLDER] [--compact]"
        );
    }
    Ok(arguments)
}

fn measure(dir: &Path, arguments: &Arguments) -> Outcome<()> {
    let mut data = DataSet::read(dir)?;
    let is_part = arguments.rows.is_some_and(|rows| rows < data.count());
    let query_count = data.queries.len() / data.dimensions;
    let truth = if is_part { None } else { Some(read_truth(dir, query_count)?) };
    data.base.truncate(arguments.rows.unwrap_or(usize::MAX).saturating_mul(data.dimensions));
    if let Some(folder) = &arguments.keep {
        fs::create_dir_all(folder)?;
        return measure_in(folder, dir, &data, truth.as_deref(), arguments);
    }
    let folder = env::temp_dir().join(format!("syna-mmap-recall-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let outcome = measure_in(&folder, dir, &data, truth.as_deref(), arguments);
    fs::remove_dir_all(&folder)?;
    outcome
}

fn measure_in(
    folder: &Path,
    dir: &Path,
    data: &DataSet,
    truth: Option<&[u32]>,
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
        index_profile: arguments.profile,
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

    let bounds = bounds(&store, data, truth)?;
    let exact = SearchOptions { exact: true, ..Default::default() };
    let few = &data.queries[..query_count.min(EXACT_QUERIES) * data.dimensions];
    let (recall, rate) = search(&store, few, data.dimensions, &exact, &bounds)?;
    println!("\n{:>8} {:>10} {:>12}", "ef", "recall@10", "queries/s");
    println!("{:>8} {recall:>10.4} {rate:>12.0}", "exact");
    let mut results = SearchResults::default();
    let (begin, mut searched_count) = (Instant::now(), 0);
    while begin.elapsed().as_secs_f64() < MIN_SECS {
        store.search_batch(few, K, &exact, &mut results)?;
        searched_count += results.query_count();
    }
    let rate = searched_count as f64 / begin.elapsed().as_secs_f64();
    println!("{:>8} {recall:>10.4} {rate:>12.0}, by all threads", "together");
    for &ef in &arguments.efs {
        let options = SearchOptions { ef, ..Default::default() };
        let (recall, rate) = search(&store, &data.queries, data.dimensions, &options, &bounds)?;
        println!("{ef:>8} {recall:>10.4} {rate:>12.0}");
    }
    store.close()?;
    Ok(())
}

/// For each query the distance at which a hit still counts; without the truth, an exact search tells.
fn bounds(store: &MmapVectorStore, data: &DataSet, truth: Option<&[u32]>) -> Outcome<Vec<f64>> {
    let widen = |distance: f64| distance * (1.0 + 1e-5) + 1e-6;
    let exact = SearchOptions { exact: true, ..Default::default() };
    let mut results = SearchResults::default();
    let mut bounds = Vec::new();
    for (i, query) in data.queries.chunks(data.dimensions).enumerate() {
        let distance = match truth {
            Some(truth) => {
                let row = usize::try_from(truth[i * TRUTH_COLUMNS + K - 1])?;
                distance(data.metric, query, data.row(row))
            }
            None => {
                store.search_with(query, K, &exact, &mut results)?;
                f64::from(results.hits().last().ok_or("the store is empty")?.distance)
            }
        };
        bounds.push(widen(distance));
    }
    Ok(bounds)
}

/// Recall over all queries, and queries a second on this thread.
fn search(
    store: &MmapVectorStore,
    queries: &[f32],
    dimensions: usize,
    options: &SearchOptions,
    bounds: &[f64],
) -> Outcome<(f64, f64)> {
    let mut results = SearchResults::default();
    let mut hit_count = 0;
    for (query, &bound) in queries.chunks(dimensions).zip(bounds) {
        store.search_with(query, K, options, &mut results)?;
        hit_count += results.hits().iter().filter(|hit| f64::from(hit.distance) <= bound).count();
    }
    let query_count = queries.len() / dimensions;
    let recall = hit_count as f64 / (query_count * K) as f64;

    let begin = Instant::now();
    let mut searched_count = 0;
    while begin.elapsed().as_secs_f64() < MIN_SECS {
        for query in queries.chunks(dimensions) {
            store.search_with(query, K, options, &mut results)?;
        }
        searched_count += query_count;
    }
    Ok((recall, searched_count as f64 / begin.elapsed().as_secs_f64()))
}

/// Row numbers of the true neighbours, nearest first.
fn read_truth(dir: &Path, query_count: usize) -> Outcome<Vec<u32>> {
    let bytes = fs::read(dir.join("gt.i32")).map_err(|error| format!("gt.i32: {error}"))?;
    let truth: Vec<u32> = bytes.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word)).collect();
    if truth.len() != query_count * TRUTH_COLUMNS {
        return Err("gt.i32 has another length than the queries".into());
    }
    Ok(truth)
}
