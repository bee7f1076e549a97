//! Stores that keep the same vectors as f32, f16 and i8: bytes of the file, ingest, exact scans, and the queries a second of
//! index searches at the same recall.
//!
//! `cargo bench --bench elements -- DIR..`, `--help` for more. A `DIR` holds a data set (data_set/mod.rs) and its ground
//! truth (truth/mod.rs): the nearest rows by the distances of the vectors as they are given. The stores take turns, because
//! the speed of a machine changes from minute to minute; medians are printed.

mod data_set;
mod truth;

use clap::Parser;
use data_set::{DataSet, Outcome};
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Instant;
use syna_mmap::{ElementType, IndexProfile, MmapVectorConfig, MmapVectorStore, SearchOptions, SearchResults};
use truth::Bounds;

const K: usize = 10;
const ELEMENTS: [ElementType; 3] = [ElementType::F32, ElementType::F16, ElementType::I8];
const RECALLS: [f64; 2] = [0.95, 0.99];

#[derive(Parser)]
struct Arguments {
    /// Folders of data sets; without one nothing is measured
    dirs: Vec<PathBuf>,
    /// Numbers of candidates of a search (ef)
    #[arg(long, value_delimiter = ',', default_values_t = [10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100, 130, 170, 220, 300, 400])]
    ef: Vec<usize>,
    /// Rounds of each measurement
    #[arg(long, default_value = "5")]
    reps: NonZeroUsize,
    /// Queries of an exact scan
    #[arg(long, default_value_t = 100)]
    scans: usize,
    /// Rows of each batch
    #[arg(long, default_value_t = 10_000)]
    batch: usize,
    /// Build indexes of the compact profile
    #[arg(long)]
    compact: bool,
    /// Print the recall and the queries/s of every ef
    #[arg(long)]
    curves: bool,
    /// Passed by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Outcome<()> {
    let arguments = Arguments::parse();
    data_set::for_each("elements", &arguments.dirs, |dir| {
        data_set::in_folder(None, |folder| measure(folder, dir, &arguments))
    })
}

/// The line of one element type.
#[derive(Default)]
struct Line {
    file_bytes: u64,
    index_bytes: u64,
    ingest_secs: Vec<f64>,
    build_secs: f64,
    scan_recall: f64,
    scans: Vec<f64>,
    scans_together: Vec<f64>,
    /// Recall, queries/s, for each ef.
    curve: Vec<(f64, Vec<f64>)>,
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

fn measure(folder: &Path, dir: &Path, arguments: &Arguments) -> Outcome<()> {
    let data = DataSet::read(dir)?;
    let bounds = Bounds::read(dir, &data, K)?;
    let reps = arguments.reps.get();
    let mut lines = ELEMENTS.map(|_| Line::default());
    let mut stores = Vec::new();
    for rep in 0..reps {
        stores.clear();
        for (element, line) in ELEMENTS.into_iter().zip(&mut lines) {
            stores.push(fill(folder, &data, element, arguments, line)?);
        }
        eprint!("\ringest {} of {reps}", rep + 1);
    }
    for ((store, path), line) in stores.iter().zip(&mut lines) {
        let begin = Instant::now();
        store.build_index()?;
        line.build_secs = begin.elapsed().as_secs_f64();
        store.checkpoint()?;
        line.file_bytes = fs::metadata(path)?.len();
        line.index_bytes = fs::metadata(path.with_extension("syna.hnsw"))?.len();
        eprint!("\rindex of {}, {:.0} s", store.element().name(), line.build_secs);
    }
    // After an open, the index lies in memory as the file has it.
    let mut opened = Vec::new();
    for ((store, path), element) in stores.drain(..).zip(ELEMENTS) {
        store.close()?;
        opened.push(MmapVectorStore::new(path, config(&data, element, arguments))?);
    }
    let scan = SearchOptions { exact: true, ..SearchOptions::default() };
    let few = &data.queries[..(arguments.scans * data.dimensions).min(data.queries.len())];
    for rep in 0..reps {
        for (store, line) in opened.iter().zip(&mut lines) {
            let (recall, rate) = pass(store, &data, &bounds, few, &scan)?;
            line.scan_recall = recall;
            line.scans.push(rate);
            let (mut results, begin) = (SearchResults::default(), Instant::now());
            store.search_batch(few, K, &scan, &mut results)?;
            line.scans_together.push((few.len() / data.dimensions) as f64 / begin.elapsed().as_secs_f64());
        }
        eprint!("\rexact scans {} of {reps}    ", rep + 1);
    }
    for &ef in &arguments.ef {
        lines.iter_mut().for_each(|line| line.curve.push((0.0, Vec::new())));
        let options = SearchOptions { ef, ..SearchOptions::default() };
        for _ in 0..reps {
            for (store, line) in opened.iter().zip(&mut lines) {
                let (recall, rate) = pass(store, &data, &bounds, &data.queries, &options)?;
                if let Some(point) = line.curve.last_mut() {
                    point.0 = recall;
                    point.1.push(rate);
                }
            }
        }
        eprint!("\rsearches with ef {ef}    ");
    }
    eprintln!("\r                              ");
    print(dir, &data, &lines, arguments);
    Ok(())
}

fn config(data: &DataSet, element: ElementType, arguments: &Arguments) -> MmapVectorConfig {
    MmapVectorConfig {
        dimensions: u16::try_from(data.dimensions).unwrap_or(0),
        metric: data.metric,
        element,
        initial_capacity: data.count(),
        index_threshold: 0,
        checkpoint_interval_secs: 0,
        index_profile: if arguments.compact { IndexProfile::Compact } else { IndexProfile::Fast },
        ..MmapVectorConfig::default()
    }
}

/// A new store with all rows, which are written and synced.
fn fill(
    folder: &Path,
    data: &DataSet,
    element: ElementType,
    arguments: &Arguments,
    line: &mut Line,
) -> Outcome<(MmapVectorStore, PathBuf)> {
    let path = folder.join(format!("{}.syna", element.name()));
    let _ = fs::remove_file(&path);
    let store = MmapVectorStore::new(&path, config(data, element, arguments))?;
    let times = data.insert(&store, 0..data.count(), arguments.batch)?;
    line.ingest_secs.push(times.iter().map(std::time::Duration::as_secs_f64).sum());
    Ok((store, path))
}

/// Recall and queries a second of searches one after the other. The recall is not in the time.
fn pass(
    store: &MmapVectorStore,
    data: &DataSet,
    bounds: &Bounds,
    queries: &[f32],
    options: &SearchOptions,
) -> Outcome<(f64, f64)> {
    let mut results = SearchResults::default();
    let query_count = queries.len() / data.dimensions;
    let begin = Instant::now();
    for query in queries.chunks(data.dimensions) {
        store.search_with(query, K, options, &mut results)?;
    }
    let secs = begin.elapsed().as_secs_f64();
    let mut found = 0;
    for (number, query) in queries.chunks(data.dimensions).enumerate() {
        store.search_with(query, K, options, &mut results)?;
        found += bounds.count(data, number, results.hits());
    }
    Ok((found as f64 / (query_count * K) as f64, query_count as f64 / secs))
}

/// Queries a second at a recall, between the two measured points around it; `None` if the recall is not reached.
fn rate_at(line: &Line, recall: f64) -> Option<f64> {
    let points: Vec<(f64, f64)> = line.curve.iter().map(|(recall, rates)| (*recall, median(rates))).collect();
    let after = points.iter().position(|point| point.0 >= recall)?;
    let right = points[after];
    let Some(left) = after.checked_sub(1).map(|before| points[before]) else { return Some(right.1) };
    let share = (recall - left.0) / (right.0 - left.0);
    Some((left.1.ln() * (1.0 - share) + right.1.ln() * share).exp())
}

fn print(dir: &Path, data: &DataSet, lines: &[Line; 3], arguments: &Arguments) {
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    let (rows, dimensions) = (data.count(), data.dimensions);
    println!("\n{name}: {rows} x {dimensions}, {:?}\n", data.metric);
    println!(
        "| element | file, bytes/row | index, bytes/row | ingest, rows/s | exact scan, queries/s | 100 in one call | \
         recall of scans | build, s | queries/s at 0.95 | at 0.99 | best recall |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    let base = &lines[0];
    for (element, line) in ELEMENTS.iter().zip(lines) {
        let per_row = |bytes: u64| bytes as f64 / rows as f64;
        let ratio = |value: f64, of: f64| format!("{value:.0} ({:.2})", value / of);
        let at = |recall: f64| match (rate_at(line, recall), rate_at(base, recall)) {
            (Some(rate), Some(of)) => ratio(rate, of),
            _ => "not reached".to_owned(),
        };
        let best = line.curve.iter().map(|point| point.0).fold(0.0, f64::max);
        println!(
            "| {} | {:.0} | {:.0} | {} | {} | {} | {:.4} | {:.1} | {} | {} | {best:.4} |",
            element.name(),
            per_row(line.file_bytes),
            per_row(line.index_bytes),
            ratio(rows as f64 / median(&line.ingest_secs), rows as f64 / median(&base.ingest_secs)),
            ratio(median(&line.scans), median(&base.scans)),
            ratio(median(&line.scans_together), median(&base.scans_together)),
            line.scan_recall,
            line.build_secs,
            at(RECALLS[0]),
            at(RECALLS[1]),
        );
    }
    if arguments.curves {
        println!("\n| element | ef | recall | queries/s |\n| --- | ---: | ---: | ---: |");
        for (element, line) in ELEMENTS.iter().zip(lines) {
            for (&ef, (recall, rates)) in arguments.ef.iter().zip(&line.curve) {
                println!("| {} | {ef} | {recall:.4} | {:.0} |", element.name(), median(rates));
            }
        }
    }
}
