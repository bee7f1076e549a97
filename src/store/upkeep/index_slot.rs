//! A slot of an index file: which table is valid, and which store it belongs to.

use crate::DistanceMetric;
use crate::checksum::crc32c;
use crate::index::{GraphParams, Index, IndexProfile};
use crate::storage::Identity;

pub(crate) const MAGIC: [u8; 8] = *b"\x89SYNHNSW";
const VERSION: u32 = 2;
/// magic 8, version 4, metric 4, store id 16, generation 8, log sequence 8, chain 4, dimensions 4, covered rows 4, m 4,
/// m_max 4, ef_construction 4, seed 8, cells 4, table's first cell 4, table bytes 8, table checksum 4, profile 4,
/// slot checksum 4.
pub(crate) const SLOT_BYTES: usize = 108;
/// The magic of a file that is not complete.
const UNFINISHED: [u8; 8] = *b"\x89SYNTEMP";
/// The offset of the records.
pub(crate) const CELLS_AT: u64 = 8192;
/// The first bytes of a slot, up to the store id. They tell for which store a file was begun.
pub(crate) const MARK_BYTES: usize = 32;
const STORE_ID: std::ops::Range<usize> = 16..MARK_BYTES;
/// The offset of the generation in a slot.
pub(crate) const GENERATION_AT: u64 = 32;

/// The beginning of a new file until its slots are written.
pub(crate) fn unfinished_mark(identity: &Identity) -> [u8; MARK_BYTES] {
    let mut mark = [0; MARK_BYTES];
    mark[..UNFINISHED.len()].copy_from_slice(&UNFINISHED);
    mark[STORE_ID].copy_from_slice(&identity.store_id);
    mark
}

/// The id of the store of an index that begins with `mark`; `None` if it is not an index.
pub(crate) fn index_of(mark: &[u8; MARK_BYTES]) -> Option<[u8; 16]> {
    if mark.starts_with(&MAGIC) { mark[STORE_ID].try_into().ok() } else { None }
}

/// Whether a file under a temporary name that begins with `mark` was begun for a store. After a power failure the
/// beginning may be zeros.
pub(crate) fn is_begun_for(mark: &[u8; MARK_BYTES], identity: &Identity) -> bool {
    let is_index = mark.starts_with(&UNFINISHED) || mark.starts_with(&MAGIC);
    *mark == [0; MARK_BYTES] || (is_index && mark[STORE_ID] == identity.store_id)
}

/// The content of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) generation: u64,
    /// The last frame of the log when the index was saved, and its checksum.
    pub(crate) sequence: u64,
    pub(crate) chain: u32,
    pub(crate) covered_rows: u32,
    pub(crate) params: GraphParams,
    /// Cells in use, including those of the table.
    pub(crate) cells: u32,
    pub(crate) table_cell: u32,
    pub(crate) table_bytes: u64,
    pub(crate) table_checksum: u32,
}

/// Reads fields in order. After the end it returns zeros, for which no checksum is valid.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let mut out = [0; N];
        if let Some((head, rest)) = self.0.split_at_checked(N) {
            out.copy_from_slice(head);
            self.0 = rest;
        }
        out
    }

    fn word(&mut self) -> u32 {
        u32::from_le_bytes(self.take())
    }

    fn long(&mut self) -> u64 {
        u64::from_le_bytes(self.take())
    }
}

impl Slot {
    pub(crate) fn encode(&self, identity: &Identity) -> Vec<u8> {
        let GraphParams { metric, m, m_max, ef_construction, seed, profile } = self.params;
        let mut bytes = MAGIC.to_vec();
        let word = |bytes: &mut Vec<u8>, word: u32| bytes.extend_from_slice(&word.to_le_bytes());
        let long = |bytes: &mut Vec<u8>, long: u64| bytes.extend_from_slice(&long.to_le_bytes());
        word(&mut bytes, VERSION);
        word(&mut bytes, metric.number());
        bytes.extend_from_slice(&identity.store_id);
        long(&mut bytes, self.generation);
        long(&mut bytes, self.sequence);
        for number in [self.chain, identity.dimensions, self.covered_rows, m, m_max, ef_construction] {
            word(&mut bytes, number);
        }
        long(&mut bytes, seed);
        word(&mut bytes, self.cells);
        word(&mut bytes, self.table_cell);
        long(&mut bytes, self.table_bytes);
        word(&mut bytes, self.table_checksum);
        word(&mut bytes, profile.number());
        let checksum = crc32c(&bytes);
        word(&mut bytes, checksum);
        debug_assert_eq!(bytes.len(), SLOT_BYTES);
        bytes
    }

    /// `None` if the bytes are not a slot of this store's index.
    pub(crate) fn decode(bytes: &[u8; SLOT_BYTES], identity: &Identity) -> Option<Self> {
        let mut fields = Fields(bytes);
        let (magic, version) = (fields.take::<8>(), fields.word());
        let metric = DistanceMetric::from_number(fields.word())?;
        let store_id: [u8; 16] = fields.take();
        let (generation, sequence, chain, dimensions) =
            (fields.long(), fields.long(), fields.word(), fields.word());
        let covered_rows = fields.word();
        let (m, m_max, ef_construction, seed) = (fields.word(), fields.word(), fields.word(), fields.long());
        let (cells, table_cell, table_bytes, table_checksum) =
            (fields.word(), fields.word(), fields.long(), fields.word());
        let profile = IndexProfile::from_number(fields.word())?;
        let is_whole = fields.word() == crc32c(bytes.get(..SLOT_BYTES - 4)?);
        let found = Identity { store_id, dimensions, metric, ..*identity };
        if magic != MAGIC || !is_whole || version != VERSION || found != *identity {
            return None;
        }
        let params = GraphParams { metric, m, m_max, ef_construction, seed, profile };
        Some(Self {
            generation,
            sequence,
            chain,
            covered_rows,
            params,
            cells,
            table_cell,
            table_bytes,
            table_checksum,
        })
    }

    /// The offset of the table in the file.
    pub(crate) fn table_at(&self, identity: &Identity) -> u64 {
        CELLS_AT + u64::from(self.table_cell) * self.cell_bytes(identity)
    }

    /// The bytes of a cell: those of a record.
    pub(crate) fn cell_bytes(&self, identity: &Identity) -> u64 {
        Index::record_bytes(self.params, identity.dimensions as usize) as u64
    }
}
