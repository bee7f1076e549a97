//! `NAME.hnsw`: the graph, bound to the log that it was made from. Derived, so whatever does not fit is ignored and
//! made again; but a file that is no index of ours is nobody's to overwrite.

use crate::checksum::crc32c;
use crate::index::{Graph, GraphParams};
use crate::kernel::Kernels;
use crate::storage::{Access, Identity, LogPosition, PathKind, Storage, read_exact_at, replace_file};
use crate::{DistanceMetric, Result, SynaError};
use std::path::{Path, PathBuf};

const MAGIC: [u8; 8] = *b"\x89SYNHNSW";
const VERSION: u32 = 1;
/// magic 8, version 4, metric 4, store id 16, sequence 8, chain 4, dimensions 4, covered rows 4, m 4, m_max 4,
/// ef_construction 4, seed 8, payload bytes 8, payload checksum 4, header checksum 4.
const HEADER_BYTES: usize = 88;

/// The index's name for a data file's name.
pub(super) fn path_of(data_path: &Path) -> PathBuf {
    let mut name = data_path.as_os_str().to_owned();
    name.push(".hnsw");
    PathBuf::from(name)
}

/// An index that is whole in itself; whether it fits the log is still to be seen.
#[derive(Debug)]
pub(super) struct SavedIndex {
    sequence: u64,
    chain: u32,
    covered_rows: u32,
    params: GraphParams,
    payload: Vec<u8>,
}

impl SavedIndex {
    /// The frame that the log ended with when the index was saved.
    pub(super) fn sequence(&self) -> u64 {
        self.sequence
    }

    /// That frame's checksum.
    pub(super) fn chain(&self) -> u32 {
        self.chain
    }

    /// The graph; `None` where its bytes are no graph, or one over more than `rows` rows.
    pub(super) fn into_graph(self, dimensions: u32, kernels: Kernels, rows: u32) -> Option<Graph> {
        let graph = Graph::decode(&self.payload, self.params, dimensions as usize, kernels, rows).ok()?;
        (graph.covered_rows() == self.covered_rows).then_some(graph)
    }
}

/// Reads fields one after another; past the end they are zeros, which no checksum passes.
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

/// The index beside `data_path`, if there is one that is whole and of this store, which has room for `row_capacity`
/// rows.
///
/// # Errors
/// [`SynaError::Corrupt`] where a file of that name is no index of ours.
pub(super) fn read(
    storage: &dyn Storage,
    data_path: &Path,
    identity: &Identity,
    row_capacity: u64,
) -> Result<Option<SavedIndex>> {
    let path = path_of(data_path);
    let io = |error| SynaError::io(&path, "reading", error);
    match storage.kind(&path).map_err(io)? {
        PathKind::Missing => return Ok(None),
        PathKind::File(_) => {}
        PathKind::Folder | PathKind::Other => return Err(foreign(&path)),
    }
    let file = storage.open(&path, Access::Read).map_err(io)?;
    let length = file.length_bytes().map_err(io)?;
    let mut header = [0; HEADER_BYTES];
    let there = usize::try_from(length).unwrap_or(usize::MAX).min(HEADER_BYTES);
    read_exact_at(&*file, header.get_mut(..there).unwrap_or_default(), 0).map_err(io)?;
    if !header.starts_with(&MAGIC) {
        return Err(foreign(&path));
    }
    let Some((mut saved, payload_bytes, payload_checksum)) = decode_header(&header, identity) else {
        return Ok(None);
    };
    // A longer file is a hole, or somebody's joke.
    let rows = u64::from(saved.covered_rows).min(row_capacity);
    let most_bytes = Graph::most_encoded_bytes(saved.params, identity.dimensions as usize, rows);
    if Some(payload_bytes) != length.checked_sub(HEADER_BYTES as u64) || payload_bytes > most_bytes {
        return Ok(None);
    }
    let count =
        usize::try_from(payload_bytes).map_err(|_| SynaError::NoMemory { needed_bytes: payload_bytes })?;
    saved
        .payload
        .try_reserve_exact(count)
        .map_err(|_| SynaError::NoMemory { needed_bytes: payload_bytes })?;
    saved.payload.resize(count, 0);
    read_exact_at(&*file, &mut saved.payload, HEADER_BYTES as u64).map_err(io)?;
    Ok((crc32c(&saved.payload) == payload_checksum).then_some(saved))
}

fn foreign(path: &Path) -> SynaError {
    SynaError::corrupt(path, 0, "this is no index of syna-mmap, and its name is needed for one; move it away")
}

fn decode_header(header: &[u8; HEADER_BYTES], identity: &Identity) -> Option<(SavedIndex, u64, u32)> {
    let mut fields = Fields(header);
    let _magic: [u8; 8] = fields.take();
    let version = fields.word();
    let metric = DistanceMetric::from_number(fields.word())?;
    let store_id: [u8; 16] = fields.take();
    let (sequence, chain, dimensions, covered_rows) =
        (fields.long(), fields.word(), fields.word(), fields.word());
    let (m, m_max, ef_construction, seed) = (fields.word(), fields.word(), fields.word(), fields.long());
    let (payload_bytes, payload_checksum) = (fields.long(), fields.word());
    let is_whole = fields.word() == crc32c(header.get(..HEADER_BYTES - 4)?);
    let found = Identity { store_id, dimensions, metric };
    if !is_whole || version != VERSION || found != *identity {
        return None;
    }
    let params = GraphParams { metric, m, m_max, ef_construction, seed };
    let saved = SavedIndex { sequence, chain, covered_rows, params, payload: Vec::new() };
    Some((saved, payload_bytes, payload_checksum))
}

/// Puts the graph beside the data file, bound to the log as it ends at `position`; the old one is there until the new
/// one is whole.
pub(super) fn write(
    storage: &dyn Storage,
    data_path: &Path,
    identity: &Identity,
    position: &LogPosition,
    graph: &Graph,
) -> Result<()> {
    let payload = graph.encode();
    let params = graph.params();
    let mut bytes = Vec::with_capacity(HEADER_BYTES + payload.len());
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&identity.metric.number().to_le_bytes());
    bytes.extend_from_slice(&identity.store_id);
    bytes.extend_from_slice(&position.sequence.to_le_bytes());
    for word in [
        position.chain,
        identity.dimensions,
        graph.covered_rows(),
        params.m,
        params.m_max,
        params.ef_construction,
    ] {
        bytes.extend_from_slice(&word.to_le_bytes());
    }
    bytes.extend_from_slice(&params.seed.to_le_bytes());
    bytes.extend_from_slice(&(payload.len() as u64).to_le_bytes());
    bytes.extend_from_slice(&crc32c(&payload).to_le_bytes());
    bytes.extend_from_slice(&crc32c(&bytes).to_le_bytes());
    debug_assert_eq!(bytes.len(), HEADER_BYTES);
    bytes.extend_from_slice(&payload);
    replace_file(storage, &path_of(data_path), &bytes)
}
