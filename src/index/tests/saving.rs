//! Saving records into a file, at once and in pieces.

use super::saved::{File, width};
use super::*;
use crate::kernel::codes::Line;

#[test]
fn a_save_adds_what_has_changed_and_leaves_what_an_older_table_names() {
    let mut random = Random::new(33);
    for params in all_params() {
        let vectors = random.clusters(30, 60, 64);
        let rows = Flat::from_rows(&vectors);
        let graph = Graph::new(params, 64, Kernels::detect());
        graph.extend(&rows, 1_000, 1, &mut go_on).unwrap();
        let mut file = File { lines: Vec::new(), table: Vec::new() };
        assert_eq!(file.add(&graph), 1_000);
        let mut open = file.open(params, rows.count()).unwrap();
        for end in (1_010..=1_100).step_by(10).chain([rows.count()]) {
            let older = (file.clone(), File::of(&open));
            graph.extend(&rows, end, 1, &mut go_on).unwrap();
            let changed = file.add(&graph);
            assert!(changed >= 10 && (end > 1_100 || changed < 700), "{changed} records for 10 rows");
            assert!(file.bytes().starts_with(older.0.bytes()), "what was saved is changed");
            assert!(File::of(&open) == older.1, "a graph that was opened before is changed");
            open = file.open(params, rows.count()).unwrap();
            assert!(File::of(&open) == File::of(&graph), "{params:?}: what was added makes another graph");
        }
        assert_eq!(file.add(&graph), 0);
        assert_whole(&open, &rows);
    }
}

#[test]
fn a_graph_that_grows_while_it_is_saved_is_saved_as_it_is_in_the_end() {
    let mut random = Random::new(35);
    let rows = Flat::from_rows(&random.clusters(40, 60, 64));
    let params = params(DistanceMetric::Euclidean);
    let graph = Graph::new(params, 64, Kernels::detect());
    graph.extend(&rows, 600, 1, &mut go_on).unwrap();
    let mut file = File { lines: Vec::new(), table: Vec::new() };
    // A new file, then one that is appended to.
    for ends in [900..=1_500, 1_600..=2_400] {
        let first = u32::try_from(file.lines.len() / width(&graph)).unwrap();
        let mut saving = graph.begin_saving(first).unwrap();
        let mut write = |piece: &[Line]| {
            file.lines.extend_from_slice(piece);
            Ok(())
        };
        let mut pieces = 0;
        for end in ends.clone().step_by(100) {
            for _ in 0..3 {
                graph.save_records(&mut saving, 50, &mut write).unwrap();
                pieces += 1;
            }
            graph.extend(&rows, end, 1, &mut go_on).unwrap();
        }
        while !saving.is_nearly_done(0) {
            graph.save_records(&mut saving, 50, &mut write).unwrap();
            pieces += 1;
        }
        let handed_on = saving.next_cell() - first;
        graph.save_all_records(&mut saving, &mut write).unwrap();
        assert!(pieces > 20 && handed_on > 1_000, "{pieces} pieces, {handed_on} records");
        assert_eq!(file.lines.len(), saving.next_cell() as usize * width(&graph));
        file.table = graph.table().unwrap();
        let open = file.open(params, rows.count()).unwrap();
        assert_eq!(open.covered_rows(), *ends.end());
        // Each record is the current one, not the one that was first written.
        let whole = File::of(&graph);
        assert!(File::of(&open) == whole);
    }
}
