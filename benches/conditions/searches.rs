//! Searches whose rows meet a condition on a column: by a bitmap, by the condition, by a prepared filter, by a callback, and
//! by an exact scan.
//!
//! Column 0 has random numbers, so rows that meet a condition on it are anywhere ("chance"). Column 1 has the component of
//! the vector that varies most: the rows around the query's own value are likely near the query ("near"), and those with the
//! values farthest from it are likely not ("far"). Of equal values all are taken, so more rows may meet a condition than asked for.

use crate::data_set::{DataSet, Outcome};
use crate::evaluation::mix;
use std::path::Path;
use std::time::Instant;
use syna_mmap::{
    BatchKeys, BatchVectors, Column, ColumnKind, ColumnTest, ColumnValues, Condition, Entry, Filter,
    MmapVectorConfig, MmapVectorStore, PreparedFilter, SearchOptions, SearchResults, Value, Values,
    WriteBatch,
};

const K: usize = 10;
const SHARES: [f64; 5] = [0.5, 0.1, 0.01, 0.001, 0.0001];
const WHICH: [&str; 3] = ["chance", "near", "far"];
const WAYS: [&str; 5] = ["bitmap", "condition", "prepared", "callback", "scan of the bitmap"];
/// A measurement repeats the queries until it has taken this long.
const MIN_SECS: f64 = 1.0;
const BATCH_ROWS: usize = 10_000;

/// What one query asks for, and its answer.
struct Case {
    condition: Condition<'static>,
    prepared: PreparedFilter,
    bitmap: Vec<u64>,
    /// The distance of the last true hit, and how many there are.
    last: f32,
    truth: usize,
}

/// Prints a table for a data set.
pub fn measure(dir: &Path, queries: usize, threads: usize) -> Outcome<()> {
    let mut data = DataSet::read(dir)?;
    data.queries.truncate(queries * data.dimensions);
    let axis = widest(&data);
    let store = fill(&data, axis, threads)?;
    let mut sorted: Vec<f32> = (0..data.count()).map(|row| data.row(row)[axis]).collect();
    sorted.sort_by(f32::total_cmp);
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    println!("\n{name}: {} x {}, queries/s\n", data.count(), data.dimensions);
    println!(
        "| share | rows that meet it | their share | {} | prepared / bitmap | recall by condition | by callback |",
        WAYS.join(" | ")
    );
    println!("| --- | --- | ---: |{} ---: | ---: | ---: |", " ---: |".repeat(WAYS.len()));
    for share in SHARES {
        for which in WHICH {
            let cases = cases(&store, &data, axis, &sorted, share, which)?;
            let mut rates = Vec::new();
            let mut recalls = Vec::new();
            for way in WAYS {
                let (recall, rate) = run(&store, &data, &cases, way)?;
                rates.push(rate);
                recalls.push(recall);
            }
            let bits = cases.iter().flat_map(|case| &case.bitmap).map(|word| f64::from(word.count_ones()));
            let real = 100.0 * bits.sum::<f64>() / (cases.len() * data.count()) as f64;
            let columns: Vec<String> = rates.iter().map(|rate| format!("{rate:.0}")).collect();
            let (columns, ratio) = (columns.join(" | "), rates[2] / rates[0]);
            println!(
                "| {} % | {which} | {real:.3} % | {columns} | {ratio:.2} | {:.3} | {:.3} |",
                share * 100.0,
                recalls[1],
                recalls[3]
            );
        }
    }
    Ok(store.close()?)
}

/// The component that varies most.
fn widest(data: &DataSet) -> usize {
    let (mut sums, mut squares) = (vec![0.0; data.dimensions], vec![0.0; data.dimensions]);
    for row in (0..data.count()).step_by(7) {
        for (component, value) in data.row(row).iter().enumerate() {
            sums[component] += f64::from(*value);
            squares[component] += f64::from(*value).powi(2);
        }
    }
    let rows = data.count().div_ceil(7) as f64;
    let variance = |component: usize| squares[component] / rows - (sums[component] / rows).powi(2);
    (0..data.dimensions).max_by(|&a, &b| variance(a).total_cmp(&variance(b))).unwrap_or(0)
}

fn fill(data: &DataSet, axis: usize, threads: usize) -> Outcome<MmapVectorStore> {
    let columns = vec![Column::new("chance", ColumnKind::U64)?, Column::new("axis", ColumnKind::F64)?];
    let config = MmapVectorConfig {
        dimensions: u16::try_from(data.dimensions)?,
        metric: data.metric,
        index_threshold: 0,
        threads,
        columns,
        ..Default::default()
    };
    let store = MmapVectorStore::in_memory(config)?;
    for first in (0..data.count()).step_by(BATCH_ROWS) {
        let rows = first..data.count().min(first + BATCH_ROWS);
        let keys: Vec<String> = rows.clone().map(|row| format!("doc{row}")).collect();
        let vectors: Vec<&[f32]> = rows.clone().map(|row| data.row(row)).collect();
        let chance: Vec<u64> = rows.clone().map(mix).collect();
        let axis: Vec<f64> = rows.map(|row| f64::from(data.row(row)[axis])).collect();
        store.write(&WriteBatch {
            keys: BatchKeys::Slices(&keys.iter().map(String::as_str).collect::<Vec<_>>()),
            vectors: BatchVectors::Slices(&vectors),
            columns: &[
                ColumnValues { column: 0, values: Values::U64(&chance) },
                ColumnValues { column: 1, values: Values::F64(&axis) },
            ],
            ..WriteBatch::default()
        })?;
    }
    store.build_index()?;
    Ok(store)
}

/// One case for each query.
fn cases(
    store: &MmapVectorStore,
    data: &DataSet,
    axis: usize,
    sorted: &[f32],
    share: f64,
    which: &str,
) -> Outcome<Vec<Case>> {
    let mut results = SearchResults::default();
    let count = ((sorted.len() as f64 * share) as usize).max(1);
    let mut cases = Vec::new();
    for (number, query) in data.queries.chunks(data.dimensions).enumerate() {
        let rank = sorted.partition_point(|value| *value < query[axis]);
        let between = |first: usize| {
            let value = |rank: usize| Value::F64(f64::from(sorted[rank.min(sorted.len() - 1)]));
            Condition::new(1, ColumnTest::Between(value(first), value(first + count - 1)))
        };
        let condition = match which {
            "near" => between(rank.saturating_sub(count / 2).min(sorted.len() - count)),
            "far" => between(if rank > sorted.len() / 2 { 0 } else { sorted.len() - count }),
            // Another part of the range for each query.
            _ => {
                let width = (share * u64::MAX as f64) as u64;
                let low = mix(number + (1 << 40)) % (u64::MAX - width + 1).max(1);
                let (low, high) = (Value::U64(low), Value::U64(low + (width - 1)));
                Condition::new(0, ColumnTest::Between(low, high))
            }
        };
        let conditions = &[condition];
        let filter = Filter { conditions, ..Filter::default() };
        let mut bitmap = vec![0_u64; data.count().div_ceil(64)];
        store.rows_where(&filter)?.iter().for_each(|row| bitmap[*row as usize / 64] |= 1 << (row % 64));
        let exact = Filter { rows: Some(&bitmap), ..Filter::default() };
        let options = SearchOptions { filter: exact, exact: true, ..SearchOptions::default() };
        store.search_with(query, K, &options, &mut results)?;
        let (last, truth) = (results.hits().last().map_or(0.0, |hit| hit.distance), results.hits().len());
        let prepared = store.prepare_filter(&filter)?;
        cases.push(Case { condition, prepared, bitmap, last, truth });
    }
    Ok(cases)
}

/// Recall, and queries a second on this thread.
fn run(store: &MmapVectorStore, data: &DataSet, cases: &[Case], way: &str) -> Outcome<(f64, f64)> {
    let mut results = SearchResults::default();
    let mut search = |case: &Case, query: &[f32]| -> Outcome<usize> {
        let conditions = &[case.condition];
        let test = |entry: &Entry<'_>| {
            let ColumnTest::Between(low, high) = case.condition.test else { return false };
            let value = entry.values.get(case.condition.column);
            value.is_some_and(|value| value >= low && value <= high)
        };
        let filter = match way {
            "condition" => Filter { conditions, ..Filter::default() },
            "prepared" => Filter { prepared: Some(&case.prepared), ..Filter::default() },
            "callback" => Filter { callback: Some(&test), ..Filter::default() },
            _ => Filter { rows: Some(&case.bitmap), ..Filter::default() },
        };
        let exact = way.starts_with("scan");
        let options = SearchOptions { filter, exact, ..SearchOptions::default() };
        store.search_with(query, K, &options, &mut results)?;
        let last = case.last * (1.0 + 1e-6);
        Ok(results.hits().iter().filter(|hit| hit.distance <= last).count())
    };
    let queries = || cases.iter().zip(data.queries.chunks(data.dimensions));
    let (mut hits, mut truth) = (0, 0);
    for (case, query) in queries() {
        hits += search(case, query)?;
        truth += case.truth;
    }
    let (begin, mut count) = (Instant::now(), 0_usize);
    while begin.elapsed().as_secs_f64() < MIN_SECS {
        for (case, query) in queries() {
            search(case, query)?;
        }
        count += cases.len();
    }
    Ok((hits as f64 / truth.max(1) as f64, count as f64 / begin.elapsed().as_secs_f64()))
}
