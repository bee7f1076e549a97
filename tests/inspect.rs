//! `examples/inspect` says of a store what the store says of itself, finds what is damaged, and stands everything.
//!
//! It is called as a program where `cargo test` has built it, and as a module.

mod support;

#[path = "../examples/inspect/main.rs"]
#[allow(dead_code, reason = "the program's own start")]
mod inspect;

use clap::Parser;
use inspect::fields::{Place, StoreId, array};
use std::ffi::OsStr;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::{METRICS, Random, TempFolder, quiet, seed};
use syna_mmap::{
    BatchKeys, BatchPayloads, BatchVectors, DistanceMetric, HnswConfig, IndexProfile, MmapVectorConfig,
    MmapVectorStore, OpenMode, StoreStats, WriteBatch, WriteMode,
};

/// No multiple of 16.
const DIMENSIONS: u16 = 70;

fn config(metric: DistanceMetric, profile: IndexProfile) -> MmapVectorConfig {
    MmapVectorConfig {
        initial_capacity: 0,
        hnsw_config: HnswConfig { ef_construction: 20, ..HnswConfig::with_m(4) },
        index_profile: profile,
        ..quiet(DIMENSIONS, metric)
    }
}

fn key(i: usize) -> String {
    format!("{}{i}", "é".repeat(i % 9))
}

/// Tags, payloads, deletions, equal vectors, one without direction; several frames, checkpoints and an index.
fn make(path: &Path, config: MmapVectorConfig) -> StoreStats {
    let store = MmapVectorStore::new(path, config.clone()).unwrap();
    let mut random = Random(5);
    let mut write = |range: Range<usize>, mode| {
        let keys: Vec<String> = range.clone().map(key).collect();
        let mut vectors: Vec<f32> = range.clone().flat_map(|_| random.vector(DIMENSIONS.into())).collect();
        let width = usize::from(DIMENSIONS);
        vectors.copy_within(..width, 3 * width);
        vectors[width..2 * width].fill(0.0);
        let tags: Vec<u64> = range.clone().map(|i| i as u64).collect();
        let payloads: Vec<String> = range.map(|i| "SYNF".repeat(i % 9)).collect();
        let batch = WriteBatch {
            keys: BatchKeys::Slices(&keys.iter().map(String::as_str).collect::<Vec<_>>()),
            vectors: BatchVectors::RowMajor(&vectors),
            tags: Some(&tags),
            payloads: BatchPayloads::Slices(&payloads.iter().map(String::as_bytes).collect::<Vec<_>>()),
            mode,
        };
        store.write(&batch).unwrap();
    };
    write(0..40, WriteMode::Insert);
    store.checkpoint().unwrap();
    write(40..70, WriteMode::Insert);
    store.build_index().unwrap();
    store.checkpoint().unwrap();
    write(10..15, WriteMode::Upsert);
    for i in [3, 20, 30] {
        assert!(store.delete(&key(i)).unwrap());
    }
    store.build_index().unwrap();
    store.close().unwrap();
    let open = OpenMode { read_only: true, verify: true, ..OpenMode::default() };
    MmapVectorStore::new(path, MmapVectorConfig { open, ..config }).unwrap().stats().unwrap()
}

fn make_default(path: &Path) -> StoreStats {
    make(path, config(DistanceMetric::Euclidean, IndexProfile::Fast))
}

/// The exit code, and what is printed.
fn run(arguments: &[&OsStr]) -> (u8, String) {
    let arguments = [OsStr::new("inspect")].into_iter().chain(arguments.iter().copied());
    let arguments = inspect::Arguments::try_parse_from(arguments).unwrap();
    let mut out = Vec::new();
    let code = inspect::run(&arguments, &mut out);
    (code, String::from_utf8(out).unwrap())
}

fn inspect(path: &Path) -> (u8, String) {
    run(&[path.as_os_str(), OsStr::new("--vectors")])
}

/// The lines about damage.
fn damage(output: &str) -> Vec<&str> {
    output.lines().filter(|line| line.starts_with(['!', '?'])).collect()
}

/// The number behind a name that a line begins with.
fn number(output: &str, name: &str) -> u64 {
    let mut values =
        output.lines().filter_map(|line| line.trim_start().strip_prefix(name)?.trim().parse().ok());
    values.next().unwrap_or_else(|| panic!("{name} is not printed: {output}"))
}

/// The words of a section's lines behind its heading and its columns' names.
fn table<'o>(output: &'o str, heading: &str) -> Vec<Vec<&'o str>> {
    let lines = output.lines().skip_while(|line| *line != heading).skip(2);
    let lines = lines.take_while(|line| !line.is_empty() && !line.starts_with("newest"));
    lines.map(|line| line.split_whitespace().collect()).collect()
}

/// The offsets of a section's lines, which stand in this column.
fn offsets(output: &str, heading: &str, column: usize) -> Vec<usize> {
    table(output, heading).iter().map(|words| words[column].parse().unwrap()).collect()
}

/// Where the frames begin, and their lengths.
fn frames(output: &str) -> Vec<(usize, usize)> {
    let lengths = offsets(output, "frames", 3);
    offsets(output, "frames", 1).into_iter().zip(lengths).collect()
}

/// Where the parts of an index lie that its newest slot names.
struct SavedIndex {
    slot: usize,
    cell_bytes: usize,
    table: Range<usize>,
    /// Words of the centre, the sample, the orphans and the bridges.
    lists: usize,
}

impl SavedIndex {
    fn of(bytes: &[u8]) -> Self {
        let word = |at: usize| u32::from_le_bytes(array(bytes, at)) as usize;
        let slot = if word(32) > word(4096 + 32) { 0 } else { 4096 };
        let cell_bytes = (bytes.len() - 8192) / word(slot + 80);
        let table = 8192 + word(slot + 84) * cell_bytes;
        let lists = word(table + 92) + word(table + 96) + word(table + 100) + 2 * word(table + 104);
        Self { slot, cell_bytes, table: table..table + word(slot + 88), lists }
    }

    /// Where a node's record lies.
    fn record(&self, bytes: &[u8], row: usize) -> Range<usize> {
        let cell = u32::from_le_bytes(array(bytes, self.table.start + 4 * (27 + self.lists + row))) - 1;
        let start = 8192 + cell as usize * self.cell_bytes;
        start..start + self.cell_bytes
    }
}

fn index_of(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}.hnsw", path.display()))
}

/// The program that `cargo test` builds, unless only this test was built.
fn program() -> Option<PathBuf> {
    let own = std::env::current_exe().unwrap();
    let name = format!("inspect{}", std::env::consts::EXE_SUFFIX);
    let program = own.parent().unwrap().parent().unwrap().join("examples").join(name);
    let time = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    let sources = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/inspect")).unwrap();
    let newest = sources.filter_map(|entry| time(&entry.unwrap().path())).max();
    (time(&program) >= newest).then_some(program)
}

#[test]
fn the_golden_file_is_printed() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/format-3.syna");
    let (code, output) = run(&[golden.as_os_str(), OsStr::new("--rows"), OsStr::new("1")]);
    assert_eq!(code, 0, "{output}");
    assert_eq!(
        (number(&output, "rows"), number(&output, "live rows"), number(&output, "extents")),
        (2, 2, 2)
    );
    assert_eq!(offsets(&output, "extents", 1), [0x8000, 0x19000]);
    assert!(output.lines().any(|line| line.ends_with(" \"bc\"")), "{output}");
    let Some(program) = program() else {
        println!(
            "the program is not run: it was not built; `cargo test` builds it, `cargo test --test inspect` does not"
        );
        return;
    };
    let printed = Command::new(&program).arg(&golden).args(["--rows", "1"]).output().unwrap();
    assert_eq!((printed.status.code(), String::from_utf8(printed.stdout).unwrap()), (Some(0), output));
    let printed = Command::new(program).arg(golden.with_extension("missing")).output().unwrap();
    assert_eq!(printed.status.code(), Some(2));
}

#[test]
fn the_numbers_are_the_stores() {
    let folder = TempFolder::in_memory("inspect-numbers");
    let profiles = [IndexProfile::Fast, IndexProfile::Compact];
    for (metric, profile) in METRICS.into_iter().flat_map(|metric| profiles.map(|profile| (metric, profile)))
    {
        let path = folder.file(&format!("{metric:?}-{profile:?}"));
        let stats = make(&path, config(metric, profile));
        let (code, output) = inspect(&path);
        assert_eq!((code, damage(&output)), (0, vec![]), "{output}");
        let found = |name| number(&output, name);
        assert_eq!(found("rows"), stats.rows);
        assert_eq!((found("live rows"), found("deleted rows")), (stats.live_rows, stats.deleted_rows));
        assert_eq!((found("file bytes"), found("vector bytes")), (stats.file_bytes, stats.vector_bytes));
        assert_eq!((found("log bytes"), found("slack bytes")), (stats.log_bytes, stats.slack_bytes));
        assert_eq!(found("last sequence"), stats.last_seq);
        assert_eq!(table(&output, "frames").len() as u64, stats.last_seq);
        let newest =
            table(&output, "superblocks").into_iter().max_by_key(|slot| slot[3].parse::<u64>().unwrap());
        let newest = newest.unwrap();
        assert_eq!(newest[3..5], [stats.generation.to_string(), stats.durable_seq.to_string()]);
        let extents = table(&output, "extents");
        let bytes: u64 = extents.iter().map(|extent| extent[4].parse::<u64>().unwrap()).sum();
        assert_eq!((found("extents"), 32_768 + bytes), (extents.len() as u64, stats.file_bytes));
        let rows = ["nodes", "duplicates", "not in the graph"].map(found);
        assert!(rows[0] > 60 && rows[1] >= 2, "{output}");
        assert_eq!((found("rows covered"), rows.iter().sum()), (stats.indexed_rows, stats.indexed_rows));
        assert_eq!((found("links by table"), found("wrong records")), (found("links"), 0));
        let (code, output) = inspect(&index_of(&path));
        assert_eq!((code, number(&output, "file bytes")), (0, stats.index_bytes), "{output}");
    }
}

#[test]
fn a_frames_rows_are_listed() {
    let folder = TempFolder::in_memory("inspect-rows");
    let path = folder.file("store");
    make_default(&path);
    let (_, output) =
        run(&[path.as_os_str(), OsStr::new("--rows"), OsStr::new("2"), OsStr::new("--frames=1")]);
    for row in 40..70_usize {
        let bytes = 4 * (row % 9);
        let line = format!("    {row:>10} {:>18} {bytes:>13} {:?}", format!("{row:#x}"), key(row));
        assert!(output.lines().any(|printed| printed == line), "{line:?} is not printed: {output}");
    }
    assert!(output.contains("... 4 more frames"), "{output}");
}

/// Flips a bit of each of these bytes in turn: one line about damage comes of it, at one of `reported`.
fn flip(file: &Path, store: &Path, at: impl Iterator<Item = usize>, reported: &[usize]) {
    let whole = fs::read(file).unwrap();
    for at in at {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        fs::write(file, &bytes).unwrap();
        let (code, output) = inspect(store);
        let lines = damage(&output);
        let is_at = |line: &&str| reported.iter().any(|at| line.starts_with(&format!("! {at} ")));
        assert!(
            code == 1 && lines.len() == 1 && lines.iter().all(is_at),
            "byte {at}, {reported:?}: {output}"
        );
    }
    fs::write(file, whole).unwrap();
}

#[test]
fn what_is_damaged_is_found_and_nothing_else() {
    let folder = TempFolder::in_memory("inspect-damage");
    let path = folder.file("store");
    let stats = make_default(&path);
    let (_, output) = inspect(&path);
    for slot in [0, 16_384] {
        flip(&path, &path, (slot..slot + 128).step_by(5), &[slot]);
    }
    for extent in offsets(&output, "extents", 1) {
        flip(&path, &path, (extent..extent + 64).step_by(3), &[extent]);
    }
    for (frame, length) in frames(&output) {
        flip(&path, &path, (frame..frame + 64).step_by(5), &[frame]);
        flip(&path, &path, (frame + 64..frame + length).step_by(97), &[frame]);
    }
    // The vector of row 1.
    let stride = usize::from(DIMENSIONS) * 4;
    let row = offsets(&output, "extents", 1)[0] + 4096 + stride.next_multiple_of(64);
    flip(&path, &path, (row..row + stride).step_by(41), &[row]);
    let index = index_of(&path);
    for slot in [0, 4096] {
        flip(&index, &path, (slot..slot + 108).step_by(5), &[slot]);
    }
    let saved = SavedIndex::of(&fs::read(&index).unwrap());
    flip(&index, &path, saved.table.clone().step_by(101), &[saved.table.start]);
    for row in [0, 45, 69] {
        let record = saved.record(&fs::read(&index).unwrap(), row);
        flip(&index, &path, record.clone().step_by(151), &[record.start]);
    }
    // Without both superblocks all rows are found.
    let mut bytes = fs::read(&path).unwrap();
    bytes[..20_000].fill(0);
    fs::write(&path, bytes).unwrap();
    let (code, output) = inspect(&path);
    assert_eq!((code, damage(&output).len()), (1, 2), "{output}");
    assert_eq!((number(&output, "rows"), number(&output, "live rows")), (stats.rows, stats.live_rows));
}

#[test]
fn an_unfinished_frame_behind_the_checkpoint_is_no_damage() {
    let folder = TempFolder::in_memory("inspect-unfinished");
    let (path, copy) = (folder.file("store"), folder.file("copy"));
    let store = MmapVectorStore::new(&path, config(DistanceMetric::Cosine, IndexProfile::Fast)).unwrap();
    for row in 0..3 {
        store.insert(&key(row), &[1.0; DIMENSIONS as usize]).unwrap();
    }
    fs::copy(&path, &copy).unwrap();
    let (code, output) = inspect(&copy);
    assert_eq!((code, number(&output, "rows")), (0, 3), "{output}");
    let (last, length) = frames(&output)[2];
    let whole = fs::read(&copy).unwrap();
    let row = offsets(&output, "extents", 1)[0] + 4096 + 2 * 320;
    for at in [last + 20, last + length - 1, row] {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        fs::write(&copy, bytes).unwrap();
        let (code, output) = inspect(&copy);
        assert_eq!((code, number(&output, "rows")), (0, 2), "byte {at}: {output}");
        assert!(
            output.lines().any(|line| line.starts_with("- ") && line.contains("the log ends")),
            "{output}"
        );
    }
}

#[test]
fn no_damage_makes_it_panic() {
    let folder = TempFolder::in_memory("inspect-hostile");
    let path = folder.file("store");
    make_default(&path);
    let files = [path.clone(), index_of(&path)];
    let whole = files.clone().map(|file| fs::read(file).unwrap());
    let mut random = Random(seed(19));
    let mut codes = [0; 3];
    for round in 0..300 {
        let which = round % 2;
        let mut bytes = whole[which].clone();
        if round % 4 < 2 {
            bytes.truncate(random.below(bytes.len() + 1));
        } else {
            for _ in 0..=random.below(8) {
                let at = random.below(bytes.len() - 64);
                bytes[at..at + 8].copy_from_slice(&random.next().to_le_bytes());
            }
        }
        fs::write(&files[which], &bytes).unwrap();
        codes[usize::from(inspect(&path).0)] += 1;
        fs::write(&files[which], &whole[which]).unwrap();
    }
    assert!(codes[1] > 0, "exit codes 0, 1, 2: {codes:?}");
    for length in [0, 7, 128, 4096, 40_000] {
        let bytes: Vec<u8> = (0..length).map(|_| random.next().to_le_bytes()[0]).collect();
        fs::write(&path, bytes).unwrap();
        assert_eq!(inspect(&path).0, 2);
    }
    assert_eq!(inspect(folder.path()).0, 2);
}

/// Puts the right checksum over a part of a file, as somebody does who means harm.
fn seal(bytes: &mut [u8], part: Range<usize>, checksum_at: usize, seed: u32) {
    let checksum = crc32c::crc32c_append(seed, &bytes[part]);
    bytes[checksum_at..checksum_at + 4].copy_from_slice(&checksum.to_le_bytes());
}

/// Each field at its extremes, under right checksums.
#[test]
fn no_field_makes_it_panic() {
    const VALUES: [u64; 4] = [0, u64::MAX, 1 << 63, 0xffff_f000_ffff_f000];
    let folder = TempFolder::in_memory("inspect-fields");
    let path = folder.file("store");
    make_default(&path);
    let (_, output) = inspect(&path);
    let whole = fs::read(&path).unwrap();
    let store_id = StoreId(array(&whole, 24));
    let mut parts: Vec<(usize, usize, u32)> = [0, 16_384].map(|slot| (slot, 124, 0)).to_vec();
    let place = |at: usize| (at, 60, Place::new(store_id, at as u64).seed);
    parts.extend(offsets(&output, "extents", 1).into_iter().map(place));
    for ((at, length), first) in frames(&output).into_iter().zip(0..) {
        // A frame's checksum goes on behind its own.
        for field in (16..56).step_by(4).filter(|_| first < 2) {
            for value in VALUES {
                let mut bytes = whole.clone();
                bytes[at + field..at + field + 8].copy_from_slice(&value.to_le_bytes());
                let head = crc32c::crc32c_append(place(at).2, &bytes[at..at + 60]);
                seal(&mut bytes, at + 64..at + length, at + 60, head);
                fs::write(&path, bytes).unwrap();
                inspect(&path);
            }
        }
    }
    for (at, checksum_at, seed) in parts {
        for (field, value) in (8..checksum_at - 4).step_by(4).flat_map(|f| VALUES.map(|value| (f, value))) {
            let mut bytes = whole.clone();
            bytes[at + field..at + field + 8].copy_from_slice(&value.to_le_bytes());
            seal(&mut bytes, at..at + checksum_at, at + checksum_at, seed);
            fs::write(&path, bytes).unwrap();
            inspect(&path);
        }
    }
    let index = index_of(&path);
    let whole = fs::read(&index).unwrap();
    let saved = SavedIndex::of(&whole);
    let fields = (8..100).step_by(4).map(|field| saved.slot + field);
    let words = (0..(27 + saved.lists + 3)).map(|word| saved.table.start + 4 * word);
    for (field, value) in fields.chain(words).flat_map(|field| [0, u32::MAX].map(|value| (field, value))) {
        let mut bytes = whole.clone();
        bytes[field..field + 4].copy_from_slice(&value.to_le_bytes());
        if saved.table.contains(&field) {
            seal(&mut bytes, saved.table.clone(), saved.slot + 96, 0);
        }
        seal(&mut bytes, saved.slot..saved.slot + 104, saved.slot + 104, 0);
        fs::write(&index, bytes).unwrap();
        inspect(&index);
    }
}
