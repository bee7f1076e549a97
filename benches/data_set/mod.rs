//! Data sets: meta.json with "dim" and "metric"; `base.f32` or `base.u8` and `query.f32`, rows x dim, row-major,
//! little-endian.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use syna_mmap::{DistanceMetric, MmapVectorStore};

pub(crate) type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// A data set in memory.
pub(crate) struct DataSet {
    pub(crate) dimensions: usize,
    pub(crate) metric: DistanceMetric,
    pub(crate) base: Vec<f32>,
    pub(crate) queries: Vec<f32>,
}

impl DataSet {
    pub(crate) fn read(dir: &Path) -> Outcome<Self> {
        let meta =
            fs::read_to_string(dir.join("meta.json")).map_err(|error| format!("meta.json: {error}"))?;
        let dimensions: usize = meta_value(&meta, "dim")?.parse()?;
        let metric = match meta_value(&meta, "metric")? {
            "cosine" => DistanceMetric::Cosine,
            "euclidean" => DistanceMetric::Euclidean,
            "dot" | "dot_product" | "ip" => DistanceMetric::DotProduct,
            other => return Err(format!("unknown metric {other}").into()),
        };
        let bytes_path = dir.join("base.u8");
        let base = if bytes_path.exists() {
            fs::read(bytes_path)?.into_iter().map(f32::from).collect()
        } else {
            read_floats(&dir.join("base.f32"))?
        };
        let queries = read_floats(&dir.join("query.f32"))?;
        if base.len() % dimensions != 0 || queries.len() % dimensions != 0 {
            return Err("the files' lengths are inconsistent".into());
        }
        Ok(Self { dimensions, metric, base, queries })
    }

    #[allow(dead_code, reason = "not every benchmark inserts rows without columns")]
    /// Inserts rows into a store as "doc<row>", `batch_rows` at a time; returns the time of each batch.
    pub(crate) fn insert(
        &self,
        store: &MmapVectorStore,
        rows: Range<usize>,
        batch_rows: usize,
    ) -> Outcome<Vec<Duration>> {
        let mut times = Vec::new();
        for first in rows.clone().step_by(batch_rows) {
            let batch = first..(first + batch_rows).min(rows.end);
            let keys: Vec<String> = batch.clone().map(|row| format!("doc{row}")).collect();
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            let vectors: Vec<&[f32]> = batch.map(|row| self.row(row)).collect();
            let begin = Instant::now();
            store.insert_batch(&keys, &vectors)?;
            times.push(begin.elapsed());
        }
        Ok(times)
    }

    /// The number of rows.
    pub(crate) fn count(&self) -> usize {
        self.base.len() / self.dimensions
    }

    /// The vector of a row.
    pub(crate) fn row(&self, row: usize) -> &[f32] {
        &self.base[row * self.dimensions..][..self.dimensions]
    }
}

/// Measures each data set that the benchmark was given. No data set is not an error: `cargo bench` without arguments runs
/// all benchmarks.
pub(crate) fn for_each(
    bench: &str,
    dirs: &[PathBuf],
    mut measure: impl FnMut(&Path) -> Outcome<()>,
) -> Outcome<()> {
    if dirs.is_empty() {
        println!("{bench}: no data set given; see cargo bench --bench {bench} -- --help");
    }
    dirs.iter().try_for_each(|dir| measure(dir).map_err(|error| format!("{}: {error}", dir.display()).into()))
}

/// Calls `run` with the folder for the stores: the given one, or a temporary one.
#[allow(dead_code, reason = "not every benchmark keeps files")]
pub(crate) fn in_folder(keep: Option<&Path>, run: impl FnOnce(&Path) -> Outcome<()>) -> Outcome<()> {
    if let Some(folder) = keep {
        fs::create_dir_all(folder)?;
        return run(folder);
    }
    let folder = std::env::temp_dir().join(format!("syna-mmap-bench-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let outcome = run(&folder);
    fs::remove_dir_all(&folder)?;
    outcome
}

fn read_floats(path: &Path) -> Outcome<Vec<f32>> {
    let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(bytes.as_chunks::<4>().0.iter().map(|word| f32::from_le_bytes(*word)).collect())
}

/// The value of a number or string in a flat JSON object, which is sufficient for meta.json.
fn meta_value<'a>(json: &'a str, name: &str) -> Outcome<&'a str> {
    let missing = || format!("meta.json has no \"{name}\"");
    let (_, rest) = json.split_once(&format!("\"{name}\"")).ok_or_else(missing)?;
    let rest = rest.trim_start().strip_prefix(':').ok_or_else(missing)?;
    let end = rest.find([',', '}', '\n']).ok_or_else(missing)?;
    Ok(rest[..end].trim().trim_matches('"'))
}
