//! Mutations of structures, as by a hostile writer: any field gets any value, any part is moved anywhere. The checksums are
//! then corrected, so that the checks behind them are reached.

use super::image::{EXTENT_FIELDS, FRAME_FIELDS, Field, HEADER, Image, SLOT, SLOT_FIELDS, SLOTS, Structure};
use super::source::Source;
use syna_mmap::ElementType;

/// The highest number of bytes that a mutation adds.
const MOST_ADDED: usize = 256 * 1024;

/// Changes `image` as `source` says; parts of `other` may be copied into it.
pub fn mutate(image: &mut Image, other: &Image, source: &mut Source<'_>) {
    let fixes = source.byte();
    let count = 1 + source.below(6);
    for _ in 0..count {
        mutate_once(image, other, source);
    }
    fix_checksums(image, fixes);
}

/// Corrects the checksums. Most inputs correct all of them; some leave one kind wrong.
fn fix_checksums(image: &mut Image, fixes: u8) {
    if fixes & 0x10 != 0 {
        image.fix_rows();
    }
    if fixes & 0x0F < 12 {
        image.fix_chain();
        for extent in image.extents.clone() {
            image.fix_extent(extent);
        }
        return;
    }
    if fixes & 1 != 0 {
        SLOTS.into_iter().for_each(|slot| image.fix_slot(slot));
    }
    if fixes & 2 != 0 {
        image.frames.clone().into_iter().for_each(|frame| image.fix_frame(frame));
        image.extents.clone().into_iter().for_each(|extent| image.fix_extent(extent));
    }
}

fn mutate_once(image: &mut Image, other: &Image, source: &mut Source<'_>) {
    match source.byte() % 24 {
        0..9 => change_field(image, source),
        9..13 => change_body(image, source),
        13 => {
            let place = a_place(image, source);
            image.bytes.truncate(place);
        }
        14 => extend(image, source),
        15 => duplicate_extent(image, source),
        16 => move_extent(image, source),
        17 => swap_slots(image),
        18 => cross(image, other, source),
        19 => duplicate_frame(image, source),
        20 => {
            let place = a_place(image, source);
            let length = source.below(8192);
            image.put(place, &vec![0; length]);
        }
        21 => change_vector(image, source),
        22 => swap_frames(image, source),
        _ => {
            let place = source.below(image.bytes.len());
            let value = source.byte();
            image.put(place, &[value]);
        }
    }
}

fn a_structure(image: &Image, source: &mut Source<'_>) -> Structure {
    let all = image.structures();
    all[source.below(all.len())]
}

/// Near the start or the end of a structure, or anywhere.
fn a_place(image: &Image, source: &mut Source<'_>) -> usize {
    let near = match a_structure(image, source) {
        Structure::Slot(at) => at,
        Structure::Extent(at) if source.one_in(2) => at.saturating_add(image.extent_length(at)),
        Structure::Extent(at) => at,
        Structure::Frame(at) => at + if source.one_in(2) { image.frame_length(at) } else { 0 },
    };
    let place = match source.byte() % 4 {
        0 => near,
        1 => near.saturating_add(source.below(200)),
        2 => near.saturating_sub(source.below(200)),
        _ => source.below(image.bytes.len()),
    };
    place.min(image.bytes.len())
}

/// A value likely to reveal errors, for a field with the value `old`.
fn a_value(old: u64, length_bytes: u64, source: &mut Source<'_>) -> u64 {
    match source.byte() % 18 {
        0 => 0,
        1 => 1,
        2 => u64::MAX,
        3 => u64::MAX - 1,
        4 => old.wrapping_add(1),
        5 => old.wrapping_sub(1),
        6 => u64::from(u32::MAX),
        7 => u64::from(u32::MAX) - 1,
        8 => old.wrapping_mul(2),
        // Sums that result in 0, in the maximum, or just past a sign change.
        9 => old.wrapping_neg(),
        10 => u64::MAX - old,
        11 => 1 << 63,
        12 => 1 << 31,
        13 => length_bytes,
        14 => old.wrapping_add(4096),
        15 => old.wrapping_sub(4096),
        16 => 1 << (source.byte() % 64),
        _ => source.long(),
    }
}

fn change_field(image: &mut Image, source: &mut Source<'_>) {
    let (at, fields): (usize, &[Field]) = match a_structure(image, source) {
        Structure::Slot(at) => (at, &SLOT_FIELDS),
        Structure::Extent(at) => (at, &EXTENT_FIELDS),
        Structure::Frame(at) => (at, &FRAME_FIELDS),
    };
    let (offset, length) = fields[source.below(fields.len())];
    let old = if length == 8 { image.long(at + offset) } else { image.word(at + offset).into() };
    let value = a_value(old, image.bytes.len() as u64, source);
    image.put(at + offset, &value.to_le_bytes()[..length]);
    if fields.len() == SLOT_FIELDS.len() && source.one_in(2) {
        // In both slots: the newer one is used, and a change of the older one alone would have no effect.
        SLOTS.into_iter().for_each(|slot| image.put(slot + offset, &value.to_le_bytes()[..length]));
    }
}

/// Changes a word of a frame's sections (checksums, ends of keys and payloads, deleted rows) or a byte of a key.
fn change_body(image: &mut Image, source: &mut Source<'_>) {
    let Some(&frame) = image.frames.get(source.below(image.frames.len())) else { return };
    let room = image.frame_length(frame).saturating_sub(HEADER);
    let place = frame + HEADER + source.below(room);
    if source.one_in(4) {
        let value = source.byte();
        image.put(place, &[value]);
        return;
    }
    let place = place / 4 * 4;
    let old = image.word(place).into();
    let value = a_value(old, image.bytes.len() as u64, source);
    let width = if source.one_in(4) { 8 } else { 4 };
    image.put(place, &value.to_le_bytes()[..width]);
}

fn extend(image: &mut Image, source: &mut Source<'_>) {
    let length = source.below(MOST_ADDED);
    let value = if source.one_in(2) { 0 } else { source.byte() };
    image.bytes.resize(image.bytes.len() + length, value);
}

/// Appends a copy of an extent, as if it were the next one.
fn duplicate_extent(image: &mut Image, source: &mut Source<'_>) {
    let Some(&extent) = image.extents.get(source.below(image.extents.len())) else { return };
    let end = extent.saturating_add(image.extent_length(extent)).min(image.bytes.len());
    let copy = image.bytes.get(extent..end).unwrap_or_default().to_vec();
    if copy.len() < HEADER || copy.len() > MOST_ADDED {
        return;
    }
    let at = image.bytes.len();
    image.bytes.extend_from_slice(&copy);
    if !source.one_in(4) {
        let ordinal = u32::try_from(image.extents.len()).unwrap();
        image.set_ordinal(at, ordinal);
    }
    image.extents.push(at);
}

/// Writes an extent over another one.
fn move_extent(image: &mut Image, source: &mut Source<'_>) {
    let Some(&from) = image.extents.get(source.below(image.extents.len())) else { return };
    let Some(&to) = image.extents.get(source.below(image.extents.len())) else { return };
    let end = from.saturating_add(image.extent_length(from)).min(image.bytes.len());
    let copy = image.bytes.get(from..end).unwrap_or_default().to_vec();
    image.put(to, &copy);
}

fn swap_slots(image: &mut Image) {
    let [first, second] = SLOTS.map(|slot| image.bytes.get(slot..slot + SLOT).map(<[u8]>::to_vec));
    if let (Some(first), Some(second)) = (first, second) {
        image.put(SLOTS[0], &second);
        image.put(SLOTS[1], &first);
    }
}

/// Replaces a structure by one of another store.
fn cross(image: &mut Image, other: &Image, source: &mut Source<'_>) {
    let start = |structure| match structure {
        Structure::Slot(at) | Structure::Extent(at) | Structure::Frame(at) => at,
    };
    let from = a_structure(other, source);
    let length = match from {
        Structure::Slot(_) => SLOT,
        Structure::Extent(at) => other.extent_length(at),
        Structure::Frame(at) => other.frame_length(at),
    };
    let to = start(a_structure(image, source));
    let from = start(from);
    let end = (from + length).min(other.bytes.len());
    image.put(to, &other.bytes[from..end]);
}

/// Puts a copy of a frame after the last one.
fn duplicate_frame(image: &mut Image, source: &mut Source<'_>) {
    let Some(&frame) = image.frames.get(source.below(image.frames.len())) else { return };
    let Some(&last) = image.frames.last() else { return };
    let copy = image.bytes.get(frame..frame + image.frame_length(frame)).unwrap_or_default().to_vec();
    let at = last + image.frame_length(last);
    image.put(at, &copy);
    if !source.one_in(4) {
        // As the next frame, followed by its rows; its checksums are corrected accordingly.
        let sequence = image.long(last + 16).wrapping_add(1);
        let first_row = image.word(last + 32).wrapping_add(image.word(last + 36));
        image.put(at + 16, &sequence.to_le_bytes());
        image.put(at + 32, &first_row.to_le_bytes());
    }
    image.frames.push(at);
}

fn swap_frames(image: &mut Image, source: &mut Source<'_>) {
    let count = image.frames.len();
    let (first, second) = (source.below(count), source.below(count));
    if count > 0 {
        let (from, to) = (image.frames[first], image.frames[second]);
        let header = image.bytes.get(from..from + HEADER).unwrap_or_default().to_vec();
        image.put(to, &header);
    }
}

/// Sets components of a stored vector to values that no writer stores, or to very large or small ones.
fn change_vector(image: &mut Image, source: &mut Source<'_>) {
    let vectors: Vec<usize> = image.extents.iter().copied().filter(|&extent| !image.is_log(extent)).collect();
    let Some(&extent) = vectors.get(source.below(vectors.len())) else { return };
    let offset = 4 * source.below(1 << 14);
    let values = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN_POSITIVE / 2.0, -0.0];
    let which = source.below(values.len());
    let value = match image.element {
        ElementType::F32 => values[which].to_bits(),
        // NaN, infinite, infinite, the largest, the smallest, zeros of both signs.
        ElementType::F16 => [0x7C01_3C00, 0x3C00_7C00, 0xFC00, 0x7BFF_FBFF, 1, 0x8000_0000][which],
        ElementType::I8 => [0x8000, 0x0180_017F, 0x7F7F_7F7F, 0x8181_8181, 0, 0x0100_0000][which],
    };
    image.put(extent + 4096 + offset, &value.to_le_bytes());
    if image.element == ElementType::I8 && source.one_in(2) {
        // The scale of the row.
        let row = offset / image.stride.max(1) * image.stride;
        let value = [values[which], -1.0][usize::from(source.one_in(4))];
        image.put(extent + 4096 + row + image.vector_bytes - 4, &value.to_le_bytes());
    }
}
