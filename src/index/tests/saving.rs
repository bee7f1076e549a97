//! Saving records into a file, at once and in pieces.

use super::saved::{File, width};
use super::*;
use crate::kernel::codes::Line;

#[test]
fn a_save_appends_changes_and_keeps_records_of_older_tables() {
    let mut random = Random::new(33);
    for params in all_params() {
        let vectors = random.clusters(30, 60, 64);
        let rows = Flat::from_rows(&vectors);
        let graph = Index::new(params, 64, Kernels::detect());
        graph.extend(&rows, 1_000, 1, &mut go_on).unwrap();
        let mut file = File { lines: Vec::new(), table: Vec::new() };
        assert_eq!(file.add(&graph), 1_000);
        let mut open = file.open(params, rows.count()).unwrap();
        for end in (1_010..=1_100).step_by(10).chain([rows.count()]) {
            let older = (file.clone(), File::of(&open));
            graph.extend(&rows, end, 1, &mut go_on).unwrap();
            let changed = file.add(&graph);
            assert!(changed >= 10 && (end > 1_100 || changed < 700), "{changed} records for 10 rows");
            assert!(file.bytes().starts_with(older.0.bytes()), "saved records were changed");
            assert!(File::of(&open) == older.1, "a graph opened before was changed");
            open = file.open(params, rows.count()).unwrap();
            assert!(File::of(&open) == File::of(&graph), "{params:?}: the appended file gives another graph");
        }
        assert_eq!(file.add(&graph), 0);
        assert_whole(&open, &rows);
    }
}

#[test]
fn a_graph_that_grows_during_a_save_is_saved_in_its_final_state() {
    let mut random = Random::new(35);
    let rows = Flat::from_rows(&random.clusters(40, 60, 64));
    let params = params(DistanceMetric::Euclidean);
    let graph = Index::new(params, 64, Kernels::detect());
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
        let written = saving.next_cell() - first;
        graph.save_all_records(&mut saving, &mut write).unwrap();
        assert!(pieces > 20 && written > 1_000, "{pieces} pieces, {written} records");
        assert_eq!(file.lines.len(), saving.next_cell() as usize * width(&graph));
        file.table = graph.table().unwrap();
        let open = file.open(params, rows.count()).unwrap();
        assert_eq!(open.covered_rows(), *ends.end());
        // Each record is the current one, not the one that was first written.
        let whole = File::of(&graph);
        assert!(File::of(&open) == whole);
    }
}
