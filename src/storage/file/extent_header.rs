//! The header of an extent.

use crate::checksum::crc32c_append;
use crate::storage::format::layout::{self, EXTENT_ALIGN, bytes, extent};
use crate::storage::format::place::Place;
use crate::storage::format::superblock::Identity;
use crate::{DistanceMetric, ElementType, KeyKind, MAX_COLUMNS};

/// The content of an extent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExtentKind {
    Vectors,
    Log,
}

/// The header of an extent, validated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ExtentHeader {
    pub(crate) kind: ExtentKind,
    pub(crate) ordinal: u32,
    /// Header and data.
    pub(crate) length_bytes: u64,
    /// The first row of a vector extent; 0 for the log.
    pub(crate) first_row: u64,
    /// The rows that fit, or the bytes of frames that fit.
    pub(crate) capacity: u64,
}

impl ExtentHeader {
    /// The header of an extent at `offset_bytes`.
    pub(crate) fn encode(&self, identity: &Identity, offset_bytes: u64) -> [u8; extent::LENGTH] {
        let place = Place::new(identity, offset_bytes);
        let mut out = [0; extent::LENGTH];
        let kind = match self.kind {
            ExtentKind::Vectors => extent::KIND_VECTORS,
            ExtentKind::Log => extent::KIND_LOG,
        };
        bytes::write(&mut out, extent::MAGIC, &extent::MAGIC_BYTES);
        bytes::write(&mut out, extent::KIND, &[kind]);
        bytes::write(&mut out, extent::COLUMN_COUNT, &[identity.columns]);
        bytes::write(&mut out, extent::ORDINAL, &self.ordinal.to_le_bytes());
        // At most 8,192, so its first two bytes hold it.
        bytes::write(&mut out, extent::DIMENSIONS, &identity.dimensions.to_le_bytes()[..2]);
        bytes::write(&mut out, extent::METRIC, &[identity.metric as u8]);
        bytes::write(&mut out, extent::ELEMENT, &[identity.element as u8 | (identity.keys as u8) << 4]);
        bytes::write(&mut out, extent::STORE_ID, &identity.store_id);
        bytes::write(&mut out, extent::LENGTH_BYTES, &self.length_bytes.to_le_bytes());
        bytes::write(&mut out, extent::FIRST_ROW, &self.first_row.to_le_bytes());
        bytes::write(&mut out, extent::CAPACITY, &self.capacity.to_le_bytes());
        place.write(&mut out, extent::PLACE);
        let checksum = crc32c_append(place.seed, &out[..extent::CHECKSUM.offset]);
        bytes::write(&mut out, extent::CHECKSUM, &checksum.to_le_bytes());
        out
    }

    /// The header in `from`, if it is valid for this store and offset, has this ordinal and fits in `room_bytes`.
    pub(crate) fn decode(
        from: &[u8; extent::LENGTH],
        identity: &Identity,
        offset_bytes: u64,
        ordinal: u32,
        first_row: u64,
        room_bytes: u64,
    ) -> Option<Self> {
        let kind = match bytes::read_array(from, extent::KIND) {
            [extent::KIND_VECTORS] => ExtentKind::Vectors,
            [extent::KIND_LOG] => ExtentKind::Log,
            _ => return None,
        };
        let found = Self {
            kind,
            ordinal,
            length_bytes: bytes::read_u64(from, extent::LENGTH_BYTES),
            first_row: if kind == ExtentKind::Vectors { first_row } else { 0 },
            capacity: bytes::read_u64(from, extent::CAPACITY),
        };
        // All other bytes follow from these fields, so a header that differs by one bit is refused.
        let is_whole = found.encode(identity, offset_bytes) == *from;
        (is_whole && found.fits(identity, room_bytes)).then_some(found)
    }

    /// The header in `from`, if it is valid for some store at this offset, and that store's identity.
    pub(crate) fn decode_any(from: &[u8; extent::LENGTH], offset_bytes: u64) -> Option<(Identity, Self)> {
        if bytes::read_array(from, extent::MAGIC) != extent::MAGIC_BYTES {
            return None;
        }
        let [metric] = bytes::read_array(from, extent::METRIC);
        let [element] = bytes::read_array(from, extent::ELEMENT);
        let [columns] = bytes::read_array(from, extent::COLUMN_COUNT);
        let identity = Identity {
            store_id: bytes::read_array(from, extent::STORE_ID),
            dimensions: u32::from(u16::from_le_bytes(bytes::read_array(from, extent::DIMENSIONS))),
            metric: DistanceMetric::from_number(u32::from(metric))?,
            element: ElementType::from_number(u32::from(element & 0xf))?,
            keys: KeyKind::from_number(u32::from(element >> 4))?,
            columns,
        };
        if !layout::DIMENSIONS.contains(&identity.dimensions) || usize::from(columns) > MAX_COLUMNS {
            return None;
        }
        let (ordinal, first_row) =
            (bytes::read_u32(from, extent::ORDINAL), bytes::read_u64(from, extent::FIRST_ROW));
        Self::decode(from, &identity, offset_bytes, ordinal, first_row, u64::MAX)
            .map(|found| (identity, found))
    }

    /// The offset from the start of a vector extent of the value at `place` in a column: behind the vectors, column after
    /// column.
    pub(in crate::storage) fn value_offset(&self, stride_bytes: u64, column: u64, place: u64) -> u64 {
        let values = column * self.capacity + place;
        extent::DATA + self.capacity * stride_bytes + values * u64::from(layout::VALUE_BYTES)
    }

    fn fits(&self, identity: &Identity, room_bytes: u64) -> bool {
        let Some(data_bytes) = self.length_bytes.checked_sub(extent::DATA) else { return false };
        let needed = match self.kind {
            ExtentKind::Vectors => {
                if !self.capacity.is_multiple_of(u64::from(identity.block_rows())) {
                    return false;
                }
                self.capacity.checked_mul(u64::from(identity.row_bytes()))
            }
            ExtentKind::Log => Some(self.capacity),
        };
        self.length_bytes.is_multiple_of(EXTENT_ALIGN)
            && self.length_bytes <= room_bytes
            && self.capacity > 0
            && self.first_row.checked_add(self.capacity).is_some_and(|end| end <= MAX_ROWS + (1 << 16))
            && needed.is_some_and(|needed| needed <= data_bytes)
    }
}

/// The most rows of a store. Row numbers are u32, and one number means "none".
pub(crate) const MAX_ROWS: u64 = u32::MAX as u64 - 1;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::format::superblock::{NewStore, Superblock};

    #[test]
    fn an_extent_header_is_decoded_unchanged_and_every_flipped_bit_is_detected() {
        let new = NewStore::of(64, DistanceMetric::Cosine);
        let identity = Superblock::empty([9; 16], &new).identity;
        let header = ExtentHeader {
            kind: ExtentKind::Vectors,
            ordinal: 2,
            length_bytes: 4096 + 65536,
            first_row: 512,
            capacity: 256,
        };
        let whole = header.encode(&identity, 32768);
        assert_eq!(ExtentHeader::decode(&whole, &identity, 32768, 2, 512, 1 << 20), Some(header));
        assert_eq!(ExtentHeader::decode(&whole, &identity, 32768, 3, 512, 1 << 20), None);
        assert_eq!(ExtentHeader::decode(&whole, &identity, 32768, 2, 256, 1 << 20), None);
        assert_eq!(ExtentHeader::decode(&whole, &identity, 32768, 2, 512, 65536), None);
        assert_eq!(ExtentHeader::decode(&whole, &identity, 36864, 2, 512, 1 << 20), None);
        for bit in 0..whole.len() * 8 {
            let mut flipped = whole;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(ExtentHeader::decode(&flipped, &identity, 32768, 2, 512, 1 << 20), None, "bit {bit}");
        }
    }
}
