//! Worst-case durations of calls: single inserts, batches, index steps, searches with a deadline, checkpoints, close.
//!
//! `cargo bench --bench pauses -- ROWS`, `--help` for more. ROWS vectors of 128 components are generated: random ones, and
//! clustered ones of low intrinsic dimension, like embeddings.

#[allow(dead_code, reason = "the rows are generated")]
mod data_set;

use clap::Parser;
use data_set::Outcome;
use rand_xoshiro::SplitMix64;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use std::path::Path;
use std::time::{Duration, Instant};
use syna_mmap::{MmapVectorConfig, MmapVectorStore, SearchOptions, SearchResults};

const DIMENSIONS: usize = 128;
/// The intrinsic dimension and the number of clusters of clustered vectors.
const INTRINSIC: usize = 12;
const CLUSTERS: usize = 200;
const BATCH_ROWS: usize = 1_000;
const FRAME: Duration = Duration::from_micros(16_700);
const STEP: Duration = Duration::from_micros(500);
const DEADLINE: Duration = Duration::from_micros(200);
const SEARCHES: usize = 20_000;

#[derive(Parser)]
struct Arguments {
    /// Number of rows; 0 measures nothing
    #[arg(default_value_t = 0)]
    rows: usize,
    /// random or clustered; by default both
    #[arg(long, default_value = "")]
    data: String,
    /// single, worker, paced, batch or calls; by default all of them
    #[arg(long, default_value = "")]
    only: String,
    /// Seconds between automatic checkpoints; a store's default is 30
    #[arg(long, default_value_t = 30)]
    interval: u64,
    /// Inserts a second of the paced mode
    #[arg(long, default_value_t = 1_000)]
    rate: usize,
    /// Threads of the store
    #[arg(long, default_value_t = 0)]
    threads: usize,
    /// Print this many of the calls with the longest processor time
    #[arg(long, default_value_t = 0)]
    worst: usize,
    /// Passed by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

/// The duration of a call in wall time, and in processor time of the thread, which excludes the disk and the time that the
/// system gave to other programs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Taken {
    wall: Duration,
    own: Duration,
}

struct Begin {
    wall: Instant,
    own: Duration,
}

impl Begin {
    fn now() -> Self {
        Self { own: thread_time(), wall: Instant::now() }
    }

    fn taken(&self) -> Taken {
        Taken { wall: self.wall.elapsed(), own: thread_time() - self.own }
    }
}

/// The processor time of this thread.
fn thread_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is valid for writing.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    assert_eq!(result, 0, "the clock exists");
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

struct Random(SplitMix64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(SplitMix64::seed_from_u64(seed))
    }

    fn next(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Approximately normally distributed.
    fn component(&mut self) -> f32 {
        let sum: u64 = (0..4).map(|_| self.next() >> 48).sum();
        (sum as f32 / 65_536.0 - 2.0) * 1.7
    }

    fn vector(&mut self, length: usize) -> Vec<f32> {
        (0..length).map(|_| self.component()).collect()
    }
}

fn random_rows(count: usize) -> Vec<f32> {
    Random::new(1).vector(count * DIMENSIONS)
}

fn clustered_rows(count: usize) -> Vec<f32> {
    let mut random = Random::new(2);
    let axes = random.vector(INTRINSIC * DIMENSIONS);
    let centres = random.vector(CLUSTERS * INTRINSIC);
    let mut rows = Vec::with_capacity(count * DIMENSIONS);
    for _ in 0..count {
        let cluster = (random.next() % CLUSTERS as u64) as usize;
        let centre = &centres[cluster * INTRINSIC..][..INTRINSIC];
        let place: Vec<f32> = centre.iter().map(|x| x + 0.4 * random.component()).collect();
        for column in 0..DIMENSIONS {
            let sum: f32 = place.iter().zip(axes.chunks(DIMENSIONS)).map(|(x, axis)| x * axis[column]).sum();
            rows.push(sum + 0.2 * random.component());
        }
    }
    rows
}

fn main() -> Outcome<()> {
    let arguments = Arguments::parse();
    if arguments.rows == 0 {
        println!("pauses: no number of rows given");
        return Ok(());
    }
    type Make = fn(usize) -> Vec<f32>;
    let data: [(&str, Make); 2] = [("random", random_rows), ("clustered", clustered_rows)];
    for (name, make) in data.into_iter().filter(|(name, _)| name.contains(&arguments.data)) {
        let rows = make(arguments.rows);
        println!("\n{name}: {} x {DIMENSIONS}, a checkpoint each {} s", arguments.rows, arguments.interval);
        println!(
            "{:<40} {:>8} {:>9} {:>9} {:>9} {:>9} {:>9} {:>8} {:>8} {:>9} {:>9}",
            "calls",
            "count",
            "p50, us",
            "p99",
            "p99.9",
            "max, ms",
            "total, s",
            ">16.7ms",
            ">50 ms",
            "own p99.9",
            "max, ms"
        );
        data_set::in_folder(None, |folder| measure(&rows, folder, &arguments))?;
    }
    Ok(())
}

fn measure(rows: &[f32], folder: &Path, arguments: &Arguments) -> Outcome<()> {
    let is_wanted = |mode: &str| mode.contains(&arguments.only);
    if is_wanted("single") {
        let store = open(folder, "single", false, arguments)?;
        print("insert", insert(&store, rows, 1, None)?, arguments);
        close(store, arguments)?;
    }
    if is_wanted("worker") {
        let store = open(folder, "worker", true, arguments)?;
        print("insert, index_worker", insert(&store, rows, 1, None)?, arguments);
        close(store, arguments)?;
    }
    if is_wanted("paced") {
        let store = open(folder, "paced", true, arguments)?;
        let gap = Duration::from_secs(1) / u32::try_from(arguments.rate.max(1))?;
        let name = format!("insert, index_worker, {} a second", arguments.rate);
        print(&name, insert(&store, rows, 1, Some(gap))?, arguments);
        close(store, arguments)?;
    }
    if is_wanted("batch") {
        let store = open(folder, "batch", false, arguments)?;
        print(
            &format!("insert_batch, {BATCH_ROWS} rows"),
            insert(&store, rows, BATCH_ROWS, None)?,
            arguments,
        );
        close(store, arguments)?;
    }
    if is_wanted("calls") {
        measure_calls(rows, folder, arguments)?;
    }
    Ok(())
}

fn open(folder: &Path, name: &str, has_worker: bool, arguments: &Arguments) -> Outcome<MmapVectorStore> {
    let config = MmapVectorConfig {
        dimensions: u16::try_from(DIMENSIONS)?,
        index_worker: has_worker,
        checkpoint_interval_secs: arguments.interval,
        threads: arguments.threads,
        ..Default::default()
    };
    Ok(MmapVectorStore::new(folder.join(name), config)?)
}

fn insert(
    store: &MmapVectorStore,
    rows: &[f32],
    batch_rows: usize,
    gap: Option<Duration>,
) -> Outcome<Vec<Taken>> {
    let mut times = Vec::new();
    let mut next = Instant::now();
    for (batch, vectors) in rows.chunks(batch_rows * DIMENSIONS).enumerate() {
        let vectors: Vec<&[f32]> = vectors.chunks(DIMENSIONS).collect();
        let keys: Vec<String> =
            (0..vectors.len()).map(|n| format!("doc{}", batch * batch_rows + n)).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        if let Some(gap) = gap {
            std::thread::sleep(next.saturating_duration_since(Instant::now()));
            next += gap;
        }
        let begin = Begin::now();
        store.insert_batch(&keys, &vectors)?;
        times.push(begin.taken());
    }
    Ok(times)
}

fn close(store: MmapVectorStore, arguments: &Arguments) -> Outcome<()> {
    let begin = Begin::now();
    store.checkpoint()?;
    print("  then checkpoint", vec![begin.taken()], arguments);
    let begin = Begin::now();
    store.close()?;
    print("  then close", vec![begin.taken()], arguments);
    Ok(())
}

/// Index steps with a time budget, and searches with a deadline beside them.
fn measure_calls(rows: &[f32], folder: &Path, arguments: &Arguments) -> Outcome<()> {
    let config = MmapVectorConfig {
        dimensions: u16::try_from(DIMENSIONS)?,
        index_threshold: 0,
        checkpoint_interval_secs: 0,
        ..Default::default()
    };
    let store = MmapVectorStore::new(folder.join("calls"), config)?;
    insert(&store, rows, BATCH_ROWS, None)?;
    let mut times = Vec::new();
    let mut left = 1;
    while left > 0 {
        let begin = Begin::now();
        left = store.index_step(STEP)?;
        times.push(begin.taken());
    }
    print(&format!("index_step, {STEP:?}"), times, arguments);
    let options = SearchOptions { deadline: Some(DEADLINE), ..Default::default() };
    let mut results = SearchResults::default();
    let mut random = Random::new(3);
    let mut times = Vec::new();
    for _ in 0..SEARCHES {
        let row = (random.next() % (rows.len() / DIMENSIONS) as u64) as usize;
        let mut query = rows[row * DIMENSIONS..][..DIMENSIONS].to_vec();
        query.iter_mut().for_each(|x| *x += 0.3 * random.component());
        let begin = Begin::now();
        store.search_with(&query, 10, &options, &mut results)?;
        times.push(begin.taken());
    }
    print(&format!("search, deadline {DEADLINE:?}"), times, arguments);
    close(store, arguments)
}

fn print(name: &str, times: Vec<Taken>, arguments: &Arguments) {
    let total: Duration = times.iter().map(|taken| taken.wall).sum();
    let mut worst: Vec<(Taken, usize)> = times.iter().copied().zip(0..).collect();
    worst.sort_unstable_by_key(|taken| std::cmp::Reverse(*taken));
    let mut own: Vec<Duration> = times.iter().map(|taken| taken.own).collect();
    own.sort_unstable_by_key(|time| std::cmp::Reverse(*time));
    let place = |share: f64| ((worst.len() - 1) as f64 * (1.0 - share)).floor() as usize;
    let at = |share: f64| worst[place(share)].0.wall.as_secs_f64() * 1e6;
    let over = |bound: Duration| worst.iter().take_while(|(taken, _)| taken.wall > bound).count();
    println!(
        "{name:<40} {:>8} {:>9.1} {:>9.1} {:>9.1} {:>9.2} {:>9.2} {:>8} {:>8} {:>9.1} {:>9.2}",
        times.len(),
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0) / 1e3,
        total.as_secs_f64(),
        over(FRAME),
        over(Duration::from_millis(50)),
        own[place(0.999)].as_secs_f64() * 1e6,
        own[0].as_secs_f64() * 1e3,
    );
    worst.sort_unstable_by_key(|(taken, _)| std::cmp::Reverse(taken.own));
    for (taken, call) in worst.iter().take(arguments.worst) {
        println!("    call {call}: processor {:.2?}, wall {:.2?}", taken.own, taken.wall);
    }
}
