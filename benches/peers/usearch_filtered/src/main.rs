//! usearch's search with a predicate, for `benches/filters.rs`: `usearch-filtered FOLDER`.
//!
//! FOLDER has base.f32 and query.f32, and case0, case1, ...: one bitmap of rows for each query. The program prints one line
//! a case: queries a second on one thread, the number of hits, and the rows found, query after query.

use std::fs;
use std::path::Path;
use std::time::Instant;
use usearch::{Index, IndexOptions, MetricKind, ScalarKind};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const K: usize = 10;
/// A measurement repeats the queries until it has taken this long.
const MIN_SECS: f64 = 1.0;

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().ok_or("usage: usearch-filtered FOLDER DIMENSIONS METRIC");
    let (folder, dimensions, metric) = (next()?, next()?.parse::<usize>()?, next()?);
    let folder = Path::new(&folder);
    let (base, queries) = (floats(&folder.join("base.f32"))?, floats(&folder.join("query.f32"))?);
    let index = Index::new(&IndexOptions {
        dimensions,
        metric: if metric == "cosine" { MetricKind::Cos } else { MetricKind::L2sq },
        quantization: ScalarKind::F32,
        connectivity: 16,
        expansion_add: 128,
        expansion_search: 100,
        ..Default::default()
    })?;
    let rows = base.len() / dimensions;
    index.reserve(rows)?;
    std::thread::scope(|scope| {
        for half in 0..2 {
            let (index, base) = (&index, &base);
            scope.spawn(move || {
                for row in (half..rows).step_by(2) {
                    index.add(row as u64, &base[row * dimensions..][..dimensions]).expect("usearch takes the row");
                }
            });
        }
    });
    for case in 0.. {
        let Ok(bytes) = fs::read(folder.join(format!("case{case}"))) else { return Ok(()) };
        let words: Vec<u64> = bytes.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word)).collect();
        let bitmaps: Vec<&[u64]> = words.chunks(rows.div_ceil(64)).collect();
        let search = |query: usize| {
            let bitmap = bitmaps[query];
            let passes = |row: u64| bitmap[row as usize / 64] >> (row % 64) & 1 == 1;
            index.filtered_search(&queries[query * dimensions..][..dimensions], K, passes)
        };
        let mut found = Vec::new();
        for query in 0..bitmaps.len() {
            found.push(search(query)?.keys);
        }
        let (begin, mut count) = (Instant::now(), 0);
        while begin.elapsed().as_secs_f64() < MIN_SECS {
            for query in 0..bitmaps.len() {
                search(query)?;
            }
            count += bitmaps.len();
        }
        print!("{:.1}", count as f64 / begin.elapsed().as_secs_f64());
        for keys in found {
            print!(" {}", keys.len());
            keys.iter().for_each(|key| print!(" {key}"));
        }
        println!();
    }
    Ok(())
}

fn floats(path: &Path) -> Outcome<Vec<f32>> {
    let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(bytes.as_chunks::<4>().0.iter().map(|word| f32::from_le_bytes(*word)).collect())
}
