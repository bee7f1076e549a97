//! Saving and opening, and damaged files.

use super::*;
use crate::index::file::open::{GraphDamage, OpenError};
use crate::index::records::mapped_records::{SavedLines, add_checksum};
use crate::kernel::codes::Line;
use std::sync::Arc;

/// A file of records and its newest table.
#[derive(Clone)]
pub(super) struct File {
    pub(super) lines: Vec<Line>,
    pub(super) table: Vec<u8>,
}

impl PartialEq for File {
    fn eq(&self, other: &Self) -> bool {
        (self.bytes(), &self.table) == (other.bytes(), &other.table)
    }
}

struct Mapped(Arc<Vec<Line>>);

impl SavedLines for Mapped {
    fn lines(&self, first: u64, count: usize) -> Option<&[Line]> {
        let first = usize::try_from(first).ok()?;
        self.0.get(first..first.checked_add(count)?)
    }
}

impl File {
    /// A graph saved into a new file.
    pub(super) fn of(graph: &Index) -> Self {
        let rows = 0..graph.covered_rows();
        let cells: Vec<Option<u32>> = rows.clone().map(|row| graph.nodes.cell(row)).collect();
        let mut file = Self { lines: Vec::new(), table: Vec::new() };
        file.save(graph, 0);
        // Restore the cells, as if nothing had been saved.
        for (row, cell) in rows.zip(cells) {
            graph.nodes.forget_cell(row);
            cell.inspect(|&cell| graph.nodes.set_cell(row, cell));
        }
        file
    }

    pub(super) fn bytes(&self) -> &[u8] {
        bytemuck::cast_slice(&self.lines)
    }

    /// Appends records from a cell on, and a table. Returns the cell after the records.
    fn save(&mut self, graph: &Index, first_cell: u32) -> u32 {
        let mut saving = graph.begin_saving(first_cell).unwrap();
        let write = &mut |piece: &[Line]| {
            self.lines.extend_from_slice(piece);
            Ok(())
        };
        graph.save_all_records(&mut saving, write).unwrap();
        self.table = graph.table().unwrap();
        saving.next_cell()
    }

    /// Appends what has changed since. Returns the number of records.
    pub(super) fn add(&mut self, graph: &Index) -> u32 {
        let (_, changed) = graph.saved_records();
        let first = u32::try_from(self.lines.len() / width(graph)).unwrap();
        assert_eq!(self.save(graph, first), first + changed);
        changed
    }

    pub(super) fn open(&self, params: GraphParams, most_rows: u32) -> Result<Index, GraphDamage> {
        self.open_without(params, most_rows, |_| false)
    }

    /// For a store with deleted rows.
    pub(super) fn open_without(
        &self,
        params: GraphParams,
        most_rows: u32,
        is_deleted: impl Fn(u32) -> bool,
    ) -> Result<Index, GraphDamage> {
        let width = Index::record_bytes(params, 64) / 64;
        let cells = u32::try_from(self.lines.len() / width).unwrap();
        let lines = Box::new(Mapped(Arc::new(self.lines.clone())));
        let opened = Index::open(&self.table, params, 64, Kernels::detect(), most_rows, (lines, cells));
        opened.and_then(|opened| opened.settle(is_deleted)).map_err(|error| match error {
            OpenError::Damaged(damage) => damage,
            OpenError::Failed(error) => panic!("{error}"),
        })
    }
}

/// Lines of a record.
pub(super) fn width(graph: &Index) -> usize {
    Index::record_bytes(graph.params(), 64) / 64
}

fn small(metric: DistanceMetric) -> (GraphParams, Flat, Index) {
    let mut random = Random::new(31);
    let mut vectors: Vec<_> = (0..60).map(|_| random.vector(64)).collect();
    vectors.extend([vectors[3].clone(), vectors[3].clone(), vec![0.0; 64], vec![0.0; 64]]);
    let rows = Flat::from_rows(&vectors);
    let params = GraphParams { m: 3, m_max: 6, ef_construction: 20, seed: 1, ..params(metric) };
    let graph = build(params, &rows);
    (params, rows, graph)
}

/// Runs several searches; `false` if one found the file damaged.
fn searches(graph: &Index, rows: &Flat) -> bool {
    let mut scratch = Scratch::default();
    let mut out = Vec::new();
    (0..rows.count()).step_by(7).all(|row| {
        let query = PreparedQuery::new(Kernels::detect(), graph.params().metric, rows.vector(row));
        let visible = |row: u32| row % 3 != 1;
        let request = GraphSearch {
            k: 10,
            ef: 30,
            limit: 64,
            visible: &visible,
            prefetch_visibility: None,
            share: None,
            deadline: None,
            budget: None,
            excluded_row: None,
        };
        graph.search(&query, rows, &request, &mut scratch, &mut out).is_some()
            || (graph.params().metric == DistanceMetric::Cosine && row >= 62)
    })
}

#[test]
fn a_saved_and_opened_graph_is_equal_and_grows_the_same_way() {
    let mut random = Random::new(32);
    for params in all_params() {
        let mut vectors = random.clusters(20, 60, 64);
        vectors.extend(vectors[100..200].to_vec());
        vectors.extend(vec![vec![0.0; 64]; 20]);
        random.shuffle(&mut vectors);
        let rows = Flat::from_rows(&vectors);
        let graph = Index::new(params, 64, Kernels::detect());
        graph.extend(&rows, 700, 1, &mut go_on).unwrap();
        let file = File::of(&graph);
        let back = file.open(params, rows.count()).unwrap();
        assert!(File::of(&back) == file);
        assert_eq!(back.check().unwrap(), graph.check().unwrap());
        for graph in [&graph, &back] {
            graph.extend(&rows, rows.count(), 2, &mut go_on).unwrap();
        }
        assert!(File::of(&graph) == File::of(&back), "{params:?}: the opened graph grows differently");
    }
    let empty = Index::new(super::params(DistanceMetric::Cosine), 64, Kernels::detect());
    assert_eq!(File::of(&empty).open(empty.params(), 64).unwrap().covered_rows(), 0);
}

#[test]
fn other_parameters_and_too_many_rows_are_refused() {
    let (params, _, graph) = small(DistanceMetric::Euclidean);
    let file = File::of(&graph);
    assert_eq!(file.open(params, 64).err(), None);
    let others = [
        GraphParams { metric: DistanceMetric::Cosine, ..params },
        GraphParams { m: 4, ..params },
        GraphParams { m_max: 7, ..params },
        GraphParams { seed: 1 << 40, ..params },
        GraphParams { profile: IndexProfile::Compact, ..params },
    ];
    assert!(others.iter().all(|&params| file.open(params, 64).is_err()));
    assert!(file.open(params, 63).is_err());
    let short = File { lines: file.lines[..file.lines.len() - width(&graph)].to_vec(), ..file };
    assert!(short.open(params, 64).is_err(), "a record is beyond the last cell");
}

#[test]
fn a_shortened_or_longer_table_is_refused() {
    for metric in [DistanceMetric::Cosine, DistanceMetric::DotProduct] {
        let (params, _, graph) = small(metric);
        let mut file = File::of(&graph);
        let whole = file.table.clone();
        for end in 0..whole.len() {
            file.table = whole[..end].to_vec();
            let damage = file.open(params, 64).err().unwrap();
            assert!(damage.to_string().contains("damaged at byte"));
        }
        file.table = [whole, vec![0; 4]].concat();
        assert!(file.open(params, 64).is_err());
    }
}

#[test]
fn a_flipped_byte_of_a_table_is_an_error_or_gives_a_usable_graph() {
    for metric in [DistanceMetric::Cosine, DistanceMetric::DotProduct] {
        let (params, rows, graph) = small(metric);
        let file = File::of(&graph);
        let mut accepted = 0;
        for at in 0..file.table.len() {
            for flip in [1, 0x80, 0xff] {
                let mut damaged = file.clone();
                damaged.table[at] ^= flip;
                let Ok(graph) = damaged.open(params, 64) else { continue };
                accepted += 1;
                searches(&graph, &rows);
                if graph.is_damaged() {
                    continue;
                }
                graph.check().unwrap();
                if at % 16 == 0 && graph.covered_rows() <= rows.count() {
                    graph.extend(&rows, rows.count(), 1, &mut go_on).unwrap();
                }
            }
        }
        // Fingerprints may have any bits. The store's checksum covers the whole table.
        let any = 3 * 2 * 4 * graph.covered_rows() as usize;
        println!("{accepted} of {} accepted", 3 * file.table.len());
        assert!(accepted < any + 3 * (file.table.len() - any / 3) / 2);
    }
}

#[test]
fn a_flipped_bit_of_a_record_is_detected_before_its_use() {
    let (params, rows, graph) = small(DistanceMetric::Euclidean);
    let file = File::of(&graph);
    for at in 0..file.lines.len() {
        let mut damaged = file.clone();
        damaged.lines[at].0[at % 64] ^= 1 << (at % 8);
        let graph = damaged.open(params, 64).unwrap();
        graph.check().unwrap();
        assert!(graph.is_damaged(), "line {at}");
        assert!(!searches(&graph, &rows), "a damaged graph answers");
        let mut saving = graph.begin_saving(0).unwrap();
        assert!(graph.save_all_records(&mut saving, &mut |_| Ok(())).is_err(), "a damaged graph is saved");
    }
}

#[test]
fn a_wrong_byte_of_a_record_with_a_valid_checksum_is_detected_or_harmless() {
    for metric in [DistanceMetric::Cosine, DistanceMetric::DotProduct] {
        let (params, rows, graph) = small(metric);
        let file = File::of(&graph);
        let width = width(&graph);
        let row_of_cell: Vec<u32> = {
            File { lines: Vec::new(), table: Vec::new() }.save(&graph, 0);
            let mut rows = vec![u32::MAX; file.lines.len() / width];
            for row in 0..graph.covered_rows() {
                if let Some(cell) = graph.nodes.cell(row) {
                    rows[cell as usize] = row;
                }
            }
            rows
        };
        let mut found = 0;
        // A record's bytes are of few kinds: a step that is no divisor of a line meets all of them.
        let offsets = (0..64 * file.lines.len()).step_by(13);
        for at in offsets.clone() {
            let mut damaged = file.clone();
            damaged.lines[at / 64].0[at % 64] ^= [1, 0x80, 0xff][at % 3];
            let cell = at / 64 / width;
            add_checksum(row_of_cell[cell], &mut damaged.lines[cell * width..(cell + 1) * width]);
            let graph = damaged.open(params, 64).unwrap();
            searches(&graph, &rows);
            graph.check().unwrap();
            found += u32::from(graph.is_damaged());
            if !graph.is_damaged() && at % 16 == 0 {
                graph.extend(&rows, rows.count(), 1, &mut go_on).unwrap();
            }
        }
        println!("{found} of {} found", offsets.count());
        assert!(found > 0);
    }
}

#[test]
fn concurrent_loads_of_the_same_records_find_every_row() {
    let mut random = Random::new(34);
    let rows = Flat::from_rows(&random.clusters(40, 50, 64));
    let graph = Index::new(params(DistanceMetric::Euclidean), 64, Kernels::detect());
    graph.extend(&rows, 1_500, 1, &mut go_on).unwrap();
    let file = File::of(&graph);
    for _ in 0..5 {
        let open = file.open(params(DistanceMetric::Euclidean), rows.count()).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| assert_eq!(not_found(&open, &rows, 30), []));
            }
            // Rows are inserted meanwhile, which replaces records that are being loaded.
            scope.spawn(|| open.extend(&rows, rows.count(), 1, &mut go_on).unwrap());
        });
        assert_whole(&open, &rows);
        assert!(!open.is_damaged());
    }
}
