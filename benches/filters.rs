//! Filtered searches, compared with an exact scan of the matching rows and with usearch's search with a predicate.
//!
//! ```text
//! cargo build --release --manifest-path benches/peers/usearch_filtered/Cargo.toml
//! cargo bench --bench filters -- DIR.. --usearch PROGRAM
//! ```
//!
//! `DIR` holds `base.f32` or `base.u8` (rows x dim, row-major, little-endian), `query.f32` and `meta.json` with "dim" and
//! "metric". For each query a share of the rows matches: random ones, the nearest to the query, or the farthest from it.
//! They are given as a bitmap, and by a callback that reads this bitmap. A hit counts if its distance is at most that of
//! the last true hit; there are min(10, matching rows) true hits. Prints lines of a Markdown table.

mod data_set;

use clap::Parser;
use data_set::{DataSet, Outcome};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;
use syna_mmap::{
    DistanceMetric, Entry, Filter, MmapVectorConfig, MmapVectorStore, SearchOptions, SearchResults,
};

const K: usize = 10;
const SHARES: [f64; 5] = [0.5, 0.1, 0.01, 0.001, 0.0001];
const WHICH: [&str; 3] = ["chance", "nearest", "farthest"];
/// A measurement repeats the queries until it has taken this long.
const MIN_SECS: f64 = 1.0;

/// A share of the rows for each query, and the distance of its last true hit.
struct Case {
    share: f64,
    which: &'static str,
    bitmaps: Vec<Vec<u64>>,
    last: Vec<f32>,
    truth_count: usize,
}

#[derive(Parser)]
struct Arguments {
    /// Folders of data sets; without one nothing is measured
    dirs: Vec<PathBuf>,
    /// Use the first queries only
    #[arg(long, default_value_t = 200)]
    queries: usize,
    /// Threads of the index build
    #[arg(long, default_value_t = 0)]
    threads: usize,
    /// The program of peers/usearch_filtered
    #[arg(long)]
    usearch: Option<PathBuf>,
    /// Passed by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Outcome<()> {
    let arguments = Arguments::parse();
    data_set::for_each("filters", &arguments.dirs, |dir| measure(dir, &arguments))
}

fn measure(dir: &Path, arguments: &Arguments) -> Outcome<()> {
    let mut data = DataSet::read(dir)?;
    if data.metric == DistanceMetric::DotProduct {
        return Err("the metric must be cosine or euclidean".into());
    }
    data.queries.truncate(arguments.queries * data.dimensions);
    let config = MmapVectorConfig {
        dimensions: u16::try_from(data.dimensions)?,
        metric: data.metric,
        index_threshold: 0,
        threads: arguments.threads,
        ..Default::default()
    };
    let store = MmapVectorStore::in_memory(config)?;
    data.insert(&store, 0..data.count(), 10_000)?;
    store.build_index()?;
    let cases = cases(&store, &data)?;
    let theirs = match &arguments.usearch {
        Some(program) => of_usearch(program, &store, &data, &cases)?,
        None => cases.iter().map(|_| "not run | not run |".to_owned()).collect(),
    };
    println!(
        "\n{}: {} x {}\n\n| share | rows that pass | recall | queries/s | scan | ratio | callback | scan with it | ratio | usearch recall | usearch |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        dir.file_name().unwrap_or_default().to_string_lossy(),
        data.count(),
        data.dimensions
    );
    for (case, theirs) in cases.iter().zip(theirs) {
        let mut columns = String::new();
        for has_callback in [false, true] {
            let (recall, ours) = case.run(&store, &data, has_callback, false)?;
            let (_, scan) = case.run(&store, &data, has_callback, true)?;
            if !has_callback {
                columns.push_str(&format!("{recall:.3} | "));
            }
            columns.push_str(&format!("{ours:.0} | {scan:.0} | {:.2} | ", ours / scan));
        }
        println!("| {} % | {} | {columns}{theirs}", case.share * 100.0, case.which);
    }
    Ok(store.close()?)
}

fn cases(store: &MmapVectorStore, data: &DataSet) -> Outcome<Vec<Case>> {
    let rows = data.count();
    let mut cases: Vec<Case> = SHARES
        .iter()
        .flat_map(|&share| WHICH.map(|which| (share, which)))
        .map(|(share, which)| Case { share, which, bitmaps: Vec::new(), last: Vec::new(), truth_count: 0 })
        .collect();
    let mut results = SearchResults::default();
    let mut random = 1u64;
    for query in data.queries.chunks(data.dimensions) {
        store.search_with(query, rows, &SearchOptions { exact: true, ..Default::default() }, &mut results)?;
        for case in &mut cases {
            let count = (rows as f64 * case.share) as usize;
            let mut bitmap = vec![0u64; rows.div_ceil(64)];
            let (mut passing, mut last) = (0, 0.0);
            for (rank, hit) in results.hits().iter().enumerate() {
                // xorshift64
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                let passes = match case.which {
                    "nearest" => rank < count,
                    "farthest" => rank >= rows - count,
                    _ => ((random >> 11) as f64) < case.share * (1u64 << 53) as f64,
                };
                if passes {
                    bitmap[hit.row as usize / 64] |= 1 << (hit.row % 64);
                    passing += 1;
                    if passing <= K {
                        last = hit.distance;
                    }
                }
            }
            case.truth_count += passing.min(K);
            case.bitmaps.push(bitmap);
            case.last.push(last);
        }
    }
    Ok(cases)
}

impl Case {
    /// Recall, and queries a second on this thread.
    fn run(
        &self,
        store: &MmapVectorStore,
        data: &DataSet,
        has_callback: bool,
        exact: bool,
    ) -> Outcome<(f64, f64)> {
        let mut results = SearchResults::default();
        let mut search = |number: usize, query: &[f32]| -> Outcome<usize> {
            let bitmap = &self.bitmaps[number];
            let test = |entry: &Entry<'_>| bitmap[entry.row as usize / 64] >> (entry.row % 64) & 1 == 1;
            let filter = match has_callback {
                true => Filter { callback: Some(&test), ..Default::default() },
                false => Filter { rows: Some(bitmap), ..Default::default() },
            };
            store.search_with(
                query,
                K,
                &SearchOptions { filter, exact, ..Default::default() },
                &mut results,
            )?;
            let last = self.last[number] * (1.0 + 1e-6);
            Ok(results.hits().iter().filter(|hit| hit.distance <= last).count())
        };
        let mut hits = 0;
        for (number, query) in data.queries.chunks(data.dimensions).enumerate() {
            hits += search(number, query)?;
        }
        let (begin, mut count) = (Instant::now(), 0);
        while begin.elapsed().as_secs_f64() < MIN_SECS {
            for (number, query) in data.queries.chunks(data.dimensions).enumerate() {
                search(number, query)?;
            }
            count += self.bitmaps.len();
        }
        Ok((
            hits as f64 / self.truth_count.max(1) as f64,
            f64::from(u32::try_from(count)?) / begin.elapsed().as_secs_f64(),
        ))
    }
}

/// usearch's columns, from a separate program with the same data and bitmaps.
fn of_usearch(
    program: &Path,
    store: &MmapVectorStore,
    data: &DataSet,
    cases: &[Case],
) -> Outcome<Vec<String>> {
    let folder = env::temp_dir().join(format!("syna-mmap-filters-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let floats = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
    fs::write(folder.join("base.f32"), floats(&data.base))?;
    fs::write(folder.join("query.f32"), floats(&data.queries))?;
    for (number, case) in cases.iter().enumerate() {
        let words = case.bitmaps.iter().flatten().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
        fs::write(folder.join(format!("case{number}")), words)?;
    }
    let metric = if data.metric == DistanceMetric::Cosine { "cosine" } else { "euclidean" };
    let output = Command::new(program).arg(&folder).arg(data.dimensions.to_string()).arg(metric).output()?;
    fs::remove_dir_all(&folder)?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let mut columns = Vec::new();
    for (line, case) in String::from_utf8(output.stdout)?.lines().zip(cases) {
        let mut words = line.split(' ');
        let rate: f64 = words.next().ok_or("an empty line")?.parse()?;
        let (mut results, mut hits) = (SearchResults::default(), 0);
        for (number, query) in data.queries.chunks(data.dimensions).enumerate() {
            let count: usize = words.next().ok_or("a line is too short")?.parse()?;
            let mut found = vec![0u64; case.bitmaps[number].len()];
            for _ in 0..count {
                let row: usize = words.next().ok_or("a line is too short")?.parse()?;
                found[row / 64] |= 1 << (row % 64);
            }
            // The distances of its hits, computed by the same kernel as the true ones.
            let filter = Filter { rows: Some(&found), ..Default::default() };
            store.search_with(
                query,
                K,
                &SearchOptions { filter, exact: true, ..Default::default() },
                &mut results,
            )?;
            let last = case.last[number] * (1.0 + 1e-6);
            hits += results.hits().iter().filter(|hit| hit.distance <= last).count();
        }
        columns.push(format!("{:.3} | {rate:.0} |", hits as f64 / case.truth_count.max(1) as f64));
    }
    Ok(columns)
}
