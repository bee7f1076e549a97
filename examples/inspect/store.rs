//! A whole data file.

use super::Arguments;
use super::extents::{self, Extent};
use super::fields::{Identity, array};
use super::frames::{self, Totals};
use super::report::Report;
use super::source::Source;
use super::superblock::{self, MAGIC, SLOTS_AT, UNFINISHED};
use std::io;

/// The magic of the previous format.
const MVEC_MAGIC: [u8; 4] = [0x43, 0x45, 0x56, 0x4d];
/// The offset of the source store's id in an unfinished copy.
const ORIGIN_AT: u64 = 4096;
const ORIGIN_MAGIC: [u8; 8] = *b"\x89SYNCOPY";

/// The data that an index is compared with.
pub struct Store {
    pub identity: Identity,
    pub rows: u64,
    /// The frames that the index slots refer to: sequence and checksum.
    pub frames: Vec<(u64, u32)>,
    /// Whether frames are lost.
    pub has_gaps: bool,
}

/// Prints a data file. `None` if it is not one, or cannot be interpreted.
pub fn inspect(
    source: &Source,
    arguments: &Arguments,
    wanted: [Option<u64>; 2],
    report: &mut Report<'_>,
) -> Option<Store> {
    report.line(format_args!("{}: {} bytes", arguments.file.display(), source.length()));
    match foreign(source) {
        Ok(None) => {}
        Ok(Some(what)) => {
            report.unread(&what);
            return None;
        }
        Err(error) => {
            report.unread(&error);
            return None;
        }
    }
    inspect_parts(source, arguments, wanted, report).unwrap_or_else(|error| {
        report.unread(&error);
        None
    })
}

/// What kind of file it is, if it is not a store.
fn foreign(source: &Source) -> io::Result<Option<&'static str>> {
    let begins = source.array::<8>(0)?.unwrap_or_default();
    if begins == UNFINISHED {
        return Ok(Some("an unfinished file of a compaction, a snapshot or an index"));
    }
    if begins.starts_with(&MVEC_MAGIC) {
        return Ok(Some("a file of the older format MVEC"));
    }
    for at in SLOTS_AT {
        if source.array(at)? == Some(MAGIC) {
            return Ok(None);
        }
    }
    let is_store = extents::identity_of_first(source)?.is_some();
    Ok((!is_store).then_some("not a store: no superblock and no extent at the expected offsets"))
}

fn inspect_parts(
    source: &Source,
    arguments: &Arguments,
    wanted: [Option<u64>; 2],
    report: &mut Report<'_>,
) -> io::Result<Option<Store>> {
    let slots = superblock::inspect(source, report)?;
    if slots.newest.is_none() && slots.is_unknown {
        report.unread(&"an unknown format version, or unknown features");
        return Ok(None);
    }
    let identity = match slots.newest {
        Some(superblock) => Some(superblock.identity),
        None => extents::identity_of_first(source)?,
    };
    let Some(identity) = identity else {
        report.unread(&"neither a superblock nor the first extent is valid");
        return Ok(None);
    };
    if slots.newest.is_none() {
        report.note("identity from the first extent:");
        superblock::print_identity(&identity, report);
    }
    if let Some(origin) = source.array::<24>(ORIGIN_AT)?
        && origin.starts_with(&ORIGIN_MAGIC)
    {
        let store_id = super::fields::StoreId(array(&origin, 8));
        report.line(format_args!("a compaction or a snapshot of the store {store_id}"));
    }
    let extents = extents::Walk::new(source, identity, slots.newest.as_ref()).run(report)?;
    let walk = frames::Walk::new(source, (identity, slots.newest), &extents, arguments, wanted);
    let totals = walk.run(report)?;
    summarize(source, &identity, &extents, &totals, report);
    let chains = wanted.into_iter().zip(totals.chains);
    let frames = chains.filter_map(|(sequence, chain)| sequence.zip(chain)).collect();
    Ok(Some(Store { identity, rows: totals.rows, frames, has_gaps: totals.has_gaps }))
}

fn summarize(
    source: &Source,
    identity: &Identity,
    extents: &[Extent],
    totals: &Totals,
    report: &mut Report<'_>,
) {
    let vector_bytes = totals.rows.saturating_mul(identity.stride_bytes().into());
    let value_bytes = totals.rows.saturating_mul(8).saturating_mul(identity.columns.into());
    let others = [totals.key_bytes, totals.tag_bytes, totals.payload_bytes];
    let other_bytes = others.iter().fold(totals.frame_bytes, |left, bytes| left.saturating_sub(*bytes));
    let slack = source.length().saturating_sub(vector_bytes).saturating_sub(value_bytes);
    let slack = slack.saturating_sub(totals.frame_bytes);
    report.heading("summary");
    if totals.has_gaps {
        report.note("frames are lost: deletions, live rows and bytes do not include them");
    }
    let lines = [
        ("frames", totals.frames),
        ("last sequence", totals.sequence),
        ("rows", totals.rows),
        ("deleted rows", totals.deletions),
        ("live rows", totals.rows.saturating_sub(totals.deletions)),
        ("extents", extents.len() as u64),
        ("file bytes", source.length()),
        ("vector bytes", vector_bytes),
        ("value bytes", value_bytes),
        ("log bytes", totals.frame_bytes),
        ("  keys", totals.key_bytes),
        ("  tags", totals.tag_bytes),
        ("  payloads", totals.payload_bytes),
        ("  other", other_bytes),
        ("slack bytes", slack),
    ];
    for (name, number) in lines {
        report.line(format_args!("{name:<16} {number:>16}"));
    }
}
