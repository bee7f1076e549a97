//! Rows that were deleted before they were indexed are not in the graph.

use super::saved::File;
use super::*;
use crate::distance::PreparedQuery;
use crate::index::graph::links::Links;
use std::cell::Cell;

/// Vectors of which some are deleted.
struct PartlyDeleted<'a> {
    rows: &'a Flat,
    is_deleted: &'a (dyn Fn(u32) -> bool + Sync),
}

impl Rows for PartlyDeleted<'_> {
    fn row(&self, row: u32) -> StoredRow<'_> {
        self.rows.row(row)
    }

    fn is_deleted(&self, row: u32) -> bool {
        (self.is_deleted)(row)
    }
}

#[test]
fn deleted_rows_are_not_indexed_and_the_others_are_found() {
    let mut random = Random::new(51);
    for params in all_params() {
        let mut vectors = random.clusters(20, 60, 64);
        // Equal rows, deleted and live, in every order.
        vectors.extend(vectors[100..300].to_vec());
        vectors.extend(vec![vec![0.0; 64]; 20]);
        random.shuffle(&mut vectors);
        let flat = Flat::from_rows(&vectors);
        let is_deleted = |row: u32| mix(u64::from(row)).is_multiple_of(2) || row < 30;
        let rows = PartlyDeleted { rows: &flat, is_deleted: &is_deleted };
        let graph = Index::new(params, 64, Kernels::detect());
        graph.extend(&rows, flat.count(), 2, &mut go_on).unwrap();
        let deleted = (0..flat.count()).filter(|&row| is_deleted(row)).count();
        assert_eq!((graph.absent_rows() as usize, graph.covered_rows()), (deleted, flat.count()));
        let report = graph.check().unwrap();
        assert!(report.unreachable.iter().all(|&row| is_deleted(row)), "{:?}", report.unreachable);
        let there = flat.count() - graph.absent_rows();
        assert_eq!(report.nodes + report.duplicates, there - without_code(&graph, &flat, &is_deleted));
        let asked = Cell::new(0);
        let visible = |row: u32| {
            asked.set(asked.get() + u32::from(is_deleted(row)));
            !is_deleted(row)
        };
        let mut searcher = Searcher::new(&graph, &flat);
        let has_length = |row: &u32| flat.vector(*row).iter().any(|&x| x != 0.0);
        for row in (0..flat.count()).filter(|&row| !is_deleted(row)).filter(has_length) {
            let found = searcher.search(flat.vector(row), 1, 60, &visible);
            let own = PreparedQuery::new(Kernels::detect(), params.metric, flat.vector(row));
            let own = own.distance(flat.vector(row));
            assert!(params.metric == DistanceMetric::DotProduct || found[0].distance <= own, "row {row}");
        }
        assert_eq!(asked.get(), 0, "a search never examines a deleted row");
        let file = File::of(&graph);
        let back = file.open_without(params, flat.count(), is_deleted).unwrap();
        assert!(File::of(&back) == file);
        assert_eq!(back.absent_rows() as usize, deleted);
        let damage = file.open_without(params, flat.count(), |row| row != 0 && is_deleted(row)).unwrap_err();
        assert!(damage.what.contains("row 0 is missing"), "{damage}");
    }
}

/// Number of live rows that are neither duplicates nor nodes: the first row without a direction.
fn without_code(graph: &Index, rows: &Flat, is_deleted: &dyn Fn(u32) -> bool) -> u32 {
    let no_code = |row: &u32| {
        graph.params().metric == DistanceMetric::Cosine && rows.vector(*row).iter().all(|&x| x == 0.0)
    };
    u32::from((0..rows.count()).filter(|&row| !is_deleted(row)).any(|row| no_code(&row)))
}

#[test]
fn a_repeated_batch_omits_rows_deleted_meanwhile() {
    let mut random = Random::new(52);
    let flat = Flat::from_rows(&(0..400).map(|_| random.vector(64)).collect::<Vec<_>>());
    let params = params(DistanceMetric::Euclidean);
    let graph_without = |is_deleted: &(dyn Fn(u32) -> bool + Sync)| {
        let graph = Index::new(params, 64, Kernels::detect());
        {
            // Encoded once, as by a batch that then ran out of memory.
            let links = &mut graph.lock_build().unwrap().links;
            graph.make_room(400, links).unwrap();
            let rows = PartlyDeleted { rows: &flat, is_deleted: &|_| false };
            graph.code(&rows, 0..400, links, &mut [Scratch::default()]).unwrap();
        }
        graph.extend(&PartlyDeleted { rows: &flat, is_deleted }, 400, 1, &mut go_on).unwrap();
        graph
    };
    let graph = graph_without(&|row| row % 5 == 0);
    assert_eq!((graph.absent_rows(), graph.check().unwrap().nodes), (80, 320));
    assert!((0..400).step_by(5).all(|row| !graph.nodes.is_node(row)));
}

#[test]
fn product_links_do_not_lead_to_rows_that_are_deleted() {
    let mut random = Random::new(53);
    // Every fifth row is long, and thereby among the largest products of all rows.
    let vectors = (0..1_600).map(|row| {
        let length = if row % 5 == 0 { 3.0 } else { 1.0 };
        random.vector(64).iter().map(|x| x * length).collect()
    });
    let flat = Flat::from_rows(&vectors.collect::<Vec<Vec<f32>>>());
    let graph = Index::new(params(DistanceMetric::DotProduct), 64, Kernels::detect());
    graph.extend(&flat, 800, 2, &mut go_on).unwrap();
    let is_deleted = |row: u32| row < 800 && row.is_multiple_of(5);
    let rows = PartlyDeleted { rows: &flat, is_deleted: &is_deleted };
    graph.extend(&rows, 1_600, 2, &mut go_on).unwrap();
    let mut links = Links::default();
    for row in 800..1_600 {
        graph.nodes.read().read_links(row, &mut links);
        assert!(!links.filler.is_empty(), "row {row}");
        assert!(!links.filler.iter().any(|&to| is_deleted(to)), "row {row}: {:?}", links.filler);
    }
}
