//! The cost of a row for each instruction set of this machine: `cargo bench --features bench-internals --bench kernels`.
//!
//! ns a row (for a tile: for four queries), the best of several rounds, over rows in the first-level cache and over 256 MB
//! of rows. Then the distances of a prepared query, `first_non_finite`, the kernels for codes (only these with
//! `-- codes`), and the checksum in GB/s. Without `--bench`, as under `cargo test --all-targets`, each function runs once
//! on little data.

#[path = "kernels/codes.rs"]
mod codes;

use clap::{Parser, ValueEnum};
use std::hint::black_box;
use std::time::Instant;
use syna_mmap::DistanceMetric;
use syna_mmap::bench_support::{Kernels, PreparedQuery, crc32c};

const DIMENSIONS: [usize; 4] = [128, 384, 768, 784];
/// Rows in the cache: with the query they fit into 32 KiB.
const CACHED_BYTES: usize = 24 << 10;

#[derive(Parser)]
struct Arguments {
    /// Only this part
    only: Option<Only>,
    /// Passed by cargo; without it each function runs once, on little data
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Only {
    Codes,
}

struct Plan {
    /// Bytes of the array that exceeds all caches.
    memory_bytes: usize,
    /// Rows a round for the data in the cache.
    cached_rows: usize,
    rounds: usize,
}

/// Rows that are scanned `repeats` times with one query.
struct Scan<'a> {
    query: &'a [f32],
    rows: &'a [f32],
    repeats: usize,
}

impl Scan<'_> {
    /// The sum of `measured` over all rows, so that no call is optimized away.
    fn one_by_one(&self, measured: impl Fn(&[f32]) -> f32) -> f32 {
        let rows = || black_box(self.rows).chunks_exact(self.query.len());
        (0..self.repeats).map(|_| rows().map(&measured).sum::<f32>()).sum()
    }

    /// The same with four rows at once.
    fn by_four(&self, measured: impl Fn([&[f32]; 4]) -> f32) -> f32 {
        let dimensions = self.query.len();
        let fours = || black_box(self.rows).chunks_exact(4 * dimensions);
        let split =
            |four: &[f32]| measured([0, 1, 2, 3].map(|i| &four[i * dimensions..(i + 1) * dimensions]));
        (0..self.repeats).map(|_| fours().map(split).sum::<f32>()).sum()
    }
}

impl Scan<'_> {
    /// The same with four rows at once, each from a different quarter, as in an exact scan.
    fn by_streams(&self, measured: impl Fn([&[f32]; 4]) -> f32) -> f32 {
        let dimensions = self.query.len();
        let quarter = self.rows.len() / dimensions / 4 * dimensions;
        let place = |at: usize| {
            let rows = black_box(self.rows);
            measured([0, 1, 2, 3].map(|i| &rows[i * quarter + at..][..dimensions]))
        };
        let all = || (0..quarter).step_by(dimensions);
        (0..self.repeats).map(|_| all().map(place).sum::<f32>()).sum()
    }
}

/// A measured function and its name.
type Measured = (&'static str, Box<dyn Fn(&Scan) -> f32>);

fn main() {
    let arguments = Arguments::parse();
    let plan = if arguments.bench {
        Plan { memory_bytes: 256 << 20, cached_rows: 200_000, rounds: 7 }
    } else {
        Plan { memory_bytes: 1 << 20, cached_rows: 64, rounds: 1 }
    };
    if arguments.only == Some(Only::Codes) {
        codes::print(plan.cached_rows / 4, plan.rounds);
        return;
    }
    let memory: Vec<f32> = (0..plan.memory_bytes / 4).map(|i| (i % 251) as f32 / 251.0 - 0.5).collect();
    println!("ns a row: in cache / in {} MB", plan.memory_bytes >> 20);
    print!("{:8} {:26}", "isa", "function");
    for dimensions in DIMENSIONS {
        print!("{dimensions:>16}");
    }
    println!();
    for kernels in Kernels::available() {
        for (name, measured) in kernel_functions(kernels) {
            print_row(&plan, kernels, name, &memory, measured.as_ref());
        }
        for metric in [DistanceMetric::Euclidean, DistanceMetric::DotProduct, DistanceMetric::Cosine] {
            let name = format!("{} distances_4", metric.name());
            print_row(&plan, kernels, &name, &memory, &|scan| {
                let prepared = PreparedQuery::new(kernels, metric, scan.query);
                scan.by_four(|four| prepared.distances_4(four.map(Into::into)).iter().sum())
            });
        }
    }
    codes::print(plan.cached_rows / 4, plan.rounds);
    print_checksum(&plan, &memory);
}

fn kernel_functions(kernels: Kernels) -> [Measured; 11] {
    let k = kernels;
    [
        ("squared_euclidean", Box::new(move |s| s.one_by_one(|row| k.squared_euclidean(s.query, row)))),
        (
            "squared_euclidean_4",
            Box::new(move |s| s.by_four(|four| k.squared_euclidean_4(s.query, four).iter().sum())),
        ),
        ("dot", Box::new(move |s| s.one_by_one(|row| k.dot(s.query, row)))),
        ("dot_4", Box::new(move |s| s.by_four(|four| k.dot_4(s.query, four).iter().sum()))),
        ("dot_and_square", Box::new(move |s| s.one_by_one(|row| sum_of(k.dot_and_square(s.query, row))))),
        (
            "dot_and_square_4",
            Box::new(move |s| s.by_four(|four| k.dot_and_square_4(s.query, four).map(sum_of).iter().sum())),
        ),
        (
            "squared_euclidean_streams",
            Box::new(move |s| s.by_streams(|four| k.squared_euclidean_streams(s.query, four).iter().sum())),
        ),
        ("dot_streams", Box::new(move |s| s.by_streams(|four| k.dot_streams(s.query, four).iter().sum()))),
        (
            "squared_euclidean_tile",
            Box::new(move |s| s.by_four(|four| sum_of_tile(k.squared_euclidean_tile([s.query; 4], four)))),
        ),
        ("dot_tile", Box::new(move |s| s.by_four(|four| sum_of_tile(k.dot_tile([s.query; 4], four))))),
        (
            "first_non_finite",
            Box::new(move |s| s.one_by_one(|row| k.first_non_finite(row).map_or(0.0, |_| 1.0))),
        ),
    ]
}

fn sum_of_tile(tile: [[f32; 4]; 4]) -> f32 {
    tile.iter().flatten().sum()
}

fn sum_of((dot, square): (f32, f32)) -> f32 {
    dot + square
}

fn print_row(plan: &Plan, kernels: Kernels, name: &str, memory: &[f32], measured: &dyn Fn(&Scan) -> f32) {
    print!("{:8} {name:26}", kernels.isa().name());
    for dimensions in DIMENSIONS {
        let query: Vec<f32> = (0..dimensions).map(|i| (i % 83) as f32 / 83.0 - 0.4).collect();
        let cached_count = (CACHED_BYTES / 4 / dimensions).max(4) / 4 * 4;
        let cached = &memory[..cached_count * dimensions];
        let repeats = plan.cached_rows.div_ceil(cached_count);
        let in_cache = best_ns(plan.rounds, repeats * cached_count, || {
            black_box(measured(&Scan { query: black_box(&query), rows: cached, repeats }));
        });
        let memory_count = memory.len() / dimensions / 4 * 4;
        let in_memory = best_ns(plan.rounds.min(3), memory_count, || {
            let rows = &memory[..memory_count * dimensions];
            black_box(measured(&Scan { query: black_box(&query), rows, repeats: 1 }));
        });
        print!("{:>16}", format!("{in_cache:.1} / {in_memory:.0}"));
    }
    println!();
}

fn print_checksum(plan: &Plan, memory: &[f32]) {
    let bytes: Vec<u8> = memory.iter().take(1 << 18).flat_map(|component| component.to_le_bytes()).collect();
    for block_bytes in [64, 512, 3072, 1 << 20] {
        let cached = &bytes[..block_bytes.max(CACHED_BYTES / block_bytes * block_bytes)];
        let repeats = (plan.cached_rows * 128).div_ceil(cached.len());
        let blocks = repeats * (cached.len() / block_bytes);
        let ns = best_ns(plan.rounds, blocks, || {
            for _ in 0..repeats {
                for block in cached.chunks_exact(block_bytes) {
                    black_box(crc32c(black_box(block)));
                }
            }
        });
        println!("crc32c of {block_bytes} bytes: {ns:.1} ns, {:.1} GB/s", block_bytes as f64 / ns);
    }
}

/// Nanoseconds for each of `count` items in the best of `rounds` calls of `work`.
fn best_ns(rounds: usize, count: usize, work: impl Fn()) -> f64 {
    (0..rounds)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_secs_f64() * 1e9 / count as f64
        })
        .fold(f64::INFINITY, f64::min)
}
