//! A data file as bytes. The offsets are deliberately defined a second time: with the writer's table, a test would not
//! notice that a field has moved.

use crc32c::{crc32c, crc32c_append};
use syna_mmap::ElementType;

/// A field: its offset in its structure, and its length.
pub type Field = (usize, usize);

pub const SLOTS: [usize; 2] = [0, 16384];
pub const EXTENTS_START: usize = 32768;
pub const EXTENT_DATA: usize = 4096;
/// The length of a slot.
pub const SLOT: usize = 256;
const SLOT_CHECKSUM: usize = SLOT - 4;
const HEADER_CHECKSUM: usize = 60;
pub const HEADER: usize = 64;

pub const SLOT_FIELDS: [Field; 26] = [
    (0, 8),
    (8, 4),
    (12, 4),
    (16, 4),
    (20, 4),
    (24, 8),
    (40, 4),
    (44, 4),
    (48, 4),
    (52, 4),
    (56, 4),
    (60, 4),
    (64, 8),
    (72, 8),
    (80, 8),
    (88, 8),
    (96, 8),
    (104, 4),
    (108, 4),
    (112, 8),
    (120, 8),
    (128, 4),
    (140, 8),
    (204, 4),
    (208, 4),
    (212, 8),
];
pub const EXTENT_FIELDS: [Field; 13] = [
    (0, 4),
    (4, 1),
    (5, 1),
    (6, 2),
    (8, 4),
    (12, 2),
    (14, 1),
    (15, 1),
    (16, 8),
    (32, 8),
    (40, 8),
    (48, 8),
    (56, 4),
];
pub const FRAME_FIELDS: [Field; 12] =
    [(0, 4), (4, 4), (8, 4), (12, 4), (16, 8), (24, 8), (32, 4), (36, 4), (40, 4), (44, 4), (48, 8), (56, 4)];

const SLOT_STORE_ID: usize = 24;
const SLOT_SEQUENCE: usize = 72;
const SLOT_CHAIN: usize = 108;
const SLOT_COLUMN_COUNT: usize = 204;
const SLOT_COLUMNS_CHECKSUM: usize = 208;
/// The list of columns, after the slot: a kind and a name for each of 16.
const SLOT_COLUMNS: std::ops::Range<usize> = 256..256 + 16 * 36;
const EXTENT_KIND: usize = 4;
const EXTENT_ORDINAL: usize = 8;
const EXTENT_STORE_ID: usize = 16;
const EXTENT_LENGTH: usize = 32;
const EXTENT_CAPACITY: usize = 48;
const EXTENT_PLACE: usize = 56;
const FRAME_LENGTH: usize = 8;
pub const FRAME_PLACE: usize = 12;
const FRAME_SEQUENCE: usize = 16;
const FRAME_SESSION: usize = 24;
const FRAME_ROW_COUNT: usize = 36;
const FRAME_PREVIOUS: usize = 56;

/// The output function of splitmix64.
fn mix(x: u64) -> u64 {
    let mut z = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A structure that a mutation can target, with its offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Structure {
    Slot(usize),
    Extent(usize),
    Frame(usize),
}

/// The image. The offsets are those of the original store; they do not change when the bytes do.
#[derive(Debug, Clone)]
pub struct Image {
    pub bytes: Vec<u8>,
    pub extents: Vec<usize>,
    pub frames: Vec<usize>,
    /// How vectors are stored.
    pub element: ElementType,
    /// Of a stored vector.
    pub vector_bytes: usize,
    /// From one row to the next.
    pub stride: usize,
    /// Columns.
    pub columns: usize,
}

impl Image {
    /// The image of an intact store. Its random numbers are replaced, so that it is the same in every run.
    pub fn of_store(bytes: Vec<u8>) -> Self {
        let element = ElementType::F32;
        let (extents, frames) = (vec![], vec![]);
        let mut image = Self { bytes, extents, frames, element, vector_bytes: 0, stride: 0, columns: 0 };
        let dimensions = image.word(40) as usize;
        (image.element, image.vector_bytes) = match image.word(48) {
            0 => (ElementType::F32, 4 * dimensions),
            1 => (ElementType::F16, 2 * dimensions),
            _ => (ElementType::I8, dimensions.next_multiple_of(4) + 4),
        };
        image.stride = image.word(56) as usize;
        image.columns = image.word(SLOT_COLUMN_COUNT) as usize;
        let mut at = EXTENTS_START;
        while at + EXTENT_DATA <= image.bytes.len() && &image.bytes[at..at + 4] == b"SYNX" {
            image.extents.push(at);
            let end = at + image.long(at + EXTENT_LENGTH) as usize;
            if image.is_log(at) {
                let mut frame = at + EXTENT_DATA;
                while frame + HEADER <= end && &image.bytes[frame..frame + 4] == b"SYNF" {
                    image.frames.push(frame);
                    frame += image.word(frame + FRAME_LENGTH) as usize;
                }
            }
            at = end;
        }
        image.frames.sort_by_key(|&frame| {
            u64::from_le_bytes(image.bytes[frame + 16..frame + 24].try_into().unwrap())
        });
        image.settle();
        image
    }

    fn settle(&mut self) {
        for slot in SLOTS {
            self.bytes[slot + SLOT_STORE_ID..slot + SLOT_STORE_ID + 16].fill(7);
        }
        for extent in self.extents.clone() {
            self.bytes[extent + EXTENT_STORE_ID..extent + EXTENT_STORE_ID + 16].fill(7);
            self.fix_extent(extent);
        }
        for frame in self.frames.clone() {
            self.bytes[frame + FRAME_SESSION..frame + FRAME_SESSION + 8].fill(9);
        }
        self.fix_chain();
    }

    pub fn word(&self, at: usize) -> u32 {
        self.bytes.get(at..at + 4).map_or(0, |found| u32::from_le_bytes(found.try_into().unwrap()))
    }

    pub fn long(&self, at: usize) -> u64 {
        self.bytes.get(at..at + 8).map_or(0, |found| u64::from_le_bytes(found.try_into().unwrap()))
    }

    /// Writes as much of `value` as the file has room for.
    pub fn put(&mut self, at: usize, value: &[u8]) {
        let end = at.saturating_add(value.len()).min(self.bytes.len());
        if let Some(place) = self.bytes.get_mut(at.min(end)..end) {
            place.copy_from_slice(&value[..place.len()]);
        }
    }

    pub fn is_log(&self, extent: usize) -> bool {
        self.bytes.get(extent + EXTENT_KIND) == Some(&2)
    }

    pub fn set_ordinal(&mut self, extent: usize, ordinal: u32) {
        self.put(extent + EXTENT_ORDINAL, &ordinal.to_le_bytes());
    }

    pub fn extent_length(&self, extent: usize) -> usize {
        usize::try_from(self.long(extent + EXTENT_LENGTH)).unwrap_or(usize::MAX)
    }

    /// The length of a frame, as its header says, limited by the end of the file.
    pub fn frame_length(&self, frame: usize) -> usize {
        let claimed = self.word(frame + FRAME_LENGTH) as usize;
        claimed.min(self.bytes.len().saturating_sub(frame))
    }

    pub fn structures(&self) -> Vec<Structure> {
        let slots = SLOTS.into_iter().map(Structure::Slot);
        let extents = self.extents.iter().copied().map(Structure::Extent);
        slots.chain(extents).chain(self.frames.iter().copied().map(Structure::Frame)).collect()
    }

    pub fn fix_slot(&mut self, at: usize) {
        if self.word(at + SLOT_COLUMN_COUNT) > 0
            && let Some(list) = self.bytes.get(at + SLOT_COLUMNS.start..at + SLOT_COLUMNS.end)
        {
            let checksum = crc32c(list);
            self.put(at + SLOT_COLUMNS_CHECKSUM, &checksum.to_le_bytes());
        }
        if let Some(covered) = self.bytes.get(at..at + SLOT_CHECKSUM) {
            let checksum = crc32c(covered);
            self.put(at + SLOT_CHECKSUM, &checksum.to_le_bytes());
        }
    }

    pub fn fix_extent(&mut self, at: usize) {
        if at + HEADER <= self.bytes.len() {
            let seed = self.mark(at, EXTENT_PLACE);
            let checksum = crc32c_append(seed, &self.bytes[at..at + HEADER_CHECKSUM]);
            self.put(at + HEADER_CHECKSUM, &checksum.to_le_bytes());
        }
    }

    /// Writes the location of a frame or an extent into its header, and returns the initial value of its checksum.
    pub fn mark(&mut self, at: usize, field: usize) -> u32 {
        let (mark, seed) = self.place(at as u64);
        self.put(at + field, &mark.to_le_bytes());
        seed
    }

    /// The location word of a frame or an extent at an offset, and the initial value of its checksum.
    pub fn place(&self, at: u64) -> (u32, u32) {
        let id = SLOTS[0] + SLOT_STORE_ID;
        let place = mix(mix(self.long(id).wrapping_add(at)) ^ self.long(id + 8));
        (u32::try_from(place & 0xFFFF_FFFF).unwrap(), u32::try_from(place >> 32).unwrap())
    }

    pub fn fix_frame(&mut self, at: usize) {
        let length = self.frame_length(at);
        if length >= HEADER {
            let seed = self.mark(at, FRAME_PLACE);
            let head = crc32c_append(seed, &self.bytes[at..at + HEADER_CHECKSUM]);
            let checksum = crc32c_append(head, &self.bytes[at + HEADER..at + length]);
            self.put(at + HEADER_CHECKSUM, &checksum.to_le_bytes());
        }
    }

    /// Chains each frame to the one before, and the slots to their frames.
    pub fn fix_chain(&mut self) {
        let mut previous = 0_u32;
        let mut ends = vec![(0, 0)];
        for frame in self.frames.clone() {
            self.put(frame + FRAME_PREVIOUS, &previous.to_le_bytes());
            self.fix_frame(frame);
            previous = self.word(frame + HEADER_CHECKSUM);
            ends.push((self.long(frame + FRAME_SEQUENCE), previous));
        }
        for slot in SLOTS {
            let sequence = self.long(slot + SLOT_SEQUENCE);
            if let Some((_, chain)) = ends.iter().find(|(of, _)| *of == sequence) {
                self.put(slot + SLOT_CHAIN, &chain.to_le_bytes());
            }
            self.fix_slot(slot);
        }
    }

    /// Updates the row checksums in each frame.
    pub fn fix_rows(&mut self) {
        // Where the vector of each row is, and its values.
        let mut rows = Vec::new();
        for &extent in self.extents.iter().filter(|&&extent| !self.is_log(extent)) {
            let capacity = usize::try_from(self.long(extent + EXTENT_CAPACITY)).unwrap_or(usize::MAX);
            let values = capacity.saturating_mul(self.stride).saturating_add(extent + EXTENT_DATA);
            rows.extend((0..capacity.min(1 << 16)).map(|row| {
                let of_column =
                    |column| capacity.saturating_mul(column).saturating_add(row).saturating_mul(8);
                let values = (0..self.columns).map(move |column| values.saturating_add(of_column(column)));
                (extent + EXTENT_DATA + row * self.stride, values.collect::<Vec<_>>())
            }));
        }
        let mut rows = rows.into_iter();
        for frame in self.frames.clone() {
            let count = self.word(frame + FRAME_ROW_COUNT) as usize;
            for position in 0..count.min(1 << 16) {
                let Some((at, values)) = rows.next() else { return };
                let part = |at: usize, length| self.bytes.get(at..at.checked_add(length)?);
                let Some(vector) = part(at, self.vector_bytes) else { continue };
                let values: Option<Vec<&[u8]>> = values.into_iter().map(|at| part(at, 8)).collect();
                let Some(values) = values else { continue };
                let checksum = crc32c_append(crc32c(vector), &values.concat());
                self.put(frame + HEADER + 4 * position, &checksum.to_le_bytes());
            }
        }
    }
}
