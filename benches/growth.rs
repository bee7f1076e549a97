//! The cost of a growing index: searches over unindexed rows, inserts beside the index, index steps with a time budget.
//!
//! `cargo bench --bench growth -- DIR`, `--help` for more.
//!
//! `DIR` holds a data set: meta.json with "dim" and "metric", base.u8 or base.f32, query.f32. Three quarters of the rows
//! are indexed first; the others are added by the measurements.

mod data_set;

use data_set::{DataSet, Outcome};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Parser;
use syna_mmap::{MmapVectorConfig, MmapVectorStore, SearchOptions, SearchResults};

const K: usize = 10;
const BATCH_ROWS: usize = 1_000;
const TAILS: [usize; 7] = [0, 256, 512, 1_024, 2_048, 4_096, 8_192];
/// Rows indexed by the steps of each budget.
const STEP_ROWS: usize = 3_000;

#[derive(Parser)]
struct Arguments {
    /// Folder of the data set; without one nothing is measured
    dir: Option<PathBuf>,
    /// Use the first rows only
    #[arg(long, default_value_t = usize::MAX, hide_default_value = true)]
    rows: usize,
    /// tail, steps or inserts; by default all of them
    #[arg(long, default_value = "")]
    only: String,
    /// Budgets of a step, in microseconds
    #[arg(long, value_delimiter = ',', default_values_t = [500, 1_000, 2_000, 8_000])]
    budgets: Vec<u64>,
    /// Rounds
    #[arg(long, default_value = "5")]
    reps: NonZeroUsize,
    /// Passed by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Outcome<()> {
    let arguments = Arguments::parse();
    data_set::for_each("growth", arguments.dir.as_slice(), |dir| measure(dir, &arguments))
}

fn measure(dir: &Path, arguments: &Arguments) -> Outcome<()> {
    let mut data = DataSet::read(dir)?;
    data.base.truncate(arguments.rows.saturating_mul(data.dimensions));
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    println!("{name}: {} x {}, {:?}", data.count(), data.dimensions, data.metric);
    let modes: [(&str, Mode); 3] =
        [("tail", measure_tail), ("steps", measure_steps), ("inserts", measure_inserts)];
    data_set::in_folder(None, |folder| {
        modes
            .iter()
            .filter(|(name, _)| name.contains(&arguments.only))
            .try_for_each(|(name, mode)| mode(&data, &folder.join(name), arguments))
    })
}

type Mode = fn(&DataSet, &Path, &Arguments) -> Outcome<()>;

/// A store with the first three quarters of the rows indexed.
fn with_index(data: &DataSet, path: &Path) -> Outcome<(MmapVectorStore, usize)> {
    let store = open(data, path, 0, 0)?;
    let count = data.count() / 4 * 3;
    data.insert(&store, 0..count, BATCH_ROWS)?;
    store.build_index()?;
    Ok((store, count))
}

fn open(
    data: &DataSet,
    path: &Path,
    threshold: usize,
    most_unindexed_rows: usize,
) -> Outcome<MmapVectorStore> {
    Ok(MmapVectorStore::new(
        path,
        MmapVectorConfig {
            dimensions: u16::try_from(data.dimensions)?,
            metric: data.metric,
            initial_capacity: data.count(),
            index_threshold: threshold,
            most_unindexed_rows,
            checkpoint_interval_secs: 0,
            threads: 2,
            ..Default::default()
        },
    )?)
}

/// How much unindexed rows slow searches down.
fn measure_tail(data: &DataSet, path: &Path, arguments: &Arguments) -> Outcome<()> {
    let (store, count) = with_index(data, path)?;
    println!(
        "\n{:>10} {:>10} {:>10} {:>8}   ({count} rows in the index)",
        "tail", "p50, us", "p99, us", "ratio"
    );
    let mut inserted = 0;
    let mut without = 0.0;
    for tail in TAILS.into_iter().filter(|tail| count + tail <= data.count()) {
        data.insert(&store, count + inserted..count + tail, BATCH_ROWS)?;
        inserted = tail;
        let mut times = Vec::new();
        let mut results = SearchResults::default();
        for _ in 0..arguments.reps.get() {
            for query in data.queries.chunks(data.dimensions).take(2_000) {
                let begin = Instant::now();
                store.search_with(query, K, &SearchOptions::default(), &mut results)?;
                times.push(begin.elapsed());
            }
        }
        times.sort_unstable();
        let p50 = micros(percentile(&times, 50.0));
        if tail == 0 {
            without = p50;
        }
        println!("{tail:>10} {p50:>10.1} {:>10.1} {:>8.2}", micros(percentile(&times, 99.0)), p50 / without);
    }
    Ok(store.close()?)
}

/// How well steps keep to their budgets.
fn measure_steps(data: &DataSet, path: &Path, arguments: &Arguments) -> Outcome<()> {
    let (store, mut count) = with_index(data, path)?;
    println!(
        "\n{count} rows in the index, {STEP_ROWS} more for each budget; over: what a call took beyond its budget"
    );
    println!(
        "{:<12} {:>10} {:>8} {:>8} {:>12} {:>12} {:>12} {:>10}",
        "", "budget, us", "calls", "used, %", "over p50, us", "p99, us", "most, us", "rows/s"
    );
    for &budget in &arguments.budgets {
        let end = (count + STEP_ROWS).min(data.count());
        data.insert(&store, count..end, BATCH_ROWS)?;
        let rows = end - count;
        count = end;
        let budget = Duration::from_micros(budget);
        let (mut times, mut on_cpu) = (Vec::new(), Vec::new());
        loop {
            let (begin, cpu) = (Instant::now(), thread_time());
            let left = store.index_step(budget)?;
            times.push(begin.elapsed());
            on_cpu.push(thread_time() - cpu);
            if left == 0 {
                break;
            }
        }
        let calls = times.len();
        print_steps("index_step", budget, times, Some(rows));
        // Without the time that the system gave to other programs.
        print_steps("processor time", budget, on_cpu, None);
        // The same for a loop that only reads the clock.
        print_steps("the clock", budget, (0..calls).map(|_| spin(budget)).collect(), None);
    }
    Ok(store.close()?)
}

/// The processor time of this thread.
fn thread_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is valid for writing.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    assert_eq!(result, 0, "the clock exists");
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

fn spin(budget: Duration) -> Duration {
    let begin = Instant::now();
    while begin.elapsed() < budget {
        std::hint::spin_loop();
    }
    begin.elapsed()
}

fn print_steps(name: &str, budget: Duration, mut times: Vec<Duration>, rows: Option<usize>) {
    let total: Duration = times.iter().sum();
    let used = total.as_secs_f64() / (budget.as_secs_f64() * times.len() as f64);
    times.sort_unstable();
    let over = |percent| micros(percentile(&times, percent).saturating_sub(budget));
    let rate = rows.map_or(String::new(), |rows| format!("{:.0}", rows as f64 / total.as_secs_f64()));
    println!(
        "{name:<12} {:>10} {:>8} {:>8.1} {:>12.1} {:>12.1} {:>12.1} {rate:>10}",
        budget.as_micros(),
        times.len(),
        100.0 * used,
        over(50.0),
        over(99.0),
        over(100.0),
    );
}

/// The cost of inserts, with and without an index that follows them.
fn measure_inserts(data: &DataSet, path: &Path, _: &Arguments) -> Outcome<()> {
    println!(
        "\n{:<44} {:>12} {:>14} {:>14}",
        "inserts, 1,000 rows a batch", "rows/s", "p50, ms/batch", "most, ms/batch"
    );
    let print = |name: &str, rows: usize, mut times: Vec<Duration>| {
        let total: Duration = times.iter().sum();
        times.sort_unstable();
        println!(
            "{name:<44} {:>12.0} {:>14.2} {:>14.2}",
            rows as f64 / total.as_secs_f64(),
            micros(percentile(&times, 50.0)) / 1e3,
            micros(percentile(&times, 100.0)) / 1e3
        );
    };
    let begin = data.count() / 4 * 3;
    let rows = data.count() - begin;
    let plain = open(data, &path.with_extension("plain"), 0, 0)?;
    data.insert(&plain, 0..begin, BATCH_ROWS)?;
    print("without an index", rows, data.insert(&plain, begin..data.count(), BATCH_ROWS)?);
    plain.close()?;

    let (store, _) = with_index(data, path)?;
    print(
        "with an index, the tail left to steps",
        rows,
        data.insert(&store, begin..data.count(), BATCH_ROWS)?,
    );
    let drain = Instant::now();
    while store.index_step(Duration::from_millis(100))? > 0 {}
    let drained = drain.elapsed();
    println!("{:<44} {:>12.0}", "  the steps that drain it, one thread", rows as f64 / drained.as_secs_f64());
    store.close()?;

    let default = MmapVectorConfig::default().most_unindexed_rows;
    let bounded = open(data, &path.with_extension("bounded"), 1, default)?;
    data.insert(&bounded, 0..begin, BATCH_ROWS)?;
    let times = data.insert(&bounded, begin..data.count(), BATCH_ROWS)?;
    print("the inserts drain it, two threads", rows, times);
    Ok(bounded.close()?)
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

/// The percentile of sorted times.
fn percentile(times: &[Duration], percent: f64) -> Duration {
    let place = (times.len().saturating_sub(1) as f64 * percent / 100.0).round();
    times.get(place as usize).copied().unwrap_or_default()
}
