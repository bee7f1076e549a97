//! Sparse files, frames and indexes of up to a terabyte: a claimed length costs nothing until the bytes exist.

use crate::allocator::peak_of;
use crate::targets::bases::large_bases;
use crate::targets::examine::{MOST_TIME, any_store, index_of};
use crate::targets::image::{FRAME_PLACE, Image, SLOTS};
use crate::targets::open_index;
use crate::targets::scratch::Scratch;
use std::fs;
use std::path::Path;
use syna_mmap::{MmapVectorStore, OpenMode};

/// Heap for an empty file of a terabyte, in bytes. It includes the tables of the rows that a superblock may claim.
const MOST_LONG_BYTES: usize = 50 << 20;

/// An extent of a terabyte that was never written is a hole in the file.
#[test]
fn long_sparse_files_open_or_fail_quickly() {
    const LONG: u64 = 1 << 40;
    let scratch = Scratch::new();
    let base = &large_bases()[0];
    let path = scratch.file("store");
    let last_end = base.extents.iter().map(|&extent| extent + base.extent_length(extent)).max().unwrap();
    for kind in [1_u32, 2] {
        let mut image = base.clone();
        let rest = LONG - last_end as u64;
        let capacity = if kind == 1 { (rest / 256 - 256) / 256 * 256 } else { (1 << 31) - 4096 };
        let length = if kind == 1 { rest } else { 1 << 31 };
        let first_row = if kind == 1 { 512_u64 } else { 0 };
        let ordinal = u32::try_from(image.extents.len()).unwrap();
        image.bytes.truncate(last_end);
        image.bytes.resize(last_end + 4096 + 64, 0);
        image.put(last_end, b"SYNX");
        image.put(last_end + 4, &kind.to_le_bytes());
        let identity = image.bytes[image.extents[0] + 12..image.extents[0] + 32].to_vec();
        image.put(last_end + 12, &identity);
        for (offset, value) in [(32, length), (40, first_row), (48, capacity)] {
            image.put(last_end + offset, &value.to_le_bytes());
        }
        image.set_ordinal(last_end, ordinal);
        image.fix_extent(last_end);
        // An empty frame that is longer than the allowed heap.
        image.put(last_end + 4096, b"SYNF");
        image.put(last_end + 4096 + 8, &(1_u32 << 28).to_le_bytes());
        image.mark(last_end + 4096, FRAME_PLACE);
        // A superblock with a position far after the end of the log.
        for (slots, sequence, rows) in [(0, 0, 0), (2, 1_u64 << 40, u64::from(u32::MAX))] {
            for &slot in &SLOTS[..slots] {
                image.put(slot + 64, &sequence.to_le_bytes());
                image.put(slot + 72, &rows.to_le_bytes());
                image.fix_slot(slot);
            }
            fs::write(&path, &image.bytes).unwrap();
            fs::File::options().write(true).open(&path).unwrap().set_len(LONG).unwrap();
            open_long(&path, &format!("kind {kind}, {slots} slots"));
            fs::remove_file(&path).unwrap();
        }
    }
}

/// The counts in the header of a frame.
struct Claims {
    length: u32,
    rows: u32,
    deletions: u32,
    key_bytes: u32,
    payload_bytes: u64,
}

/// Frames of up to a gigabyte of which only the header and about one page use disk space.
#[test]
fn long_sparse_frames_open_or_fail_quickly() {
    const LONGEST: u32 = 1 << 30;
    let scratch = Scratch::new();
    let path = scratch.file("store");
    let claims = |rows, deletions, key_bytes, payload_bytes| Claims {
        length: LONGEST,
        rows,
        deletions,
        key_bytes,
        payload_bytes,
    };
    let (payload, keys) = (u64::from(LONGEST) - 96, LONGEST - 80);
    for (name, claims, frames) in [
        ("a payload", claims(1, 0, 1, payload), 3),
        ("rows", claims((LONGEST - 64) / 8, 0, 0, 0), 1),
        ("deletions", claims(0, (LONGEST - 64) / 4, 0, 0), 1),
        ("a key", claims(1, 0, keys, 0), 1),
    ] {
        for is_committed in [false, true] {
            write_hole_frames(&path, &claims, frames, is_committed);
            open_long(&path, &format!("{name}, committed: {is_committed}"));
            fs::remove_file(&path).unwrap();
        }
    }
}

/// The header of an extent, with a correct checksum.
fn extent_header(image: &Image, kind: u32, at: u64, length: u64, capacity: u64) -> Vec<u8> {
    let mut header = vec![0; 64];
    let mut put = |at: usize, value: &[u8]| header[at..at + value.len()].copy_from_slice(value);
    let first_row = if kind == 1 { 512_u64 } else { 0 };
    let ordinal = u32::try_from(image.extents.len()).unwrap() + kind - 1;
    let (mark, seed) = image.place(at);
    put(0, b"SYNX");
    put(4, &kind.to_le_bytes());
    put(8, &ordinal.to_le_bytes());
    put(12, &image.bytes[image.extents[0] + 12..image.extents[0] + 32]);
    put(32, &length.to_le_bytes());
    put(40, &first_row.to_le_bytes());
    put(48, &capacity.to_le_bytes());
    put(56, &mark.to_le_bytes());
    let checksum = crc32c::crc32c_append(seed, &header[..60]);
    header[60..].copy_from_slice(&checksum.to_le_bytes());
    header
}

/// Writes a store with sparse frames after its log. If they are committed, the superblocks include them.
fn write_hole_frames(path: &Path, claims: &Claims, count: u64, is_committed: bool) {
    let mut image = large_bases()[0].clone();
    let last_end = image.extents.iter().map(|&extent| extent + image.extent_length(extent)).max().unwrap();
    let last = *image.frames.last().unwrap();
    let (mut sequence, mut chain) = (image.long(last + 16), image.word(last + 60));
    let mut rows = image.word(last + 32) + image.word(last + 36);
    let length = u64::from(claims.length) * count + 4096;
    // The vector extent has room for all claimed rows.
    let vectors_length = (1_u64 << 38) + 4096;
    let log_at = last_end as u64 + vectors_length;
    let end = log_at + length;
    let mut parts = vec![
        (last_end as u64, extent_header(&image, 1, last_end as u64, vectors_length, 1 << 28)),
        (log_at, extent_header(&image, 2, log_at, length, length - 4096)),
    ];
    for number in 0..count {
        let at = log_at + 4096 + number * u64::from(claims.length);
        sequence += 1;
        let mut frame = vec![0_u8; 128];
        let mut put = |at: usize, value: &[u8]| frame[at..at + value.len()].copy_from_slice(value);
        let (mark, seed) = image.place(at);
        put(0, b"SYNF");
        put(4, &(if claims.payload_bytes > 0 { 2_u32 } else { 0 }).to_le_bytes());
        put(8, &claims.length.to_le_bytes());
        put(12, &mark.to_le_bytes());
        put(16, &sequence.to_le_bytes());
        put(32, &rows.to_le_bytes());
        put(36, &claims.rows.to_le_bytes());
        put(40, &claims.deletions.to_le_bytes());
        put(44, &claims.key_bytes.to_le_bytes());
        put(48, &claims.payload_bytes.to_le_bytes());
        put(56, &chain.to_le_bytes());
        if claims.rows == 1 {
            put(64, &crc32c::crc32c(&vec![0; image.vector_bytes]).to_le_bytes());
            put(68, &claims.key_bytes.to_le_bytes());
        }
        if claims.payload_bytes > 0 {
            put(72, &claims.payload_bytes.to_le_bytes());
            put(80, &[b'A' + u8::try_from(number).unwrap()]);
        }
        chain = crc32c::crc32c_append(crc32c::crc32c_append(seed, &frame[..60]), &frame[64..]);
        chain = with_zeros(chain, claims.length as usize - 128);
        frame[60..64].copy_from_slice(&chain.to_le_bytes());
        rows += claims.rows;
        parts.push((at, frame));
    }
    if is_committed {
        let ordinal = u32::try_from(image.extents.len() + 1).unwrap();
        for slot in SLOTS {
            for (at, value) in [(64, sequence), (72, u64::from(rows)), (88, end), (112, end)] {
                image.put(slot + at, &value.to_le_bytes());
            }
            for (at, value) in [(96, ordinal), (100, chain), (104, ordinal + 1)] {
                image.put(slot + at, &value.to_le_bytes());
            }
            image.fix_slot(slot);
        }
    }
    fs::write(path, &image.bytes[..last_end]).unwrap();
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_len(end).unwrap();
    for (at, bytes) in parts {
        std::os::unix::fs::FileExt::write_all_at(&file, &bytes, at).unwrap();
    }
}

/// The checksum of data with the checksum `checksum`, followed by `count` zeros.
fn with_zeros(checksum: u32, count: usize) -> u32 {
    let (mut checksum, mut zeros, mut length) = (checksum, crc32c::crc32c(&[0]), 1);
    for bit in 0..usize::BITS - count.leading_zeros() {
        if count >> bit & 1 == 1 {
            checksum = crc32c::crc32c_combine(checksum, zeros, length);
        }
        zeros = crc32c::crc32c_combine(zeros, zeros, length);
        length *= 2;
    }
    checksum
}

fn open_long(path: &Path, what: &str) {
    for mode in [(true, false, false), (true, true, false), (true, false, true), (false, false, false)] {
        let (read_only, verify, damaged) = mode;
        let open = OpenMode { read_only, verify, damaged, must_exist: true, must_create: false };
        let began = std::time::Instant::now();
        let mut opened = None;
        let peak = peak_of(&mut || opened = Some(MmapVectorStore::new(path, any_store(open))));
        let elapsed = began.elapsed();
        let opened = opened.unwrap();
        println!("{what}, {mode:?}: {elapsed:?}, {peak} bytes, {:?}", opened.as_ref().err());
        assert!(peak < MOST_LONG_BYTES, "{what}, {mode:?}: {peak} bytes of memory");
        // Opening a damaged store on request searches its whole log for frames.
        let most_time = if damaged { 20 * MOST_TIME } else { 5 * MOST_TIME };
        assert!(elapsed < most_time, "{what}, {mode:?}: {elapsed:?}");
        // Closed without a checkpoint: nothing was written.
        drop(opened);
    }
}

/// An index of a terabyte beside a store of a few kilobytes.
#[test]
fn a_long_sparse_index_opens_quickly() {
    let scratch = Scratch::new();
    let path = scratch.file("store");
    let base = &open_index::large_stores()[0];
    let mut index = base.index.clone();
    fs::write(&path, &base.data).unwrap();
    for length in [1 << 40, 1 << 29] {
        let cell_bytes = open_index::place(&base.index, 0).unwrap().cell_bytes as u64;
        let cells = u32::try_from((length - 8192) / cell_bytes).unwrap();
        for slot in [0, 4096] {
            index[slot + 80..slot + 84].copy_from_slice(&cells.to_le_bytes());
            index[slot + 88..slot + 96].copy_from_slice(&(length - 8192_u64).to_le_bytes());
        }
        open_index::fix_checksums(&mut index, false);
        fs::write(index_of(&path), &index).unwrap();
        fs::File::options().write(true).open(index_of(&path)).unwrap().set_len(length).unwrap();
        open_long(&path, "index");
    }
}
