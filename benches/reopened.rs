//! What a store that was opened again gains by having the records its searches need side by side.
//!
//! ```text
//! cargo bench --bench reopened -- DIR [--ef 20,80] [--reps 9]
//! ```
//!
//! `DIR` holds a data set. Its queries are asked again and again: of the store as it was built, and of the same store
//! opened again and searched by other queries before, by few or by many. Those are rows, moved a fifth of the way towards
//! another row.

mod data_set;

use data_set::{DataSet, Outcome};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use syna_mmap::{MmapVectorConfig, MmapVectorStore, SearchOptions, SearchResults};

const K: usize = 10;
const BATCH_ROWS: usize = 10_000;
/// What a store is warmed up with, in candidates.
const EF_BEFORE: usize = 200;
const FEW: usize = 2_000;
const MANY: usize = 20_000;

struct Arguments {
    dir: PathBuf,
    efs: Vec<usize>,
    reps: usize,
}

fn main() -> ExitCode {
    match parse_arguments().and_then(|arguments| run(&arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("reopened: {error}");
            ExitCode::FAILURE
        }
    }
}

fn parse_arguments() -> Outcome<Arguments> {
    let mut arguments = Arguments { dir: PathBuf::new(), efs: vec![20, 80], reps: 9 };
    let mut given = env::args().skip(1).filter(|argument| argument != "--bench");
    while let Some(name) = given.next() {
        if !name.starts_with("--") {
            arguments.dir = PathBuf::from(name);
            continue;
        }
        let value = given.next().ok_or(format!("{name} needs a value"))?;
        match name.as_str() {
            "--ef" => arguments.efs = value.split(',').map(str::parse).collect::<Result<_, _>>()?,
            "--reps" => arguments.reps = value.parse()?,
            _ => return Err(format!("unknown argument {name}").into()),
        }
    }
    if arguments.dir.as_os_str().is_empty() || arguments.reps == 0 {
        return Err("usage: cargo bench --bench reopened -- DIR [--ef 20,80] [--reps 9]".into());
    }
    Ok(arguments)
}

fn run(arguments: &Arguments) -> Outcome<()> {
    let data = DataSet::read(&arguments.dir)?;
    let folder = env::temp_dir().join(format!("syna-mmap-reopened-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let outcome = measure_in(&folder, &data, arguments);
    fs::remove_dir_all(&folder)?;
    outcome
}

fn measure_in(folder: &Path, data: &DataSet, arguments: &Arguments) -> Outcome<()> {
    println!(
        "{} x {}, {:?}; queries a second, medians of {}",
        data.count(),
        data.dimensions,
        data.metric,
        arguments.reps
    );
    let path = folder.join("store.syna");
    let config = MmapVectorConfig {
        dimensions: u16::try_from(data.dimensions)?,
        metric: data.metric,
        initial_capacity: data.count(),
        index_threshold: 0,
        checkpoint_interval_secs: 0,
        threads: 2,
        ..Default::default()
    };
    let mut store = MmapVectorStore::new(&path, config.clone())?;
    data.insert(&store, 0..data.count(), BATCH_ROWS)?;
    store.build_index()?;
    let others = other_queries(data);
    let few = &others[..FEW * data.dimensions];
    let ways: [(&str, &[f32]); 4] = [
        ("as built", &data.queries),
        ("opened again, the same before", &data.queries),
        ("opened again, few others before", few),
        ("opened again, many others before", &others),
    ];
    for (number, (name, before)) in ways.iter().enumerate() {
        if number > 0 {
            store.close()?;
            store = MmapVectorStore::new(&path, config.clone())?;
        }
        ask(&store, data, before, EF_BEFORE)?;
        print!("{name:<34}");
        for &ef in &arguments.efs {
            let rates: Result<Vec<f64>, _> =
                (0..arguments.reps).map(|_| ask(&store, data, &data.queries, ef)).collect();
            let mut rates = rates?;
            rates.sort_by(f64::total_cmp);
            print!("  ef {ef}: {:>7.0}", rates[rates.len() / 2]);
        }
        println!();
    }
    store.close()?;
    Ok(())
}

/// Asks all queries, one at a time; how many a second.
fn ask(store: &MmapVectorStore, data: &DataSet, queries: &[f32], ef: usize) -> Outcome<f64> {
    let options = SearchOptions { ef, ..Default::default() };
    let mut results = SearchResults::default();
    let begin = Instant::now();
    for query in queries.chunks(data.dimensions) {
        store.search_with(query, K, &options, &mut results)?;
    }
    Ok((queries.len() / data.dimensions) as f64 / begin.elapsed().as_secs_f64())
}

/// Rows of chance, moved a fifth of the way towards others: by a 64-bit linear congruence (Knuth).
fn other_queries(data: &DataSet) -> Vec<f32> {
    let mut state = 1_u64;
    let mut row_of_chance = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        data.row(usize::try_from(state >> 33).unwrap_or(0) % data.count())
    };
    let mut queries = Vec::with_capacity(MANY * data.dimensions);
    for _ in 0..MANY {
        let (row, other) = (row_of_chance(), row_of_chance());
        queries.extend(row.iter().zip(other).map(|(a, b)| 0.8 * a + 0.2 * b));
    }
    queries
}
