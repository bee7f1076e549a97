//! `examples/inspect` agrees with the statistics of a store, reports damage, and accepts any input.
//!
//! It is run as a program if `cargo test` has built it, and as a module.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `main.rs` | intact files: what is printed |
//! | `damage.rs` | damaged and hostile files |
//! | `output.rs` | stores to inspect, and the parsed output |

mod damage;
mod output;
#[path = "../support/mod.rs"]
mod support;

#[path = "../../examples/inspect/main.rs"]
#[allow(dead_code, reason = "main of the program")]
mod inspect;

use output::{config, damage, index_of, inspect, key, make, make_default, number, offsets, run, table};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::{METRICS, TempFolder};
use syna_mmap::{DistanceMetric, ElementType, IndexProfile, KeyKind, MmapVectorConfig, MmapVectorStore};

/// The program, if `cargo test` has built it and it is up to date.
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
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/format-4.syna");
    let (code, output) = run(&[golden.as_os_str(), OsStr::new("--rows"), OsStr::new("1")]);
    assert_eq!(code, 0, "{output}");
    assert_eq!(
        (number(&output, "rows"), number(&output, "live rows"), number(&output, "extents")),
        (2, 2, 2)
    );
    assert_eq!(offsets(&output, "extents", 1), [0x8000, 0x19000]);
    assert!(output.lines().any(|line| line.ends_with(" \"bc\"")), "{output}");
    let Some(program) = program() else {
        println!("the program is not run: `cargo test` builds it, `cargo test --test inspect` does not");
        return;
    };
    let printed = Command::new(&program).arg(&golden).args(["--rows", "1"]).output().unwrap();
    assert_eq!((printed.status.code(), String::from_utf8(printed.stdout).unwrap()), (Some(0), output));
    let printed = Command::new(program).arg(golden.with_extension("missing")).output().unwrap();
    assert_eq!(printed.status.code(), Some(2));
}

#[test]
fn the_numbers_match_the_stores_statistics() {
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
fn the_rows_of_a_frame_are_listed() {
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
    assert!(output.contains("... 6 more frames"), "{output}");
}

#[test]
fn byte_keys_and_updates_are_printed() {
    let folder = TempFolder::in_memory("inspect-bytes");
    let path = folder.file("store");
    let config = MmapVectorConfig {
        key_kind: KeyKind::Bytes,
        ..config(DistanceMetric::Euclidean, IndexProfile::Fast)
    };
    let store = MmapVectorStore::new(&path, config).unwrap();
    store.insert(b"\xff\xfe", &[1.0; 70]).unwrap();
    store.insert(b"b", &[2.0; 70]).unwrap();
    store.set_tags(b"\xff\xfe", 7).unwrap();
    store.delete(b"b").unwrap();
    store.close().unwrap();
    let (code, output) = inspect(&path);
    assert_eq!((code, damage(&output)), (0, vec![]), "{output}");
    // The columns of rows, deletions and updates.
    let counts: Vec<Vec<&str>> =
        table(&output, "frames").into_iter().map(|words| words[5..8].to_vec()).collect();
    assert_eq!(counts, [["1", "0", "0"], ["1", "0", "0"], ["0", "0", "1"], ["0", "1", "0"]], "{output}");
}

#[test]
fn columns_are_printed_and_their_values_checked() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/format-4-columns.syna");
    let (code, output) = inspect(&golden);
    assert_eq!((code, damage(&output)), (0, vec![]), "{output}");
    assert!(output.contains("columns: time i64, tenant u64, price f64"), "{output}");
    assert_eq!(number(&output, "value bytes"), 48, "{output}");
    let folder = TempFolder::in_memory("inspect-columns");
    let path = folder.file("store");
    let whole = std::fs::read(&golden).unwrap();
    // 4,096 vectors of 16 bytes, then 4,096 values of each column.
    let values = 32_768 + 4096 + 4096 * 16;
    let price = values + 2 * 4096 * 8;
    assert_eq!(whole[price..price + 8], 0.5_f64.to_le_bytes());
    for (at, part) in [(price + 8, "row 1"), (256 + 36 + 4, "superblock slot"), (values + 3, "row 0")] {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let (code, output) = inspect(&path);
        let damage = damage(&output);
        assert!(code == 1 && damage.len() == 1 && damage[0].contains(part), "{output}");
    }
}

#[test]
fn other_element_types_are_printed_and_their_rows_checked() {
    let folder = TempFolder::in_memory("inspect-elements");
    for (element, printed) in
        [(ElementType::F16, "f16 vectors of 140 bytes"), (ElementType::I8, "i8 vectors of 76 bytes")]
    {
        let path = folder.file(element.name());
        let config = MmapVectorConfig { element, ..config(DistanceMetric::Euclidean, IndexProfile::Fast) };
        let stats = make(&path, config);
        let (code, output) = inspect(&path);
        assert_eq!((code, damage(&output)), (0, vec![]), "{output}");
        assert!(output.contains(printed), "{output}");
        assert_eq!(number(&output, "live rows"), stats.live_rows, "{output}");
        // The last byte of the first vector.
        let first = offsets(&output, "extents", 1)[0] + 4096;
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[first + if element == ElementType::F16 { 139 } else { 75 }] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let (code, output) = inspect(&path);
        assert_eq!((code, damage(&output).len()), (1, 1), "{output}");
    }
}
