//! The layout of a data file: the one table of offsets, for writing and reading.
//!
//! `docs/file-format.md` describes the same in words, with an example. Everything is little-endian.

/// The alignment of rows in the file, except of those that are shorter: see [`stride_bytes`].
pub(crate) const ROW_ALIGN: u64 = 64;
/// The alignment of extents. It is independent of the machine's page size: a mapping may begin anywhere.
pub(crate) const EXTENT_ALIGN: u64 = 4096;
/// The version that this library writes and reads.
pub(crate) const VERSION: u32 = 4;
/// The magic number of the older MVEC format: the first four bytes of its files.
pub(crate) const MVEC_MAGIC: [u8; 4] = 0x4D56_4543u32.to_le_bytes();

/// The distance of the two superblock slots, so that they share no page of up to 16 KiB.
pub(crate) const SLOT_DISTANCE: u64 = 16 * 1024;
/// The offset of the first extent, after both slots.
pub(crate) const EXTENTS_START: u64 = 2 * SLOT_DISTANCE;

/// A field: its offset and its length.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    pub(crate) offset: usize,
    pub(crate) length: usize,
}

impl Field {
    const fn first(length: usize) -> Self {
        Self { offset: 0, length }
    }

    /// The field of `length` bytes after this one.
    const fn then(self, length: usize) -> Self {
        Self { offset: self.end(), length }
    }

    pub(crate) const fn end(self) -> usize {
        self.offset + self.length
    }
}

/// A superblock slot. The magic, the version, the features and the offset of the checksum are the same in all later
/// versions.
pub(crate) mod slot {
    use super::Field;
    use crate::column::Schema;
    /// A byte with the high bit set, line ends of both kinds, and an end of file: they reveal transfers that convert
    /// text.
    pub(crate) const MAGIC_BYTES: [u8; 8] = *b"\x89SYN\r\n\x1a\x00";
    /// The magic of a file that a compaction or a snapshot is still filling.
    pub(crate) const HALF_MADE_BYTES: [u8; 8] = *b"\x89SYNTEMP";
    pub(crate) const MAGIC: Field = Field::first(8);
    pub(crate) const VERSION: Field = MAGIC.then(4);
    pub(crate) const INCOMPATIBLE_FEATURES: Field = VERSION.then(4);
    pub(crate) const READ_ONLY_FEATURES: Field = INCOMPATIBLE_FEATURES.then(4);
    pub(crate) const COMPATIBLE_FEATURES: Field = READ_ONLY_FEATURES.then(4);
    pub(crate) const STORE_ID: Field = COMPATIBLE_FEATURES.then(16);
    pub(crate) const DIMENSIONS: Field = STORE_ID.then(4);
    pub(crate) const METRIC: Field = DIMENSIONS.then(4);
    pub(crate) const ELEMENT: Field = METRIC.then(4);
    pub(crate) const KEY_KIND: Field = ELEMENT.then(4);
    pub(crate) const STRIDE_BYTES: Field = KEY_KIND.then(4);
    pub(crate) const BLOCK_ROWS: Field = STRIDE_BYTES.then(4);
    pub(crate) const GENERATION: Field = BLOCK_ROWS.then(8);
    pub(crate) const SEQUENCE: Field = GENERATION.then(8);
    pub(crate) const ROWS: Field = SEQUENCE.then(8);
    pub(crate) const DELETIONS: Field = ROWS.then(8);
    pub(crate) const LOG_HEAD: Field = DELETIONS.then(8);
    pub(crate) const LOG_EXTENT: Field = LOG_HEAD.then(4);
    pub(crate) const CHAIN: Field = LOG_EXTENT.then(4);
    pub(crate) const EXTENTS_END: Field = CHAIN.then(8);
    pub(crate) const SEQUENCE_BASE: Field = EXTENTS_END.then(8);
    pub(crate) const EXTENT_COUNT: Field = SEQUENCE_BASE.then(4);
    pub(crate) const APPLICATION_ID: Field = EXTENT_COUNT.then(4);
    pub(crate) const USER_VERSION: Field = APPLICATION_ID.then(4);
    pub(crate) const LABEL: Field = USER_VERSION.then(64);
    pub(crate) const COLUMN_COUNT: Field = LABEL.then(4);
    pub(crate) const COLUMNS_CHECKSUM: Field = COLUMN_COUNT.then(4);
    pub(crate) const RESERVED: Field = COLUMNS_CHECKSUM.then(40);
    pub(crate) const CHECKSUM: Field = RESERVED.then(4);
    pub(crate) const LENGTH: usize = CHECKSUM.end();
    /// The list of columns, after the slot. It never changes. A store without columns has none.
    pub(crate) const COLUMNS: Field = CHECKSUM.then(Schema::BYTES);
    const _: () = assert!(LENGTH == 256 && COLUMNS.end() as u64 <= super::EXTENT_ALIGN);
    /// Versions 1 to 3 had slots of this length, with the checksum in the last four bytes.
    pub(crate) const OLD_LENGTH: usize = 128;
    /// An incompatible feature that no version has yet: everything but the first 128 bytes of a slot is encrypted.
    pub(crate) const FEATURE_ENCRYPTED: u32 = 1;
}

/// The mark that tells from which store a compaction or a snapshot copied a file, in its own page between the slots.
pub(crate) mod origin {
    use super::Field;
    pub(crate) const OFFSET: u64 = super::EXTENT_ALIGN;
    pub(crate) const MAGIC_BYTES: [u8; 8] = *b"\x89SYNCOPY";
    pub(crate) const MAGIC: Field = Field::first(8);
    pub(crate) const STORE_ID: Field = MAGIC.then(16);
    pub(crate) const LENGTH: usize = STORE_ID.end();
    const _: () = assert!(OFFSET >= super::slot::COLUMNS.end() as u64 && OFFSET < super::SLOT_DISTANCE);
}

/// The header of an extent. The data begin [`extent::DATA`] bytes after its start.
pub(crate) mod extent {
    use super::Field;
    pub(crate) const MAGIC_BYTES: [u8; 4] = *b"SYNX";
    pub(crate) const MAGIC: Field = Field::first(4);
    pub(crate) const KIND: Field = MAGIC.then(1);
    /// The number of columns of the store.
    pub(crate) const COLUMN_COUNT: Field = KIND.then(1);
    pub(crate) const RESERVED: Field = COLUMN_COUNT.then(2);
    pub(crate) const ORDINAL: Field = RESERVED.then(4);
    /// With the metric, the element type and the store id this is the store's identity, from which a file can be recovered if its
    /// superblocks are lost.
    pub(crate) const DIMENSIONS: Field = ORDINAL.then(2);
    pub(crate) const METRIC: Field = DIMENSIONS.then(1);
    /// The element type, and in the upper four bits the kind of the keys.
    pub(crate) const ELEMENT: Field = METRIC.then(1);
    pub(crate) const STORE_ID: Field = ELEMENT.then(16);
    pub(crate) const LENGTH_BYTES: Field = STORE_ID.then(8);
    pub(crate) const FIRST_ROW: Field = LENGTH_BYTES.then(8);
    pub(crate) const CAPACITY: Field = FIRST_ROW.then(8);
    /// As in a frame.
    pub(crate) const PLACE: Field = CAPACITY.then(4);
    pub(crate) const CHECKSUM: Field = PLACE.then(4);
    pub(crate) const LENGTH: usize = CHECKSUM.end();
    /// The header has its own page, so that a torn write of it damages nothing else.
    pub(crate) const DATA: u64 = super::EXTENT_ALIGN;
    pub(crate) const KIND_VECTORS: u8 = 1;
    pub(crate) const KIND_LOG: u8 = 2;
    const _: () = assert!(LENGTH == 64 && DATA.is_multiple_of(super::ROW_ALIGN));
}

/// The header of a frame. The sections follow in the order of [`super::frame`].
pub(crate) mod frame {
    use super::Field;
    pub(crate) const MAGIC_BYTES: [u8; 4] = *b"SYNF";
    /// The alignment of frames, and of the payloads in a frame.
    pub(crate) const ALIGN: usize = 16;
    pub(crate) const MAGIC: Field = Field::first(4);
    pub(crate) const FLAGS: Field = MAGIC.then(4);
    pub(crate) const LENGTH_BYTES: Field = FLAGS.then(4);
    /// One half of the frame's [`crate::storage::format::place::Place`]; the other half goes into the checksum.
    pub(crate) const PLACE: Field = LENGTH_BYTES.then(4);
    pub(crate) const SEQUENCE: Field = PLACE.then(8);
    pub(crate) const SESSION: Field = SEQUENCE.then(8);
    pub(crate) const FIRST_ROW: Field = SESSION.then(4);
    pub(crate) const ROW_COUNT: Field = FIRST_ROW.then(4);
    pub(crate) const LISTED_COUNT: Field = ROW_COUNT.then(4);
    pub(crate) const KEY_BYTES: Field = LISTED_COUNT.then(4);
    pub(crate) const PAYLOAD_BYTES: Field = KEY_BYTES.then(8);
    pub(crate) const PREVIOUS: Field = PAYLOAD_BYTES.then(4);
    pub(crate) const CHECKSUM: Field = PREVIOUS.then(4);
    pub(crate) const LENGTH: usize = CHECKSUM.end();
    pub(crate) const FLAG_TAGS: u32 = 1;
    pub(crate) const FLAG_PAYLOADS: u32 = 2;
    /// The frame has no rows. The rows that it lists are not deleted, but get its tags and payloads.
    pub(crate) const FLAG_UPDATE: u32 = 4;
    /// Bit `COLUMNS_SHIFT + i`: the frame is an update that has values of column `i`.
    pub(crate) const COLUMNS_SHIFT: u32 = 16;
    /// The longest frame. A batch that needs a longer one is refused.
    pub(crate) const MAX_LENGTH_BYTES: u64 = 1 << 30;
    const _: () = assert!(LENGTH == 64 && LENGTH.is_multiple_of(ALIGN));
}

/// The most bytes of a vector that is not padded to [`ROW_ALIGN`].
const MOST_SHORT_BYTES: u32 = 32;
/// The least bytes from one row to the next.
const LEAST_STRIDE_BYTES: u32 = 4;

/// Bytes from one row to the next: the vector, padded to a multiple of [`ROW_ALIGN`]. Vectors of at most 32 bytes are padded
/// to a power of two, at least 4, so no vector lies in two cache lines without need.
pub(crate) const fn stride_bytes(vector_bytes: u32) -> u32 {
    if vector_bytes > MOST_SHORT_BYTES {
        return vector_bytes.next_multiple_of(64);
    }
    let padded = vector_bytes.next_power_of_two();
    if padded < LEAST_STRIDE_BYTES { LEAST_STRIDE_BYTES } else { padded }
}

/// Bytes of a value of a column.
pub(crate) const VALUE_BYTES: u32 = 8;

/// Dimensions that a file may have.
pub(crate) const DIMENSIONS: std::ops::RangeInclusive<u32> = 1..=8192;

/// Rows in a block, the unit of vector extents: a power of two that fills about 64 KiB.
pub(crate) const fn block_rows(stride_bytes: u32) -> u32 {
    let rows = 64 * 1024 / stride_bytes;
    if rows == 0 { 1 } else { 1 << rows.ilog2() }
}

/// Reading and writing fields in bytes whose length was checked.
pub(crate) mod bytes {
    use super::Field;

    fn array<const N: usize>(from: &[u8], field: Field) -> [u8; N] {
        let mut out = [0; N];
        if let Some(found) = from.get(field.offset..field.end()) {
            out.copy_from_slice(found);
        }
        out
    }

    pub(crate) fn read_u32(from: &[u8], field: Field) -> u32 {
        u32::from_le_bytes(array(from, field))
    }

    pub(crate) fn read_u64(from: &[u8], field: Field) -> u64 {
        u64::from_le_bytes(array(from, field))
    }

    pub(crate) fn read_array<const N: usize>(from: &[u8], field: Field) -> [u8; N] {
        array(from, field)
    }

    /// Writes a field. `value` has the field's length.
    pub(crate) fn write(into: &mut [u8], field: Field, value: &[u8]) {
        if let Some(place) = into.get_mut(field.offset..field.end()) {
            place.copy_from_slice(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strides_and_blocks_are_valid_for_all_vectors() {
        for bytes in 2..=4 * 8192 {
            let stride = stride_bytes(bytes);
            assert!(stride >= bytes && stride < bytes + 64);
            assert!(stride.is_multiple_of(64) || (stride.is_power_of_two() && (4..64).contains(&stride)));
            // A vector lies in as few cache lines as possible.
            assert!(stride.is_multiple_of(bytes.min(32).next_power_of_two().max(4)));
            let rows = block_rows(stride);
            assert!(rows.is_power_of_two() && rows * stride <= 64 * 1024);
        }
    }
}
