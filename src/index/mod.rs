//! STANDIN index: no graph, an exact scan.
use crate::distance::PreparedQuery;
use crate::kernel::Kernels;
use crate::{DistanceMetric, Result};
use std::ops::{ControlFlow, Range};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;
pub(crate) trait Rows: Sync {
    fn row(&self, row: u32) -> &[f32];
}
#[derive(Debug, Clone, Copy)]
pub(crate) struct GraphParams {
    pub metric: DistanceMetric,
    pub m: u32,
    pub m_max: u32,
    pub ef_construction: u32,
    pub seed: u64,
}
#[derive(Debug, Clone, Copy)]
pub(crate) struct Neighbour {
    pub distance: f32,
    pub row: u32,
}
#[derive(Debug)]
pub(crate) struct Graph {
    params: GraphParams,
    covered: AtomicU32,
}
pub(crate) struct GraphSearch<'a> {
    pub k: usize,
    pub ef: usize,
    pub limit: u32,
    pub visible: &'a dyn Fn(u32) -> bool,
    pub deadline: Option<Instant>,
}
pub(crate) struct ScanRequest<'a> {
    pub visible: &'a dyn Fn(u32) -> bool,
    pub deadline: Option<Instant>,
}
pub(crate) struct SearchEnd {
    pub is_partial: bool,
}
#[derive(Debug, Default)]
pub(crate) struct Scratch;
#[derive(Debug, Default)]
pub(crate) struct BestK {
    k: usize,
    all: Vec<Neighbour>,
}
impl BestK {
    pub fn reset(&mut self, k: usize) {
        self.k = k;
        self.all.clear();
    }
    pub fn push(&mut self, n: Neighbour) {
        self.all.push(n);
    }
    pub fn sorted(&mut self) -> &[Neighbour] {
        self.all.sort_by(|a, b| a.distance.total_cmp(&b.distance).then(a.row.cmp(&b.row)));
        self.all.truncate(self.k);
        &self.all
    }
}
impl Graph {
    pub fn new(params: GraphParams, _: Kernels) -> Self {
        Self { params, covered: AtomicU32::new(0) }
    }
    pub fn params(&self) -> GraphParams {
        self.params
    }
    pub fn covered_rows(&self) -> u32 {
        self.covered.load(Ordering::Acquire)
    }
    pub fn extend(
        &self,
        _: &impl Rows,
        end: u32,
        _: usize,
        _: &mut dyn FnMut(u32, u32) -> ControlFlow<()>,
    ) -> Result<()> {
        self.covered.store(end, Ordering::Release);
        Ok(())
    }
    pub fn search(
        &self,
        q: &PreparedQuery<'_>,
        rows: &impl Rows,
        r: &GraphSearch<'_>,
        _: &mut Scratch,
        out: &mut Vec<Neighbour>,
    ) -> SearchEnd {
        out.clear();
        for row in 0..r.limit {
            if (r.visible)(row) {
                out.push(Neighbour { distance: q.distance(rows.row(row)), row });
            }
        }
        SearchEnd { is_partial: false }
    }
    pub fn encode(&self) -> Vec<u8> {
        self.covered_rows().to_le_bytes().to_vec()
    }
    pub fn decode(b: &[u8], params: GraphParams, _: Kernels) -> std::result::Result<Self, ()> {
        Ok(Self { params, covered: AtomicU32::new(u32::from_le_bytes(b.try_into().map_err(|_| ())?)) })
    }
}
pub(crate) fn scan(
    q: &PreparedQuery<'_>,
    rows: &impl Rows,
    range: Range<u32>,
    r: &ScanRequest<'_>,
    best: &mut BestK,
) -> SearchEnd {
    for row in range {
        if (r.visible)(row) {
            best.push(Neighbour { distance: q.distance(rows.row(row)), row });
        }
    }
    SearchEnd { is_partial: false }
}
