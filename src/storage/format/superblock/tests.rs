use super::*;

pub(super) fn example() -> Superblock {
    Superblock {
        identity: Identity {
            store_id: [7; 16],
            dimensions: 70,
            metric: DistanceMetric::Euclidean,
            element: ElementType::F32,
            keys: KeyKind::Bytes,
            columns: 2,
        },
        generation: 5,
        position: LogPosition { sequence: 9, chain: 0xABCD, extent: 1, head: 40960, rows: 12, deletions: 3 },
        extent_count: 2,
        extents_end: 1 << 20,
        sequence_base: 0x1234_5678_9ABC_DEF0,
        user_block: UserBlock {
            application_id: 0x6d61_7073,
            user_version: 7,
            label: Label::new("all-MiniLM-L6-v2").unwrap(),
        },
        columns_checksum: 0x1234_5678,
    }
}

#[test]
fn a_superblock_is_decoded_unchanged() {
    assert_eq!(Superblock::decode(&example().encode()), Ok(example()));
}

#[test]
fn a_generation_that_cannot_be_incremented_is_refused() {
    for generation in [u64::MAX, u64::MAX - 1, 1 << 63] {
        let whole = Superblock { generation, ..example() }.encode();
        assert!(matches!(Superblock::decode(&whole), Err(SlotDamage::Damaged(_))));
    }
}

#[test]
fn every_flipped_bit_is_detected() {
    let whole = example().encode();
    for bit in 0..whole.len() * 8 {
        let mut flipped = whole;
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(Superblock::decode(&flipped).is_err(), "bit {bit}");
    }
    for length in 0..whole.len() {
        assert!(Superblock::decode(&whole[..length]).is_err(), "{length} bytes");
    }
}
