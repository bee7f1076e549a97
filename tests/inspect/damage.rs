//! Damaged and hostile files: exactly the damage is reported, and nothing causes a panic.

use crate::inspect::fields::{Place, StoreId, array};
use crate::output::{
    DIMENSIONS, SavedIndex, config, damage, frames, index_of, inspect, key, make_default, number, offsets,
};
use crate::support::{Random, TempFolder, seed};
use std::fs;
use std::ops::Range;
use std::path::Path;
use syna_mmap::{DistanceMetric, IndexProfile, MmapVectorStore};

/// Flips a bit of each of these bytes in turn. Each flip must give one line about damage, at one of `reported`.
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
fn exactly_the_damage_is_reported() {
    let folder = TempFolder::in_memory("inspect-damage");
    let path = folder.file("store");
    let stats = make_default(&path);
    let (_, output) = inspect(&path);
    for slot in [0, 16_384] {
        flip(&path, &path, (slot..slot + 256).step_by(5), &[slot]);
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
    // Without superblocks all rows are found.
    let mut bytes = fs::read(&path).unwrap();
    bytes[..20_000].fill(0);
    fs::write(&path, bytes).unwrap();
    let (code, output) = inspect(&path);
    assert_eq!((code, damage(&output).len()), (1, 2), "{output}");
    assert_eq!((number(&output, "rows"), number(&output, "live rows")), (stats.rows, stats.live_rows));
}

#[test]
fn an_unfinished_frame_after_the_checkpoint_is_not_damage() {
    let folder = TempFolder::in_memory("inspect-unfinished");
    let (path, copy) = (folder.file("store"), folder.file("copy"));
    let store = MmapVectorStore::new(&path, config(DistanceMetric::Cosine, IndexProfile::Fast)).unwrap();
    for row in 0..3 {
        store.insert(key(row), &[1.0; DIMENSIONS as usize]).unwrap();
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
fn damage_does_not_cause_a_panic() {
    let folder = TempFolder::in_memory("inspect-hostile");
    let path = folder.file("store");
    make_default(&path);
    let files = [path.clone(), index_of(&path)];
    let whole = files.clone().map(|file| fs::read(file).unwrap());
    let mut random = Random::new(seed(19));
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

/// Writes the correct checksum of a part of a file, as a hostile writer would.
fn seal(bytes: &mut [u8], part: Range<usize>, checksum_at: usize, seed: u32) {
    let checksum = crc32c::crc32c_append(seed, &bytes[part]);
    bytes[checksum_at..checksum_at + 4].copy_from_slice(&checksum.to_le_bytes());
}

/// Each field with extreme values, under correct checksums.
#[test]
fn extreme_fields_do_not_cause_a_panic() {
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
        // A frame's checksum continues after the checksum field.
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
