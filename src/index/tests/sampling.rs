//! The recall that a graph measures on a sample of its rows, and the number of candidates that follows from it.

use super::*;
use crate::index::build::recall::Sampling;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

const ROWS: usize = 2_300;

fn normal(seed: u64, count: usize, dimensions: usize) -> Vec<Vec<f32>> {
    let mut random = Random::new(seed);
    (0..count).map(|_| random.vector(dimensions)).collect()
}

#[test]
fn random_data_get_enough_candidates_for_the_target_recall() {
    for metric in [DistanceMetric::Cosine, DistanceMetric::Euclidean, DistanceMetric::DotProduct] {
        let mut vectors = normal(71, ROWS + 100, 256);
        let queries = vectors.split_off(ROWS);
        let rows = Flat::from_rows(&vectors);
        // Few links, so that few rows are hard enough.
        let graph = build(GraphParams { m: 6, m_max: 12, ..params(metric) }, &rows);
        let sampled = graph.sampled_recall().unwrap();
        let ef = graph.default_ef(100);
        let (few, enough) = (recall(&graph, &rows, &queries, 100), recall(&graph, &rows, &queries, ef));
        println!("{metric:?}: {sampled:?}, 100 candidates {few}, {ef} {enough}");
        assert_eq!(sampled.rows, rows.count());
        assert!(ef > 100 && few < 0.9 && enough >= 0.9, "{metric:?}: {few}, {ef}: {enough}");
        assert!((f64::from(sampled.recall) - enough).abs() < 0.05, "{} is not {enough}", sampled.recall);
    }
}

#[test]
fn easy_data_keep_the_requested_number_of_candidates() {
    let mut random = Random::new(72);
    let rows = Flat::from_rows(&random.clusters(46, 50, 64));
    let graph = build(params(DistanceMetric::Euclidean), &rows);
    let sampled = graph.sampled_recall().unwrap();
    assert!(sampled.ef == 100 && sampled.recall > 0.97, "{sampled:?}");
    assert_eq!([10, 100, 700].map(|least| graph.default_ef(least)), [10, 100, 700]);
}

#[test]
fn default_ef_grows_with_the_graph_between_measurements() {
    let rows = Flat::from_rows(&normal(73, ROWS, 128));
    let graph = build(params(DistanceMetric::Euclidean), &rows);
    let sampled = SampledRecall { rows: rows.count() / 4, ef: 300, recall: 0.9 };
    graph.last_recall.set(sampled);
    // 600 and 2,000, divided by 1.1: the lists of hard searches are longer by that.
    assert_eq!(graph.default_ef(100), 545);
    graph.last_recall.set(SampledRecall { rows: 1, ..sampled });
    assert_eq!(graph.default_ef(100), 1818);
}

#[test]
fn steps_measure_the_same_recall_as_one_call() {
    let rows = Flat::from_rows(&normal(74, ROWS, 96));
    let at_once = build(params(DistanceMetric::Cosine), &rows);
    let in_steps = Index::new(params(DistanceMetric::Cosine), rows.dimensions, Kernels::detect());
    let mut steps = 0;
    while !in_steps.step(&rows, rows.count(), Instant::now() + Duration::from_millis(3)).unwrap() {
        steps += 1;
    }
    println!("{steps} steps");
    assert_eq!(in_steps.sampled_recall(), at_once.sampled_recall());
    assert!(at_once.sampled_recall().is_some());
}

#[test]
fn copies_and_deleted_rows_are_excluded_from_the_recall() {
    /// Every second row is deleted.
    struct Half(Flat);
    impl Rows for Half {
        fn row(&self, row: u32) -> StoredRow<'_> {
            self.0.row(row)
        }
        fn is_deleted(&self, row: u32) -> bool {
            row.is_multiple_of(2)
        }
    }
    let mut vectors = normal(75, ROWS / 2, 64);
    vectors.extend(vectors.clone());
    let rows = Flat::from_rows(&vectors);
    let graph = build(params(DistanceMetric::Euclidean), &rows);
    let whole = graph.sampled_recall().unwrap();
    assert!(whole.ef == 100 && whole.recall == 1.0, "all rows have copies, none is a query: {whole:?}");
    let rows = Half(Flat::from_rows(&normal(76, ROWS, 64)));
    let graph = Index::new(params(DistanceMetric::Euclidean), 64, Kernels::detect());
    graph.extend(&rows, 2_300, 1, &mut go_on).unwrap();
    let half = graph.sampled_recall().unwrap();
    assert!(half.recall >= 0.9, "{half:?}");
}

#[test]
fn rows_deleted_during_a_measurement_do_not_lower_it() {
    /// Two rows in three are deleted when the flag is set.
    struct Deleted(Flat, AtomicBool);
    impl Rows for Deleted {
        fn row(&self, row: u32) -> StoredRow<'_> {
            self.0.row(row)
        }
        fn is_deleted(&self, row: u32) -> bool {
            self.1.load(Relaxed) && !row.is_multiple_of(3)
        }
    }
    let mut random = Random::new(77);
    let rows = Deleted(Flat::from_rows(&random.clusters(46, 50, 64)), AtomicBool::new(false));
    let graph = Index::new(params(DistanceMetric::Euclidean), 64, Kernels::detect());
    while graph.sampled_recall().is_none() {
        graph.advance(&rows, 2_300, 1, Duration::ZERO, &mut (ROW_WORK / 4)).unwrap();
        if graph.lock_build().unwrap().sampling.as_ref().is_some_and(Sampling::is_scanned) {
            rows.1.store(true, Relaxed);
        }
    }
    assert!(rows.1.load(Relaxed), "the measurement was in progress");
    let sampled = graph.sampled_recall().unwrap();
    assert!(sampled.ef == 100 && sampled.recall > 0.97, "{sampled:?}");
}
