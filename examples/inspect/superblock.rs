//! The two superblock slots.

use super::columns::{self, Columns};
use super::fields::{Identity, StoreId, array, long, metric_name, word};
use super::report::{Offset, Report};
use super::source::Source;
use crc32c::crc32c;
use std::io;

/// The offsets of the slots.
pub const SLOTS_AT: [u64; 2] = [0, 16_384];
pub const MAGIC: [u8; 8] = [0x89, b'S', b'Y', b'N', 0x0d, 0x0a, 0x1a, 0];
/// The magic of an unfinished file.
pub const UNFINISHED: [u8; 8] = *b"\x89SYNTEMP";
const SLOT_BYTES: usize = 256;
/// A slot, and the list of columns after it.
const WHOLE_BYTES: usize = columns::LIST_AT + columns::LIST_BYTES;
/// Versions 1 to 3 had slots of this length, with the checksum at their end.
const OLD_SLOT_BYTES: usize = 128;
/// The offset of the first extent.
pub const EXTENTS_AT: u64 = 32_768;
const VERSION: u32 = 4;
/// The highest number of rows in a file.
pub const MAX_ROWS: u64 = (1 << 32) - 2;

/// A valid slot.
#[derive(Debug, Clone, Copy)]
pub struct Superblock {
    /// Its offset.
    pub at: u64,
    pub identity: Identity,
    pub generation: u64,
    pub sequence: u64,
    pub rows: u64,
    pub deletions: u64,
    pub log_head: u64,
    pub log_extent: u32,
    pub chain: u32,
    pub extent_count: u32,
    pub extents_end: u64,
    /// The base of the write count.
    pub base: u64,
    pub application_id: u32,
    pub user_version: u32,
    /// UTF-8, then zeros.
    pub label: [u8; 64],
    pub columns: Columns,
}

impl Superblock {
    /// Checks a slot. `Err` says why it is not used.
    fn decode(bytes: &[u8; WHOLE_BYTES], at: u64) -> Result<Self, Fault> {
        if bytes.iter().take(SLOT_BYTES).all(|&byte| byte == 0) {
            return Err("it is all zeros".to_owned().into());
        }
        if array::<8>(bytes, 0) != MAGIC {
            return Err("the magic is wrong".to_owned().into());
        }
        let checksum_of = |length: usize| crc32c(bytes.get(..length - 4).unwrap_or_default());
        let (stored, computed) = (word(bytes, SLOT_BYTES - 4), checksum_of(SLOT_BYTES));
        let is_old = word(bytes, OLD_SLOT_BYTES - 4) == checksum_of(OLD_SLOT_BYTES);
        if stored != computed && !is_old {
            return Err(format!("the checksum is {stored:08x}, of the bytes {computed:08x}").into());
        }
        if word(bytes, 8) != VERSION {
            return Err(Fault::Unknown(format!("the version is {}, known is {VERSION}", word(bytes, 8))));
        }
        if (word(bytes, 12), word(bytes, 16)) != (0, 0) {
            return Err(Fault::Unknown(format!("features {:#x}, {:#x}", word(bytes, 12), word(bytes, 16))));
        }
        let identity = Identity {
            store_id: StoreId(array(bytes, 24)),
            dimensions: word(bytes, 40),
            metric: word(bytes, 44),
            element: word(bytes, 48),
            key_kind: word(bytes, 52),
            columns: word(bytes, 204),
        };
        if !identity.is_possible() {
            let Identity { dimensions, metric, element, key_kind, columns, .. } = identity;
            return Err(format!(
                "{dimensions} dimensions, metric {metric}, element type {element}, kind of keys {key_kind}, \
                 {columns} columns"
            )
            .into());
        }
        if (word(bytes, 56), word(bytes, 60)) != (identity.stride_bytes(), identity.block_rows()) {
            return Err("the stride or the block does not match the dimensions".to_owned().into());
        }
        let columns = Columns::decode(bytes, identity.columns, word(bytes, 208))?;
        let label = array(bytes, 140);
        if label_text(&label).is_none() {
            return Err("the label is not UTF-8 followed by zeros".to_owned().into());
        }
        let found = Self {
            at,
            identity,
            generation: long(bytes, 64),
            sequence: long(bytes, 72),
            rows: long(bytes, 80),
            deletions: long(bytes, 88),
            log_head: long(bytes, 96),
            log_extent: word(bytes, 104),
            chain: word(bytes, 108),
            extents_end: long(bytes, 112),
            base: long(bytes, 120),
            extent_count: word(bytes, 128),
            application_id: word(bytes, 132),
            user_version: word(bytes, 136),
            label,
            columns,
        };
        found.check()?;
        Ok(found)
    }

    fn check(&self) -> Result<(), String> {
        let is_of_slot = SLOTS_AT.get(usize::from(!self.generation.is_multiple_of(2))) == Some(&self.at);
        match () {
            () if self.generation > u64::MAX / 2 => Err(format!("generation {}", self.generation)),
            () if !is_of_slot => Err(format!("generation {} belongs in the other slot", self.generation)),
            () if self.rows > MAX_ROWS => Err(format!("{} rows", self.rows)),
            () if self.deletions > self.rows => {
                Err(format!("{} of {} rows deleted", self.deletions, self.rows))
            }
            () if self.extents_end < EXTENTS_AT => Err(format!("extents end at {}", self.extents_end)),
            () => Ok(()),
        }
    }
}

/// The text of a label; `None` if it is not UTF-8 followed by zeros.
fn label_text(label: &[u8; 64]) -> Option<&str> {
    let length = label.iter().position(|&byte| byte == 0).unwrap_or(label.len());
    let (text, zeros) = label.split_at(length);
    std::str::from_utf8(text).ok().filter(|_| zeros.iter().all(|&byte| byte == 0))
}

/// Why a slot is not used.
enum Fault {
    Damaged(String),
    /// It is intact, but has an unknown version or unknown features.
    Unknown(String),
}

impl From<String> for Fault {
    fn from(what: String) -> Self {
        Self::Damaged(what)
    }
}

/// The two slots.
#[derive(Debug, Clone, Copy)]
pub struct Superblocks {
    /// Whether one of them has an unknown version or unknown features.
    pub is_unknown: bool,
    /// The valid slot with the greater generation.
    pub newest: Option<Superblock>,
    /// The other slot, if it is valid too.
    pub older: Option<Superblock>,
}

/// Prints the slots. Their faults count as damage only in a store.
pub fn inspect(source: &Source, report: &mut Report<'_>) -> io::Result<Superblocks> {
    let mut found = Superblocks { is_unknown: false, newest: None, older: None };
    let mut valid = Vec::new();
    let mut faults = Vec::new();
    for at in SLOTS_AT {
        let bytes = source.array::<WHOLE_BYTES>(at)?;
        let cut_off = || Err(Fault::Damaged("the file ends before".to_owned()));
        match bytes.map_or_else(cut_off, |bytes| Superblock::decode(&bytes, at)) {
            Ok(superblock) => valid.push(superblock),
            Err(Fault::Damaged(what)) => faults.push((at, what)),
            Err(Fault::Unknown(what)) => {
                found.is_unknown = true;
                faults.push((at, what));
            }
        }
    }
    print(&valid, &faults, report);
    for (at, fault) in faults.into_iter().filter(|_| !found.is_unknown) {
        report.damage(at, format_args!("superblock slot: {fault}"));
    }
    valid.sort_by_key(|superblock| std::cmp::Reverse(superblock.generation));
    let mut valid = valid.into_iter();
    (found.newest, found.older) = (valid.next(), valid.next());
    if let (Some(newest), Some(older)) = (&found.newest, &found.older)
        && (newest.identity, newest.columns) != (older.identity, older.columns)
    {
        let what = "superblock slot: the store id, dimensions, metric or columns differ from the newest's";
        report.damage(older.at, what);
        found.older = None;
    }
    if let Some(newest) = &found.newest {
        print_details(newest, report);
        if newest.extents_end > source.length() {
            let what = format_args!(
                "the superblock's extents end at {}, the file ends here",
                Offset(newest.extents_end)
            );
            report.damage(source.length(), what);
        }
    }
    Ok(found)
}

fn print(valid: &[Superblock], faults: &[(u64, String)], report: &mut Report<'_>) {
    report.heading("superblocks");
    report.line(format_args!(
        "{:<18} {:<10} {:>10} {:>10} {:>10} {:>9} {:<24} {:>6} {:<8} {:>7} end of extents",
        "offset",
        "state",
        "generation",
        "sequence",
        "rows",
        "deletions",
        "log head",
        "extent",
        "chain",
        "extents",
    ));
    for at in SLOTS_AT {
        match valid.iter().find(|superblock| superblock.at == at) {
            Some(s) => report.line(format_args!(
                "{:<18} {:<10} {:>10} {:>10} {:>10} {:>9} {:<24} {:>6} {:08x} {:>7} {}",
                Offset(at),
                "valid",
                s.generation,
                s.sequence,
                s.rows,
                s.deletions,
                Offset(s.log_head),
                s.log_extent,
                s.chain,
                s.extent_count,
                Offset(s.extents_end),
            )),
            None => {
                let fault = faults.iter().find(|(of, _)| *of == at).map_or("", |(_, fault)| fault);
                report.line(format_args!("{:<18} {:<10} {fault}", Offset(at), "NOT VALID"));
            }
        }
    }
}

fn print_details(newest: &Superblock, report: &mut Report<'_>) {
    let identity = &newest.identity;
    report.line(format_args!("newest: generation {}, format version {VERSION}", newest.generation));
    print_identity(identity, report);
    report.line(format_args!("writes before this log: {}", newest.base));
    report.line(format_args!(
        "{} vectors of {} bytes, {} keys, application id {}, user version {}, label {:?}",
        identity.element_name(),
        identity.vector_bytes(),
        if identity.key_kind == 0 { "text" } else { "byte" },
        newest.application_id,
        newest.user_version,
        label_text(&newest.label).unwrap_or_default(),
    ));
    if identity.columns > 0 {
        report.line(format_args!("columns: {}", newest.columns));
    }
}

/// Prints what all parts of a store have in common.
pub fn print_identity(identity: &Identity, report: &mut Report<'_>) {
    report.line(format_args!(
        "store id {}, {} dimensions, {}, stride {} bytes, {} rows a block",
        identity.store_id,
        identity.dimensions,
        metric_name(identity.metric),
        identity.stride_bytes(),
        identity.block_rows(),
    ));
}
