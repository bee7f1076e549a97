//! The speed of inserting rows into a store, compared with writing the same bytes to a plain file.
//!
//! `cargo bench --bench ingest`, `--help` for more.
//!
//! All methods alternate within one run, because the speed of a machine changes from minute to minute. For each method the
//! median of `--reps` rounds is printed, with its ratio to a plain `write()` in 1 MiB blocks. Space is allocated inside the
//! measured time: every round starts with a new file. Keys ("doc<i>") and vectors are created before, and so is the memory
//! for the page cache: under a hypervisor that reclaims free memory, the first access to a page costs several times as
//! much as a write, and the first method would pay for all.

use std::env;
use std::fs::{self, File};
use std::io::Write;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use clap::Parser;
use memmap2::MmapMut;
use syna_mmap::{
    BatchKeys, BatchPayloads, BatchVectors, DistanceMetric, MmapVectorConfig, MmapVectorStore, WriteBatch,
    WriteMode,
};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const BATCH_ROWS: usize = 10_000;
const BLOCK_BYTES: usize = 1 << 20;
/// Single inserts are slow; a part of the rows is sufficient.
const SINGLE_ROWS: usize = 20_000;
/// Indexing a row takes more time than all other work, so these are few.
const INDEXED_ROWS: usize = 4_000;
const INDEXED_BATCH_ROWS: usize = 1_000;

#[derive(Parser)]
struct Arguments {
    /// Folder of the files; by default the system's folder for temporary files
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Rows in a round
    #[arg(long, default_value = "100000")]
    rows: NonZeroUsize,
    #[arg(long, value_delimiter = ',', default_values_t = [128, 768])]
    dimensions: Vec<usize>,
    /// Rounds
    #[arg(long, default_value = "5")]
    reps: NonZeroUsize,
    /// Only the methods with these names, separated by ';'
    #[arg(long, value_delimiter = ';')]
    only: Vec<String>,
    /// Passed by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

/// The rows of one round, and their destination.
struct Workload {
    dimensions: usize,
    vectors: Vec<f32>,
    /// The same vectors, as bytes of a file.
    bytes: Vec<u8>,
    keys: Vec<String>,
    plain_path: PathBuf,
    store_path: PathBuf,
}

/// A method of writing rows to a file. Returns the number of rows and the time.
type Way = fn(&Workload) -> Outcome<(usize, Duration)>;

const WAYS: [(&str, Way); 11] = [
    ("write(), 1 MiB blocks", |w| plain(w, BLOCK_BYTES, false)),
    ("write(), one a batch", |w| plain(w, BATCH_ROWS * w.dimensions * 4, false)),
    ("insert_batch", |w| batches(w, 0, false)),
    ("insert_batch, 1 worker thread", |w| batches(w, 1, false)),
    ("write, row-major as from C", row_major),
    ("write(), 1 MiB blocks, fdatasync", |w| plain(w, BLOCK_BYTES, true)),
    ("write(), one a batch, fdatasync", |w| plain(w, BATCH_ROWS * w.dimensions * 4, true)),
    ("insert_batch, checkpoint", |w| batches(w, 0, true)),
    ("the same, 1 worker thread", |w| batches(w, 1, true)),
    ("insert", singles),
    ("insert_batch, index on and drained", indexed),
];

fn main() -> Outcome<()> {
    let arguments = Arguments::parse();
    let dir = arguments.dir.clone().unwrap_or_else(env::temp_dir);
    let folder = dir.join(format!("syna-mmap-ingest-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    println!("{}", machine(&folder));
    let outcome =
        arguments.dimensions.iter().try_for_each(|&dimensions| measure(&arguments, &folder, dimensions));
    fs::remove_dir_all(&folder)?;
    outcome
}

fn measure(arguments: &Arguments, folder: &Path, dimensions: usize) -> Outcome<()> {
    let workload = Workload::new(arguments.rows.get(), dimensions, folder);
    // One round outside the statistics warms up allocator, page cache and file system.
    let is_asked_for =
        |name: &str| arguments.only.is_empty() || arguments.only.iter().any(|only| only == name);
    let ways: Vec<_> = WAYS.iter().filter(|way| is_asked_for(way.0)).collect();
    let mut rates = vec![Vec::new(); ways.len()];
    for rep in 0..=arguments.reps.get() {
        eprint!("\r{dimensions} dimensions: round {rep} of {}, {} methods ", arguments.reps, ways.len());
        for (way, rates) in ways.iter().zip(&mut rates) {
            workload.remove_files()?;
            let _pins = free_real_memory(workload.bytes.len() / 2 * 3)?;
            let (row_count, elapsed) = way.1(&workload)?;
            if rep > 0 {
                rates.push(row_count as f64 / elapsed.as_secs_f64());
            }
        }
    }
    eprintln!();
    workload.remove_files()?;

    println!(
        "\n{} rows of {dimensions} floats ({} MB), batches of {BATCH_ROWS}, median of {}",
        arguments.rows,
        workload.bytes.len() / 1_000_000,
        arguments.reps
    );
    println!("{:<34} {:>12} {:>8} {:>8} {:>15}", "", "vectors/s", "GB/s", "ratio", "spread");
    let mut reference = 0.0;
    for (way, rates) in ways.iter().zip(&mut rates) {
        rates.sort_by(f64::total_cmp);
        let median = rates[rates.len() / 2];
        if reference == 0.0 {
            reference = median;
        }
        println!(
            "{:<34} {:>12.0} {:>8.2} {:>8.2} {:>6.2}..{:<6.2}",
            way.0,
            median,
            median * dimensions as f64 * 4.0 / 1e9,
            median / reference,
            rates[0] / reference,
            rates[rates.len() - 1] / reference,
        );
    }
    Ok(())
}

/// Frees this much memory that is backed by physical pages, in pieces under 2 MiB, because a hypervisor reclaims larger
/// ones at once. The pages between the pieces are freed when the returned value is dropped.
fn free_real_memory(length_bytes: usize) -> Outcome<Vec<MmapMut>> {
    const STEP_BYTES: usize = 2 << 20;
    const PAGE_BYTES: usize = 4096;
    let (mut free, mut pins) = (Vec::new(), Vec::new());
    for _ in 0..length_bytes / STEP_BYTES {
        for (list, length) in [(&mut free, STEP_BYTES - PAGE_BYTES), (&mut pins, PAGE_BYTES)] {
            let mut memory = MmapMut::map_anon(length)?;
            memory.iter_mut().step_by(PAGE_BYTES).for_each(|byte| *byte = 1);
            list.push(memory);
        }
    }
    Ok(pins)
}

impl Workload {
    fn new(row_count: usize, dimensions: usize, folder: &Path) -> Self {
        // Any bytes, as long as no layer below can compress them: a 64-bit linear congruential generator (Knuth).
        let mut state = 1_u64;
        let vectors: Vec<f32> = (0..row_count * dimensions)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 40) as f32 / 8_388_608.0 - 1.0
            })
            .collect();
        Self {
            dimensions,
            bytes: vectors.iter().flat_map(|value| value.to_le_bytes()).collect(),
            vectors,
            keys: (0..row_count).map(|row| format!("doc{row}")).collect(),
            plain_path: folder.join("plain"),
            store_path: folder.join("store.syna"),
        }
    }

    fn remove_files(&self) -> Outcome<()> {
        for path in [&self.plain_path, &self.store_path, &self.store_path.with_extension("syna.hnsw")] {
            if path.exists() {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    /// A new store without automatic index and checkpoints, unless requested.
    fn store(&self, threads: usize, index_threshold: usize) -> Outcome<MmapVectorStore> {
        let config = MmapVectorConfig {
            threads,
            dimensions: u16::try_from(self.dimensions)?,
            metric: DistanceMetric::Euclidean,
            initial_capacity: self.keys.len(),
            index_threshold,
            // With an index, every write indexes all of its rows.
            most_unindexed_rows: 0,
            checkpoint_interval_secs: 0,
            ..Default::default()
        };
        Ok(MmapVectorStore::new(&self.store_path, config)?)
    }
}

fn plain(w: &Workload, block_bytes: usize, is_synced: bool) -> Outcome<(usize, Duration)> {
    let begin = Instant::now();
    let mut file = File::create_new(&w.plain_path)?;
    for block in w.bytes.chunks(block_bytes) {
        file.write_all(block)?;
    }
    if is_synced {
        file.sync_data()?;
    }
    Ok((w.keys.len(), begin.elapsed()))
}

/// The batch layout of the C ABI: one block of floats, so nothing is gathered.
fn row_major(w: &Workload) -> Outcome<(usize, Duration)> {
    let keys: Vec<&str> = w.keys.iter().map(String::as_str).collect();
    let begin = Instant::now();
    let store = w.store(0, 0)?;
    let mut new_count = 0;
    for (keys, vectors) in keys.chunks(BATCH_ROWS).zip(w.vectors.chunks(BATCH_ROWS * w.dimensions)) {
        new_count += store
            .write(&WriteBatch {
                keys: BatchKeys::Slices(keys),
                vectors: BatchVectors::RowMajor(vectors),
                tags: None,
                payloads: BatchPayloads::None,
                mode: WriteMode::Insert,
                ..WriteBatch::default()
            })?
            .rows;
    }
    let elapsed = begin.elapsed();
    store.close()?;
    expect_rows(new_count, w.keys.len())?;
    Ok((new_count, elapsed))
}

fn batches(w: &Workload, threads: usize, is_checkpointed: bool) -> Outcome<(usize, Duration)> {
    let keys: Vec<&str> = w.keys.iter().map(String::as_str).collect();
    let vectors: Vec<&[f32]> = w.vectors.chunks(w.dimensions).collect();
    let begin = Instant::now();
    let store = w.store(threads, 0)?;
    let mut new_count = 0;
    for (keys, vectors) in keys.chunks(BATCH_ROWS).zip(vectors.chunks(BATCH_ROWS)) {
        new_count += store.insert_batch(keys, vectors)?;
    }
    if is_checkpointed {
        store.checkpoint()?;
    }
    let elapsed = begin.elapsed();
    store.close()?;
    expect_rows(new_count, w.keys.len())?;
    Ok((new_count, elapsed))
}

fn singles(w: &Workload) -> Outcome<(usize, Duration)> {
    let row_count = w.keys.len().min(SINGLE_ROWS);
    let begin = Instant::now();
    let store = w.store(0, 0)?;
    for (key, vector) in w.keys.iter().zip(w.vectors.chunks(w.dimensions)).take(row_count) {
        store.insert(key, vector)?;
    }
    let elapsed = begin.elapsed();
    expect_rows(store.len(), row_count)?;
    store.close()?;
    Ok((row_count, elapsed))
}

/// Inserts with automatic indexing on the calling thread, until all rows are indexed.
fn indexed(w: &Workload) -> Outcome<(usize, Duration)> {
    let row_count = w.keys.len().min(INDEXED_ROWS);
    let keys: Vec<&str> = w.keys.iter().take(row_count).map(String::as_str).collect();
    let vectors: Vec<&[f32]> = w.vectors.chunks(w.dimensions).take(row_count).collect();
    let begin = Instant::now();
    let store = w.store(0, 1)?;
    for (keys, vectors) in keys.chunks(INDEXED_BATCH_ROWS).zip(vectors.chunks(INDEXED_BATCH_ROWS)) {
        store.insert_batch(keys, vectors)?;
    }
    let elapsed = begin.elapsed();
    expect_rows(usize::try_from(store.stats()?.indexed_rows)?, row_count)?;
    store.close()?;
    Ok((row_count, elapsed))
}

fn expect_rows(actual: usize, expected: usize) -> Outcome<()> {
    if actual == expected { Ok(()) } else { Err(format!("{actual} rows stored, not {expected}").into()) }
}

/// Kernel, processor and file system, if the system reports them.
fn machine(folder: &Path) -> String {
    let said = |program: &str, args: &[&str]| -> String {
        let output = Command::new(program).args(args).output();
        output.map_or_else(|_| "?".to_owned(), |o| String::from_utf8_lossy(&o.stdout).trim().to_owned())
    };
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processor = cpuinfo
        .lines()
        .find_map(|line| {
            line.strip_prefix("model name")?.split_once(':').map(|(_, name)| name.trim().to_owned())
        })
        .unwrap_or_else(|| env::consts::ARCH.to_owned());
    let processors = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let folder = folder.to_string_lossy();
    format!(
        "{} | {processors} x {processor} | file system {}",
        said("uname", &["-sr"]),
        said("stat", &["-f", "-c", "%T", &folder])
    )
}
