use super::*;
use crate::storage::format::frame_encode::{FrameContent, encode, finish};
use crate::storage::format::superblock::Identity;
use crate::{DistanceMetric, ElementType, KeyKind};

const LINK: FrameLink = FrameLink { sequence: 3, session: 77, previous: 0x1234 };

fn identity(first: u8) -> Identity {
    let mut store_id = [9; 16];
    store_id[0] = first;
    Identity {
        store_id,
        dimensions: 64,
        metric: DistanceMetric::Cosine,
        element: ElementType::F32,
        keys: KeyKind::Text,
        columns: 0,
    }
}

fn place() -> Place {
    Place::new(&identity(9), 40_960)
}

fn example() -> Vec<u8> {
    let content = FrameContent {
        first_row: 5,
        key_ends: &[0, 4, 5],
        key_bytes: b"wordy",
        tags: &[0, 1 << 63, 2],
        payload_ends: &[3, 3, 20],
        payload_bytes: b"onetwenty bytes long",
        updated_columns: 0,
        updated_values: &[],
        deletions: &[1, 4],
        updates: &[],
    };
    let mut out = Vec::new();
    encode(&content, LINK, &mut out).unwrap();
    finish(&mut out, &[11, 12, 13], place());
    out
}

#[test]
fn a_frame_is_decoded_unchanged() {
    let whole = example();
    assert_eq!(claimed_length(&whole, place(), whole.len() as u64), Some(whole.len()));
    assert_eq!(claimed_length(&whole, place(), whole.len() as u64 - 1), None);
    let frame = Frame::check(&whole, place()).unwrap();
    assert_eq!((frame.link(), frame.first_row(), frame.row_count()), (LINK, 5, 3));
    assert_eq!([0, 1, 2].map(|i| frame.key(i).1), [&b""[..], b"word", b"y"]);
    assert_eq!([0, 1, 2].map(|i| frame.row_checksum(i)), [11, 12, 13]);
    assert_eq!([0, 1, 2].map(|i| frame.tags(i)), [0, 1 << 63, 2]);
    assert_eq!([0, 1, 2].map(|i| frame.payload(i)), [&b"one"[..], b"", b"twenty bytes long"]);
    assert_eq!(frame.deletions().collect::<Vec<_>>(), [1, 4]);
    let (at, key) = frame.key(1);
    assert_eq!(&whole[at..at + key.len()], b"word");
}

#[test]
fn every_flipped_bit_and_every_truncation_is_detected() {
    let whole = example();
    for bit in 0..whole.len() * 8 {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(Frame::check(&flipped, place()).is_err(), "bit {bit}");
    }
    for length in 0..whole.len() {
        assert!(Frame::check(&whole[..length], place()).is_err(), "{length} bytes");
    }
    assert!(Frame::check(&[0; 64], place()).is_err() && claimed_length(&[0; 64], place(), 1 << 20).is_none());
}

#[test]
fn wrong_counts_are_refused_despite_a_valid_checksum() {
    for (field, value) in [
        (frame::ROW_COUNT, u32::MAX),
        (frame::ROW_COUNT, 2),
        (frame::LISTED_COUNT, u32::MAX),
        (frame::KEY_BYTES, u32::MAX),
        (frame::KEY_BYTES, 4),
        (frame::FLAGS, 0),
        (frame::FLAGS, 7),
    ] {
        let mut lying = example();
        bytes::write(&mut lying, field, &value.to_le_bytes());
        let checksum = checksum_of(&lying, place());
        bytes::write(&mut lying, frame::CHECKSUM, &checksum.to_le_bytes());
        assert!(Frame::check(&lying, place()).is_err(), "{field:?} = {value}");
    }
}

#[test]
fn a_frame_of_another_store_or_place_is_refused() {
    let whole = example();
    for other in [Place::new(&identity(8), 40_960), Place::new(&identity(9), 40_976)] {
        assert!(claimed_length(&whole, other, whole.len() as u64).is_none());
        assert!(Frame::check(&whole, other).is_err());
        // Also if half of the bits match.
        let mut marked = whole.clone();
        other.write(&mut marked, frame::PLACE);
        assert!(claimed_length(&marked, other, whole.len() as u64).is_some());
        assert!(Frame::check(&marked, other).is_err());
    }
}
