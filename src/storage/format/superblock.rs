//! The superblock: the identity of the store, and the part of it that is known to be on the disk.
//!
//! There are two slots, written in turn. The newest valid one counts. A slot is decoded to a `Superblock` only after
//! its checksum and all its fields were checked.

#[cfg(test)]
mod tests;

use super::layout::{self, bytes, slot};
use crate::checksum::crc32c;
use crate::failpoint::{Failpoint, is_failpoint_set};
use crate::{DistanceMetric, ElementType, KeyKind, Label, MAX_COLUMNS, UserBlock};

/// What never changes in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) store_id: [u8; 16],
    pub(crate) dimensions: u32,
    pub(crate) metric: DistanceMetric,
    pub(crate) element: ElementType,
    pub(crate) keys: KeyKind,
    /// The number of columns.
    pub(crate) columns: u8,
}

impl Identity {
    pub(crate) fn stride_bytes(&self) -> u32 {
        layout::stride_bytes(self.vector_bytes())
    }

    /// Bytes of a stored vector.
    pub(crate) fn vector_bytes(&self) -> u32 {
        self.element.vector_bytes(self.dimensions)
    }

    pub(crate) fn block_rows(&self) -> u32 {
        layout::block_rows(self.stride_bytes())
    }

    /// Bytes of a row in an extent: the vector with its padding, and the values of the columns.
    pub(crate) fn row_bytes(&self) -> u32 {
        self.stride_bytes() + layout::VALUE_BYTES * u32::from(self.columns)
    }
}

/// How many columns a store has, and the checksum of their list; zeros without columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ColumnsMark {
    pub(crate) count: u8,
    pub(crate) checksum: u32,
}

/// What is decided when a store is created.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewStore {
    pub(crate) dimensions: u32,
    pub(crate) metric: DistanceMetric,
    pub(crate) element: ElementType,
    pub(crate) keys: KeyKind,
    pub(crate) user_block: UserBlock,
    /// The number of columns, and the checksum of their list.
    pub(crate) columns: ColumnsMark,
}

impl NewStore {
    /// A store for tests.
    #[cfg(test)]
    pub(crate) fn of(dimensions: u32, metric: DistanceMetric) -> Self {
        let (element, keys) = (ElementType::F32, KeyKind::Text);
        let (user_block, columns) = (UserBlock::default(), ColumnsMark::default());
        Self { dimensions, metric, element, keys, user_block, columns }
    }

    /// Like an existing store, without a user block.
    pub(crate) fn like(original: &Identity, columns: ColumnsMark) -> Self {
        let &Identity { dimensions, metric, element, keys, .. } = original;
        Self { dimensions, metric, element, keys, user_block: UserBlock::default(), columns }
    }
}

/// A position in the log: after the last valid frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LogPosition {
    /// The number of the last frame; frames are numbered from 1, and 0 is the empty log.
    pub(crate) sequence: u64,
    /// The checksum of the last frame, which the next one contains.
    pub(crate) chain: u32,
    /// The ordinal of the extent of the last frame; unused in the empty log.
    pub(crate) extent: u32,
    /// The offset of the next frame if it fits; 0 in the empty log.
    pub(crate) head: u64,
    /// Rows ever written.
    pub(crate) rows: u32,
    /// Rows ever deleted.
    pub(crate) deletions: u32,
}

impl LogPosition {
    pub(crate) const EMPTY: Self = Self { sequence: 0, chain: 0, extent: 0, head: 0, rows: 0, deletions: 0 };
}

/// A valid superblock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Superblock {
    pub(crate) identity: Identity,
    /// The number of checkpoints. The slot is `generation % 2`.
    pub(crate) generation: u64,
    pub(crate) position: LogPosition,
    pub(crate) extent_count: u32,
    /// The end of the last extent.
    pub(crate) extents_end: u64,
    /// Added to a frame's sequence, modulo 2^64, to get the number of a write: a compaction begins a new log, but
    /// writes are numbered over the store's life.
    pub(crate) sequence_base: u64,
    pub(crate) user_block: UserBlock,
    /// The checksum of the list of columns; 0 without columns.
    pub(crate) columns_checksum: u32,
}

impl Superblock {
    /// Whether this replaces two damaged superblocks.
    pub(crate) fn is_lost(&self) -> bool {
        self.position.sequence == u64::MAX
    }

    /// The number of writes over the store's life when the log has reached `position`.
    pub(crate) fn write_count(&self, position: &LogPosition) -> u64 {
        self.sequence_base.wrapping_add(position.sequence)
    }
}

/// Why the bytes of a slot are not a superblock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SlotDamage {
    /// They have no magic.
    NoMagic,
    /// They have the magic, but the checksum or a field is wrong.
    Damaged(String),
    /// They are valid, but need features that this library does not know.
    Unsupported(String),
}

/// The offset of slot `generation % 2`.
pub(crate) fn slot_offset(generation: u64) -> u64 {
    if is_failpoint_set(Failpoint::SameSlot) { 0 } else { (generation % 2) * layout::SLOT_DISTANCE }
}

impl Superblock {
    /// The superblock of an empty store.
    pub(crate) fn empty(store_id: [u8; 16], new: &NewStore) -> Self {
        let &NewStore { dimensions, metric, element, keys, user_block, columns } = new;
        let ColumnsMark { count: columns, checksum: columns_checksum } = columns;
        Self {
            identity: Identity { store_id, dimensions, metric, element, keys, columns },
            generation: 2,
            position: LogPosition::EMPTY,
            extent_count: 0,
            extents_end: layout::EXTENTS_START,
            sequence_base: 0,
            user_block,
            columns_checksum,
        }
    }

    pub(crate) fn encode(&self) -> [u8; slot::LENGTH] {
        let mut out = [0; slot::LENGTH];
        let position = &self.position;
        bytes::write(&mut out, slot::MAGIC, &slot::MAGIC_BYTES);
        bytes::write(&mut out, slot::VERSION, &layout::VERSION.to_le_bytes());
        bytes::write(&mut out, slot::STORE_ID, &self.identity.store_id);
        bytes::write(&mut out, slot::DIMENSIONS, &self.identity.dimensions.to_le_bytes());
        bytes::write(&mut out, slot::METRIC, &self.identity.metric.number().to_le_bytes());
        bytes::write(&mut out, slot::ELEMENT, &self.identity.element.number().to_le_bytes());
        bytes::write(&mut out, slot::KEY_KIND, &self.identity.keys.number().to_le_bytes());
        bytes::write(&mut out, slot::STRIDE_BYTES, &self.identity.stride_bytes().to_le_bytes());
        bytes::write(&mut out, slot::BLOCK_ROWS, &self.identity.block_rows().to_le_bytes());
        bytes::write(&mut out, slot::GENERATION, &self.generation.to_le_bytes());
        bytes::write(&mut out, slot::SEQUENCE, &position.sequence.to_le_bytes());
        bytes::write(&mut out, slot::ROWS, &u64::from(position.rows).to_le_bytes());
        bytes::write(&mut out, slot::DELETIONS, &u64::from(position.deletions).to_le_bytes());
        bytes::write(&mut out, slot::LOG_HEAD, &position.head.to_le_bytes());
        bytes::write(&mut out, slot::LOG_EXTENT, &position.extent.to_le_bytes());
        bytes::write(&mut out, slot::CHAIN, &position.chain.to_le_bytes());
        bytes::write(&mut out, slot::EXTENT_COUNT, &self.extent_count.to_le_bytes());
        bytes::write(&mut out, slot::EXTENTS_END, &self.extents_end.to_le_bytes());
        bytes::write(&mut out, slot::SEQUENCE_BASE, &self.sequence_base.to_le_bytes());
        bytes::write(&mut out, slot::APPLICATION_ID, &self.user_block.application_id.to_le_bytes());
        bytes::write(&mut out, slot::USER_VERSION, &self.user_block.user_version.to_le_bytes());
        bytes::write(&mut out, slot::LABEL, &self.user_block.label.to_bytes());
        bytes::write(&mut out, slot::COLUMN_COUNT, &u32::from(self.identity.columns).to_le_bytes());
        bytes::write(&mut out, slot::COLUMNS_CHECKSUM, &self.columns_checksum.to_le_bytes());
        let checksum = crc32c(&out[..slot::CHECKSUM.offset]);
        bytes::write(&mut out, slot::CHECKSUM, &checksum.to_le_bytes());
        out
    }

    /// Decodes and checks the bytes of a slot, `slot::LENGTH` of them.
    pub(crate) fn decode(from: &[u8]) -> Result<Self, SlotDamage> {
        let damaged = |what: &str| SlotDamage::Damaged(what.to_owned());
        if from.get(..slot::MAGIC.end()) != Some(&slot::MAGIC_BYTES[..]) {
            return Err(SlotDamage::NoMagic);
        }
        let covered =
            from.get(..slot::CHECKSUM.offset).ok_or_else(|| damaged("the superblock is truncated"))?;
        let version = bytes::read_u32(from, slot::VERSION);
        if crc32c(covered) != bytes::read_u32(from, slot::CHECKSUM) {
            if is_old(from) {
                return Err(unsupported_version(version));
            }
            return Err(damaged("the superblock's checksum is wrong"));
        }
        if version != layout::VERSION {
            return Err(unsupported_version(version));
        }
        check_features(from)?;
        let dimensions = bytes::read_u32(from, slot::DIMENSIONS);
        if !layout::DIMENSIONS.contains(&dimensions) {
            return Err(damaged("the superblock has dimensions outside 1 to 8192"));
        }
        let metric = DistanceMetric::from_number(bytes::read_u32(from, slot::METRIC))
            .ok_or_else(|| damaged("the superblock has an unknown metric"))?;
        let element = ElementType::from_number(bytes::read_u32(from, slot::ELEMENT))
            .ok_or_else(|| damaged("the superblock has an unknown element type"))?;
        let keys = KeyKind::from_number(bytes::read_u32(from, slot::KEY_KIND))
            .ok_or_else(|| damaged("the superblock has an unknown kind of keys"))?;
        let store_id = bytes::read_array(from, slot::STORE_ID);
        let columns = u8::try_from(bytes::read_u32(from, slot::COLUMN_COUNT)).ok();
        let columns = columns
            .filter(|&count| usize::from(count) <= MAX_COLUMNS)
            .ok_or_else(|| damaged("the superblock has too many columns"))?;
        let identity = Identity { store_id, dimensions, metric, element, keys, columns };
        if bytes::read_u32(from, slot::STRIDE_BYTES) != identity.stride_bytes()
            || bytes::read_u32(from, slot::BLOCK_ROWS) != identity.block_rows()
        {
            return Err(damaged("the superblock has a stride that does not match its dimensions"));
        }
        let narrow = |field| {
            u32::try_from(bytes::read_u64(from, field))
                .map_err(|_| damaged("the superblock counts too many rows"))
        };
        let position = LogPosition {
            sequence: bytes::read_u64(from, slot::SEQUENCE),
            chain: bytes::read_u32(from, slot::CHAIN),
            extent: bytes::read_u32(from, slot::LOG_EXTENT),
            head: bytes::read_u64(from, slot::LOG_HEAD),
            rows: narrow(slot::ROWS)?,
            deletions: narrow(slot::DELETIONS)?,
        };
        if bytes::read_u64(from, slot::EXTENTS_END) < layout::EXTENTS_START {
            return Err(damaged("the superblock has extents that overlap it"));
        }
        // No writer reaches this number, and the next checkpoint must be able to increment it.
        if bytes::read_u64(from, slot::GENERATION) > u64::MAX / 2 {
            return Err(damaged("the superblock counts too many checkpoints"));
        }
        Ok(Self {
            identity,
            generation: bytes::read_u64(from, slot::GENERATION),
            position,
            extent_count: bytes::read_u32(from, slot::EXTENT_COUNT),
            extents_end: bytes::read_u64(from, slot::EXTENTS_END),
            sequence_base: bytes::read_u64(from, slot::SEQUENCE_BASE),
            user_block: UserBlock {
                application_id: bytes::read_u32(from, slot::APPLICATION_ID),
                user_version: bytes::read_u32(from, slot::USER_VERSION),
                label: Label::from_bytes(bytes::read_array(from, slot::LABEL))
                    .ok_or_else(|| damaged("the superblock has an invalid label"))?,
            },
            columns_checksum: bytes::read_u32(from, slot::COLUMNS_CHECKSUM),
        })
    }
}

/// Whether these are the bytes of a valid slot of version 1 to 3.
fn is_old(from: &[u8]) -> bool {
    let checksum = slot::OLD_LENGTH - 4;
    from.get(..checksum).is_some_and(|covered| {
        crc32c(covered) == bytes::read_u32(from, layout::Field { offset: checksum, length: 4 })
    })
}

fn unsupported_version(version: u32) -> SlotDamage {
    SlotDamage::Unsupported(format!(
        "has format version {version}, this library knows version {}",
        layout::VERSION
    ))
}

/// # Errors
/// `Unsupported` for a feature that this library does not know.
fn check_features(from: &[u8]) -> Result<(), SlotDamage> {
    let incompatible = bytes::read_u32(from, slot::INCOMPATIBLE_FEATURES);
    if incompatible & slot::FEATURE_ENCRYPTED != 0 {
        return Err(SlotDamage::Unsupported("is encrypted, which this library cannot read".to_owned()));
    }
    match incompatible | bytes::read_u32(from, slot::READ_ONLY_FEATURES) {
        0 => Ok(()),
        features => Err(SlotDamage::Unsupported(format!("needs unknown features {features:#x}"))),
    }
}
