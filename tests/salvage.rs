//! What `salvage` recovers from damaged files, and foreign data that it must not take for rows of the store.

mod support;

use std::fs;
use std::path::Path;
use support::{TempFolder, quiet};
use syna_mmap::{
    BatchKeys, BatchPayloads, BatchVectors, DistanceMetric, MmapVectorStore, SalvageReport, SynaError,
    WriteBatch, WriteMode,
};

const EUCLIDEAN: DistanceMetric = DistanceMetric::Euclidean;
/// The magic of a frame.
const FRAME: &[u8] = b"SYNF";

fn vector(row: usize) -> Vec<f32> {
    (0..64).map(|component| (row * 64 + component) as f32).collect()
}

/// Writes rows `first..first + 10` with keys of `name` and the row number; the first row has the payload.
fn write_ten(store: &MmapVectorStore, name: &str, first: usize, payload: &[u8]) {
    let keys: Vec<String> = (first..first + 10).map(|row| format!("{name}{row}")).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let rows: Vec<f32> = (first..first + 10).flat_map(vector).collect();
    let mut payloads = [&b""[..]; 10];
    payloads[0] = payload;
    let written = store.write(&WriteBatch {
        keys: BatchKeys::Slices(&keys),
        vectors: BatchVectors::RowMajor(&rows),
        tags: None,
        payloads: BatchPayloads::Slices(&payloads),
        mode: WriteMode::Insert,
        ..WriteBatch::default()
    });
    assert_eq!(written.unwrap().rows, 10);
}

fn find(bytes: &[u8], what: &[u8], from: usize) -> usize {
    from + bytes[from..]
        .windows(what.len())
        .position(|window| window == what)
        .expect("the bytes are in the file")
}

fn flip(path: &Path, offset: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[offset] ^= 4;
    fs::write(path, bytes).unwrap();
}

/// The frames of a file.
fn frames(path: &Path) -> Vec<Vec<u8>> {
    let bytes = fs::read(path).unwrap();
    let mut at = find(&bytes, FRAME, 0);
    let mut found = Vec::new();
    while &bytes[at..at + 4] == FRAME {
        let length = u32::from_le_bytes(bytes[at + 8..at + 12].try_into().unwrap()) as usize;
        found.push(bytes[at..at + length].to_vec());
        at += length;
    }
    found
}

/// Salvages a file, checks the vector of each row, and returns the keys of the new store.
fn salvaged(path: &Path, to: &Path) -> (SalvageReport, Vec<String>) {
    let report = MmapVectorStore::salvage(path, to).unwrap();
    let store = MmapVectorStore::new(to, quiet(64, EUCLIDEAN)).unwrap();
    let keys = store.keys().unwrap();
    for key in &keys {
        let row: usize = key.trim_matches(|letter: char| letter.is_alphabetic()).parse().unwrap();
        assert_eq!(store.get_slice(key), Some(&vector(row)[..]), "{key}");
    }
    (report, keys)
}

#[test]
fn frames_of_another_store_inside_a_payload_are_ignored() {
    let folder = TempFolder::new("foreign-frames");
    let (foreign, path) = (folder.file("foreign"), folder.file("store"));
    // The same rows under other keys, and a deletion with the number of the other store's last batch.
    let store = MmapVectorStore::new(&foreign, quiet(64, EUCLIDEAN)).unwrap();
    write_ten(&store, "key", 0, b"");
    write_ten(&store, "wrong", 10, b"");
    assert!(store.delete("key5").unwrap());
    store.close().unwrap();
    let foreign_frames = frames(&foreign);
    assert_eq!(foreign_frames.len(), 3);
    for (name, payload) in [
        ("keys", foreign_frames[1].clone()),
        ("deletion", foreign_frames[2].clone()),
        ("all", foreign_frames.concat()),
    ] {
        let _ = fs::remove_file(&path);
        let store = MmapVectorStore::new(&path, quiet(64, EUCLIDEAN)).unwrap();
        write_ten(&store, "key", 0, &payload);
        write_ten(&store, "key", 10, b"");
        write_ten(&store, "key", 20, b"");
        store.close().unwrap();
        flip(&path, find(&fs::read(&path).unwrap(), b"key0key1", 0));
        let (report, keys) = salvaged(&path, &folder.file(name));
        assert_eq!(keys, (10..30).map(|row| format!("key{row}")).collect::<Vec<_>>(), "{name}");
        assert_eq!((report.rows, report.lost), (20, 10));
    }
}

#[test]
fn an_older_copy_of_the_file_inside_a_payload_is_ignored() {
    let folder = TempFolder::new("own-frames");
    let path = folder.file("store");
    let store = MmapVectorStore::new(&path, quiet(64, EUCLIDEAN)).unwrap();
    write_ten(&store, "key", 0, b"");
    write_ten(&store, "wrong", 10, b"");
    // The process ends here; the log continues differently from the copy.
    let older = fs::read(&path).unwrap();
    drop(store);
    let older_frames = frames(&path);
    let _ = fs::remove_file(&path);
    let mut cut = older;
    let second = find(&cut, FRAME, find(&cut, FRAME, 0) + 4);
    cut[second..second + 64].fill(0);
    fs::write(&path, cut).unwrap();
    let store = MmapVectorStore::new(&path, quiet(64, EUCLIDEAN)).unwrap();
    assert_eq!(store.len(), 10);
    // The next frame is damaged; its payload contains the frames that once followed the first one.
    write_ten(&store, "key", 10, &older_frames[1]);
    write_ten(&store, "key", 20, b"");
    store.close().unwrap();
    flip(&path, find(&fs::read(&path).unwrap(), b"key10key11", 0));
    let (report, keys) = salvaged(&path, &folder.file("saved"));
    let whole = (0..10).chain(20..30).map(|row| format!("key{row}")).collect::<Vec<_>>();
    assert_eq!((keys, report.rows, report.lost), (whole, 20, 10));
}

/// Writes a store with several extents of both kinds, checkpointed and closed; returns the offset of each extent.
fn make_long(path: &Path) -> Vec<usize> {
    let store = MmapVectorStore::new(path, quiet(64, EUCLIDEAN)).unwrap();
    for batch in 0..90 {
        write_ten(&store, "key", batch * 10, &[7; 300]);
    }
    store.close().unwrap();
    let bytes = fs::read(path).unwrap();
    let mut extents = Vec::new();
    let mut at = 32 * 1024;
    while bytes.get(at..at + 4) == Some(b"SYNX") {
        extents.push(at);
        at += usize::try_from(u64::from_le_bytes(bytes[at + 32..at + 40].try_into().unwrap())).unwrap();
    }
    assert!(extents.len() >= 6 && at == bytes.len(), "{extents:?} of {}", bytes.len());
    extents
}

#[test]
fn rows_in_and_after_an_extent_with_a_damaged_header_are_recovered() {
    let folder = TempFolder::new("header");
    let (whole, path) = (folder.file("whole"), folder.file("store"));
    let extents = make_long(&whole);
    let all: Vec<String> = (0..900).map(|row| format!("key{row}")).collect();
    for are_superblocks_lost in [false, true] {
        for (ordinal, &extent) in extents.iter().enumerate() {
            let mut bytes = fs::read(&whole).unwrap();
            bytes[extent..extent + 64].fill(0);
            if are_superblocks_lost {
                bytes[..128].fill(0);
                bytes[16 * 1024 + 60] ^= 1;
            }
            fs::write(&path, bytes).unwrap();
            let (report, keys) = salvaged(&path, &folder.file(&format!("{ordinal} {are_superblocks_lost}")));
            assert!(keys == all, "extent {ordinal} of {}, {are_superblocks_lost}: {report:?}", extents.len());
            assert_eq!((report.rows, report.lost), (900, 0));
        }
    }
    // Two adjacent headers: at least the rows before and after them are recovered.
    let mut bytes = fs::read(&whole).unwrap();
    let (first, second) = (extents[2], extents[3]);
    bytes[first..first + 64].fill(0);
    bytes[second..second + 64].fill(0);
    fs::write(&path, bytes).unwrap();
    let (report, keys) = salvaged(&path, &folder.file("two"));
    println!("two headers: {report:?}");
    assert!(report.rows >= 600 && keys.contains(&all[0]) && keys.contains(&all[899]));
}

/// The rows whose vector and batch are within the first `length` bytes of a file.
fn rows_before(bytes: &[u8], length: usize) -> Vec<usize> {
    let mut rows = Vec::new();
    for at in (0..length.saturating_sub(64)).step_by(16).filter(|&at| &bytes[at..at + 4] == FRAME) {
        let word = |offset: usize| {
            u32::from_le_bytes(bytes[at + offset..at + offset + 4].try_into().unwrap()) as usize
        };
        if at + word(8) <= length {
            rows.extend(word(32)..word(32) + word(36));
        }
    }
    let is_there = |row: &usize| {
        let start: Vec<u8> = vector(*row)[..3].iter().flat_map(|component| component.to_le_bytes()).collect();
        (0..length.saturating_sub(255)).step_by(64).any(|at| bytes[at..].starts_with(&start))
    };
    rows.into_iter().filter(is_there).collect()
}

#[test]
fn the_intact_part_of_a_truncated_file_is_recovered() {
    let folder = TempFolder::new("cut");
    let (whole, path) = (folder.file("whole"), folder.file("store"));
    let extents = make_long(&whole);
    let bytes = fs::read(&whole).unwrap();
    let cuts = (0..bytes.len())
        .step_by(4096)
        .chain(extents.iter().flat_map(|&extent| [extent + 100, extent + 5000]));
    let mut saved_rows = Vec::new();
    for cut in cuts.filter(|&cut| cut > extents[1] + 4096) {
        fs::write(&path, &bytes[..cut]).unwrap();
        assert!(MmapVectorStore::new(&path, quiet(64, EUCLIDEAN)).is_err());
        let to = folder.file(&cut.to_string());
        let (report, keys) = salvaged(&path, &to);
        let expected: Vec<String> = rows_before(&bytes, cut).iter().map(|row| format!("key{row}")).collect();
        assert!(keys == expected, "cut at {cut}: {} rows instead of {}", keys.len(), expected.len());
        assert_eq!((report.rows, report.lost), (expected.len() as u64, 900 - expected.len() as u64));
        saved_rows.push(expected.len());
    }
    println!("saved: {saved_rows:?}");
    assert!(saved_rows.iter().any(|&rows| rows > 500));
}

#[test]
fn a_file_without_valid_dimensions_is_refused() {
    let folder = TempFolder::new("nothing");
    let (path, to) = (folder.file("store"), folder.file("saved"));
    make_long(&path);
    let bytes = fs::read(&path).unwrap();
    for (name, bytes) in [
        ("empty", &bytes[..0]),
        ("short", &bytes[..100]),
        ("text", b"some other file"),
        ("headless", &bytes[40_000..]),
    ] {
        fs::write(&path, bytes).unwrap();
        let error = MmapVectorStore::salvage(&path, &to).unwrap_err();
        assert!(matches!(error, SynaError::Corrupt { .. }), "{name}: {error}");
        assert!(error.to_string().contains("dimensions"), "{name}: {error}");
        assert!(!to.exists());
    }
}

#[test]
fn updates_around_a_damaged_frame_are_kept() {
    let folder = TempFolder::new("salvaged-updates");
    let path = folder.file("store");
    let store = MmapVectorStore::new(&path, quiet(64, EUCLIDEAN)).unwrap();
    write_ten(&store, "key", 0, b"");
    store.set_tags("key3", 7).unwrap();
    store.set_payload("key4", b"updated").unwrap();
    write_ten(&store, "key", 10, b"");
    store.close().unwrap();
    let whole = fs::read(&path).unwrap();
    let mut starts = vec![find(&whole, FRAME, 0)];
    for frame in &frames(&path)[..3] {
        starts.push(starts[starts.len() - 1] + frame.len());
    }
    let all: Vec<String> = (0..20).map(|row| format!("key{row}")).collect();
    // The frame that is damaged, the rows that are left, the tags of key3 and the payload of key4.
    let cases = [
        (0, &all[10..], None, None),
        (1, &all, Some(0), Some(&b"updated"[..])),
        (2, &all, Some(7), Some(b"")),
        (3, &all[..10], Some(7), Some(b"updated")),
    ];
    for (damaged, left, tags, payload) in cases {
        fs::write(&path, &whole).unwrap();
        flip(&path, starts[damaged] + 64);
        let to = folder.file(&format!("saved-{damaged}"));
        let (report, keys) = salvaged(&path, &to);
        assert_eq!((keys.as_slice(), report.rows), (left, left.len() as u64), "frame {damaged}");
        let saved = MmapVectorStore::new(&to, quiet(64, EUCLIDEAN)).unwrap();
        assert_eq!((saved.tags("key3"), saved.payload("key4")), (tags, payload), "frame {damaged}");
    }
}
