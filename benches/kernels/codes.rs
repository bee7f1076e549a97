//! ns a call of the kernels for codes, on data in the first-level cache.

use super::{DIMENSIONS, best_ns};
use std::hint::black_box;
use syna_mmap::bench_support::{BlockFacts, CodeKernels, Line, Rotation, write_slot};

/// The arguments of each kernel for one number of dimensions.
struct Bench {
    kernels: CodeKernels,
    rotation: Rotation,
    vector: Vec<f32>,
    /// Codes of five vectors, 64 bytes a line.
    codes: [Vec<Line>; 5],
}

/// Bytes aligned to a cache line, as in an index.
fn lines(bytes: &[u8]) -> Vec<Line> {
    bytes.as_chunks::<64>().0.iter().map(|line| Line(*line)).collect()
}

impl Bench {
    fn new(kernels: CodeKernels, dimensions: usize) -> Self {
        let rotation = Rotation::new(dimensions, 1);
        let vector: Vec<f32> = (0..dimensions).map(|i| (i * 7919 % 83) as f32 / 83.0 - 0.4).collect();
        let codes = [3, 5, 7, 11, 13].map(|step| {
            let vector: Vec<f32> = (0..dimensions).map(|i| (i * step % 97) as f32 / 97.0 - 0.5).collect();
            let mut rotated = vec![0.0; rotation.code_dimensions()];
            rotation.apply(&kernels, &vector, &mut rotated);
            let mut code = vec![0; rotated.len()];
            kernels.encode(&rotated, &mut code);
            lines(&code)
        });
        Self { kernels, rotation, vector, codes }
    }

    fn code(&self, i: usize) -> &[u8] {
        bytemuck::cast_slice(&self.codes[i])
    }

    /// ns of each kernel, in the order of [`NAMES`].
    fn run(&self, repeats: usize, rounds: usize) -> [f64; 9] {
        let k = &self.kernels;
        let width = self.rotation.code_dimensions();
        let mut rotated = vec![Line([0; 64]); width / 16];
        let rotated: &mut [f32] = bytemuck::cast_slice_mut(&mut rotated);
        let mut bytes = vec![Line([0; 64]); width / 64];
        let mut table = vec![Line([0; 64]); width / 16];
        let mut block = table.clone();
        let mut code = vec![0; width];
        let mut bits = vec![0; width / 8];
        let mut facts = BlockFacts::NONE;
        let mut out = [0.0; 32];
        self.rotation.apply(k, &self.vector, rotated);
        let rotate = timed(rounds, repeats, || self.rotation.apply(k, black_box(&self.vector), rotated));
        let encode = timed(rounds, repeats, || _ = black_box(k.encode(black_box(&*rotated), &mut code)));
        let prepare = timed(rounds, repeats, || {
            let bytes = bytemuck::cast_slice_mut(&mut bytes);
            _ = black_box(k.prepare(black_box(&*rotated), bytes, bytemuck::cast_slice_mut(&mut table)));
        });
        let query = bytemuck::cast_slice(&bytes);
        let dot_query =
            timed(rounds, repeats, || _ = black_box(k.dot_query(query, 5, black_box(self.code(0)))));
        let dot_codes =
            timed(rounds, repeats, || _ = black_box(k.dot_codes(self.code(0), black_box(self.code(1)))));
        let others = [1, 2, 3, 4].map(|i| self.code(i));
        let dot_codes_4 =
            timed(rounds, repeats, || _ = black_box(k.dot_codes_4(self.code(0), black_box(others))));
        let mut slot = 0;
        let relative = timed(rounds, repeats, || {
            let residual = k.relative((self.code(0), 0.01), (black_box(self.code(1)), 0.02), &mut bits);
            write_slot(bytemuck::cast_slice_mut(&mut block), slot, &bits);
            facts.set(slot, residual.square, 0.25);
            slot = (slot + 1) % 32;
        });
        let write = timed(rounds, repeats, || {
            write_slot(bytemuck::cast_slice_mut(black_box(&mut block)), slot, &bits);
            slot = (slot + 1) % 32;
        });
        let table = bytemuck::cast_slice(&table);
        let estimate = timed(rounds, repeats, || {
            k.estimate(bytemuck::cast_slice(black_box(&block)), (table, 0.1), &facts, 1.0, &[], &mut out);
            black_box(&mut out);
        });
        [rotate, encode, prepare, dot_query, dot_codes, dot_codes_4, relative, write, estimate]
    }
}

const NAMES: [&str; 9] = [
    "rotation",
    "encode",
    "prepare",
    "dot_query",
    "dot_codes",
    "dot_codes_4",
    "relative + write_slot",
    "write_slot",
    "estimate (32 slots)",
];

/// ns of one call, in the best of `rounds` times `repeats` calls.
fn timed(rounds: usize, repeats: usize, mut call: impl FnMut()) -> f64 {
    let call = std::cell::RefCell::new(&mut call);
    best_ns(rounds, repeats, || {
        let mut call = call.borrow_mut();
        (0..repeats).for_each(|_| call());
    })
}

/// Prints a table of all kernels, for each instruction set.
pub fn print(repeats: usize, rounds: usize) {
    println!("codes: ns a call, in cache");
    for kernels in CodeKernels::available() {
        let columns = DIMENSIONS.map(|dimensions| Bench::new(kernels, dimensions).run(repeats, rounds));
        for (i, name) in NAMES.iter().enumerate() {
            print!("{:8} {name:26}", kernels.isa().name());
            for column in &columns {
                print!("{:>16.1}", column[i]);
            }
            println!();
        }
    }
}
