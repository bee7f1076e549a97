//! The slots of an index, and which of them is used.

use super::fields::{Identity, StoreId, array, long, metric_name, word};
use super::records;
use super::report::{Offset, Report};
use super::source::Source;
use super::store::Store;
use super::table::{self, Table};
use crc32c::crc32c;
use std::io;

const MAGIC: [u8; 8] = *b"\x89SYNHNSW";
const SLOTS_AT: [u64; 2] = [0, 4096];
const SLOT_BYTES: usize = 108;
const VERSION: u32 = 2;
/// The offset of the first cell.
pub const CELLS_AT: u64 = 8192;

/// A valid slot.
#[derive(Debug, Clone, Copy)]
pub struct Slot {
    pub at: u64,
    pub identity: Identity,
    pub generation: u64,
    pub sequence: u64,
    pub chain: u32,
    pub covered_rows: u32,
    pub m: u32,
    pub max_links: u32,
    pub ef_construction: u32,
    pub seed: u64,
    pub cells: u32,
    pub table_cell: u32,
    pub table_bytes: u64,
    pub table_checksum: u32,
    /// 0 fast, 1 compact.
    pub profile: u32,
}

impl Slot {
    fn decode(bytes: &[u8; SLOT_BYTES], at: u64) -> Result<Self, String> {
        if !bytes.starts_with(&MAGIC) {
            return Err("the magic is wrong".to_owned());
        }
        let version = word(bytes, 8);
        let (stored, computed) = (word(bytes, 104), crc32c(bytes.get(..104).unwrap_or_default()));
        if stored != computed {
            return Err(format!("the checksum is {stored:08x}, of the bytes {computed:08x}"));
        }
        if version != VERSION {
            return Err(format!("the version is {version}, known is {VERSION}"));
        }
        let identity = Identity {
            store_id: StoreId(array(bytes, 16)),
            dimensions: word(bytes, 52),
            metric: word(bytes, 12),
            // An index has no keys and no vectors.
            element: 0,
            key_kind: 0,
            columns: 0,
        };
        let slot = Self {
            at,
            identity,
            generation: long(bytes, 32),
            sequence: long(bytes, 40),
            chain: word(bytes, 48),
            covered_rows: word(bytes, 56),
            m: word(bytes, 60),
            max_links: word(bytes, 64),
            ef_construction: word(bytes, 68),
            seed: long(bytes, 72),
            cells: word(bytes, 80),
            table_cell: word(bytes, 84),
            table_bytes: long(bytes, 88),
            table_checksum: word(bytes, 96),
            profile: word(bytes, 100),
        };
        if !identity.is_possible() || slot.profile > 1 {
            let Identity { dimensions, metric, .. } = identity;
            return Err(format!("{dimensions} dimensions, metric {metric}, profile {}", slot.profile));
        }
        if SLOTS_AT.get(usize::from(!slot.generation.is_multiple_of(2))) != Some(&at) {
            return Err(format!("generation {} belongs in the other slot", slot.generation));
        }
        Ok(slot)
    }

    /// Bytes of a cell and of a record: at most 1.1 MB.
    pub fn cell_bytes(&self) -> u64 {
        let dimensions = u64::from(self.identity.dimensions.clamp(1, 8192));
        let (code, bits) = if dimensions <= 128 {
            let plane = dimensions.next_multiple_of(8);
            (dimensions, (256 / plane).min(6) * plane)
        } else {
            (dimensions.max(256), dimensions.max(256))
        };
        let code = code.next_multiple_of(64);
        let (slots, bits) = (self.slot_count(), bits.next_multiple_of(16));
        match (self.profile, self.identity.metric) {
            (1, _) => 64 + 4 * slots + code,
            (_, 2) => 64 + 12 * slots + code + slots * bits / 8,
            _ => 64 + 8 * slots + code + slots * bits / 8,
        }
    }

    /// The number of link slots of a record.
    pub fn slot_count(&self) -> u64 {
        u64::from(self.max_links.clamp(4, 1024)).next_multiple_of(32)
    }

    /// The offset of a cell.
    pub fn cell_at(&self, cell: u32) -> u64 {
        CELLS_AT.saturating_add(self.cell_bytes().saturating_mul(cell.into()))
    }
}

/// Whether a file is an index.
pub fn is_index(source: &Source) -> io::Result<bool> {
    for at in SLOTS_AT {
        if source.array(at)? == Some(MAGIC) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The log sequences in the slots.
pub fn log_positions(source: &Source) -> [Option<u64>; 2] {
    SLOTS_AT.map(|at| slot(source, at).ok().and_then(Result::ok).map(|slot| slot.sequence))
}

fn slot(source: &Source, at: u64) -> io::Result<Result<Slot, String>> {
    let bytes = source.array::<SLOT_BYTES>(at)?;
    Ok(bytes.map_or_else(|| Err("the file ends before".to_owned()), |bytes| Slot::decode(&bytes, at)))
}

/// Prints an index; `store` is the data file beside it.
pub fn inspect(source: &Source, store: Option<&Store>, report: &mut Report<'_>) {
    report.line(format_args!("index: {} bytes", source.length()));
    if let Err(error) = inspect_parts(source, store, report) {
        report.unread(&error);
    }
}

fn inspect_parts(source: &Source, store: Option<&Store>, report: &mut Report<'_>) -> io::Result<()> {
    if !is_index(source)? {
        report.unread(&"no index: neither slot begins with the magic");
        return Ok(());
    }
    let mut slots = Vec::new();
    print_heading(report);
    for at in SLOTS_AT {
        match slot(source, at)? {
            Ok(slot) => {
                print(&slot, report);
                slots.push(slot);
            }
            Err(fault) => {
                report.line(format_args!("{:<14} {:<9} {fault}", Offset(at), "NOT VALID"));
                report.damage(at, format_args!("index slot: {fault}"));
            }
        }
    }
    slots.sort_by_key(|slot| std::cmp::Reverse(slot.generation));
    if let Some(store) = store {
        slots.iter().for_each(|slot| compare(slot, store, report));
    }
    for slot in slots {
        let fault = match table::find(source, &slot)? {
            Ok(table) => return inspect_table(source, &slot, &table, report),
            Err(fault) => fault,
        };
        let what = format!("table of generation {}: {}", slot.generation, fault.what);
        if fault.is_other_version {
            report.unread(&what);
        } else {
            report.damage(fault.at, what);
        }
    }
    report.note("no table is valid: the index will be rebuilt");
    Ok(())
}

fn inspect_table(source: &Source, slot: &Slot, table: &Table, report: &mut Report<'_>) -> io::Result<()> {
    table.print(report)?;
    let counts = table.check(source, slot, report)?;
    records::inspect(source, slot, table, &counts, report)
}

/// Reports whether a slot matches the data file.
fn compare(slot: &Slot, store: &Store, report: &mut Report<'_>) {
    let generation = slot.generation;
    let frame = store.frames.iter().find(|(sequence, _)| *sequence == slot.sequence);
    let why = match frame {
        _ if slot.identity != (Identity { element: 0, key_kind: 0, columns: 0, ..store.identity }) => {
            "it belongs to another store".to_owned()
        }
        None if store.has_gaps => format!("frame {} of the log is lost", slot.sequence),
        None => format!("the log has no frame {}", slot.sequence),
        Some((_, chain)) if *chain != slot.chain => {
            format!("frame {} has the checksum {chain:08x}, not {:08x}", slot.sequence, slot.chain)
        }
        Some(_) if u64::from(slot.covered_rows) > store.rows => {
            format!("it covers {} rows of {}", slot.covered_rows, store.rows)
        }
        Some(_) => {
            report.line(format_args!("generation {generation} matches the log at frame {}", slot.sequence));
            return;
        }
    };
    report.note(format_args!("generation {generation} does not match the store and will be rebuilt: {why}"));
}

fn print_heading(report: &mut Report<'_>) {
    report.heading("index slots");
    report.line(format_args!(
        "{:<14} {:<9} {:>10} {:>10} {:<8} {:>12} {:>5} {:>6} {:>15} {:<8} {:>10} {:>10} {:>12} table checksum",
        "offset",
        "state",
        "generation",
        "sequence",
        "chain",
        "rows covered",
        "M",
        "links",
        "ef_construction",
        "profile",
        "cells",
        "table cell",
        "table bytes",
    ));
}

fn print(slot: &Slot, report: &mut Report<'_>) {
    report.line(format_args!(
        "{:<14} {:<9} {:>10} {:>10} {:08x} {:>12} {:>5} {:>6} {:>15} {:<8} {:>10} {:>10} {:>12} {:08x}",
        Offset(slot.at),
        "valid",
        slot.generation,
        slot.sequence,
        slot.chain,
        slot.covered_rows,
        slot.m,
        slot.max_links,
        slot.ef_construction,
        if slot.profile == 0 { "fast" } else { "compact" },
        slot.cells,
        slot.table_cell,
        slot.table_bytes,
        slot.table_checksum,
    ));
    let Identity { store_id, dimensions, metric, .. } = slot.identity;
    let (metric, cell, seed) = (metric_name(metric), slot.cell_bytes(), slot.seed);
    report.line(format_args!(
        "  store id {store_id}, {dimensions} dimensions, {metric}, cells of {cell} bytes, seed {seed:#x}"
    ));
}
