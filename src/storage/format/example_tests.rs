//! Reads the example of `docs/file-format.md` with the code of the library.

use super::frame::Frame;
use super::place::Place;
use super::superblock::Superblock;
use crate::DistanceMetric;
use crate::checksum::crc32c;
use crate::storage::file::extent_header::{ExtentHeader, ExtentKind};

/// The bytes of the hex blocks of the document, in order, with the offset of each.
fn hex_blocks() -> Vec<(u64, Vec<u8>)> {
    let text = include_str!("../../../docs/file-format.md");
    let blocks = text.split("```hex\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let block = |lines: &str| {
        let mut start = None;
        let mut bytes = Vec::new();
        for line in lines.lines() {
            let mut words = line.split_whitespace();
            let offset = u64::from_str_radix(words.next().unwrap(), 16).unwrap();
            start.get_or_insert(offset);
            bytes.extend(words.take(16).map(|word| u8::from_str_radix(word, 16).unwrap()));
        }
        (start.unwrap(), bytes)
    };
    blocks.map(block).collect()
}

#[test]
fn the_example_of_the_document_is_a_valid_store() {
    let blocks = hex_blocks();
    let [(slot_at, slot), (vectors_at, vectors), (log_at, log), (frame_at, frame)] = &blocks[..] else {
        panic!("four blocks of hex");
    };
    let superblock = Superblock::decode(slot).unwrap();
    let identity = superblock.identity;
    assert_eq!((identity.dimensions, identity.metric), (64, DistanceMetric::Euclidean));
    assert_eq!((superblock.generation, superblock.extent_count, superblock.extents_end), (3, 2, 0x1d000));
    assert_eq!(*slot_at, super::superblock::slot_offset(superblock.generation));
    let decode = |bytes: &[u8], offset, ordinal| {
        ExtentHeader::decode(bytes.try_into().unwrap(), &identity, offset, ordinal, 0, 1 << 20).unwrap()
    };
    let (vectors, log) = (decode(vectors, *vectors_at, 0), decode(log, *log_at, 1));
    assert_eq!((vectors.kind, vectors.capacity), (ExtentKind::Vectors, 256));
    assert_eq!((log.kind, vectors_at + vectors.length_bytes), (ExtentKind::Log, *log_at));
    assert_eq!(log_at + log.length_bytes, superblock.extents_end);
    let frame = Frame::check(frame, Place::new(&identity, *frame_at)).unwrap();
    let position = superblock.position;
    assert_eq!((frame.link().sequence, frame.checksum(), frame.row_count()), (1, position.chain, 2));
    assert_eq!((frame_at + frame.length_bytes(), position.rows), (position.head, 2));
    assert_eq!([frame.key(0).1, frame.key(1).1], [&b"a"[..], b"bc"]);
    let mut rows = [[0.0_f32; 64]; 2];
    (rows[0][0], rows[1][63]) = (1.0, 2.0);
    for (row, position) in rows.iter().zip(0..) {
        assert_eq!(crc32c(bytemuck::cast_slice(row)), frame.row_checksum(position));
    }
}
