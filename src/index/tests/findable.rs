//! Every row is found, whatever rows precede it, follow it, or equal it.

use super::*;

const METRICS: [DistanceMetric; 3] =
    [DistanceMetric::Cosine, DistanceMetric::Euclidean, DistanceMetric::DotProduct];

#[test]
fn small_graphs_agree_with_a_scan_for_every_k() {
    let mut random = Random::new(1);
    for metric in METRICS {
        for count in 0..=200usize {
            let mut vectors: Vec<_> = (0..count).map(|_| random.vector(64)).collect();
            for i in (3..vectors.len()).step_by(5) {
                vectors[i] = vectors[i - 3].clone();
            }
            let rows = Flat { data: vectors.concat(), dimensions: 64 };
            let graph = build(params(metric), &rows);
            let mut searcher = Searcher::new(&graph, &rows);
            let query = random.vector(64);
            for k in [0, 1, 2, 3, 10, count.saturating_sub(1), count, count + 1, 1_000] {
                let truth = exact(metric, &rows, &query, k, &|_| true);
                assert_eq!(
                    searcher.search(&query, k, 200, &|_| true),
                    truth,
                    "{metric:?} {count} rows, k {k}"
                );
            }
        }
    }
}

#[test]
fn recall_holds_when_half_the_rows_are_copies() {
    let mut random = Random::new(2);
    for metric in METRICS {
        let copied = random.vector(64);
        let mut vectors: Vec<_> = (0..1500).map(|_| random.vector(64)).collect();
        vectors.extend((0..1500).map(|_| copied.clone()));
        random.shuffle(&mut vectors);
        let rows = Flat::from_rows(&vectors);
        let graph = build(params(metric), &rows);
        let report = graph.check().unwrap();
        assert_eq!((report.duplicates, report.unreachable), (1499, vec![]), "{metric:?}");
        let queries: Vec<_> = (0..50).map(|_| random.vector(64)).collect();
        let recall = recall(&graph, &rows, &queries, 100);
        assert!(recall > 0.95, "{metric:?}: recall {recall}");
        // Each copy is found if only that copy is visible.
        let mut searcher = Searcher::new(&graph, &rows);
        for row in (0..rows.count()).filter(|&row| rows.vector(row) == copied).step_by(97) {
            assert_eq!(searcher.search(&copied, 3, 20, &|r| r == row).len(), 1, "copy {row}");
        }
        let all = searcher.search(&copied, 1500, 10, &|_| true);
        let nearest = all[0].distance;
        let as_near = all.iter().filter(|n| n.distance == nearest).count();
        assert!(metric == DistanceMetric::DotProduct || as_near == 1500, "{as_near} of 1500 copies");
    }
}

#[test]
fn scaled_copies_are_duplicates_under_cosine_only() {
    let mut random = Random::new(3);
    let one = random.vector(64);
    let mut vectors: Vec<_> = (1..400).map(|i| one.iter().map(|x| x * i as f32 / 7.0).collect()).collect();
    vectors.extend((0..400).map(|_| random.vector(64)));
    let rows = Flat::from_rows(&vectors);
    for metric in [DistanceMetric::Cosine, DistanceMetric::Euclidean] {
        let graph = build(params(metric), &rows);
        let duplicates = graph.check().unwrap().duplicates;
        assert!(
            if metric == DistanceMetric::Cosine { duplicates > 390 } else { duplicates == 0 },
            "{duplicates} duplicates"
        );
        assert_whole(&graph, &rows);
    }
}

#[test]
fn a_stored_vector_is_found_with_any_budget() {
    let mut random = Random::new(14);
    let rows = Flat::from_rows(&(0..1_000).map(|_| random.vector(64)).collect::<Vec<_>>());
    for metric in [DistanceMetric::Cosine, DistanceMetric::Euclidean] {
        let graph = build(params(metric), &rows);
        let (mut scratch, mut out) = (Scratch::default(), Vec::new());
        for (budget, row) in (0..8).flat_map(|budget| (0..rows.count()).map(move |row| (budget, row))) {
            let query = PreparedQuery::new(Kernels::detect(), metric, rows.vector(row));
            let request = GraphSearch {
                k: 1,
                ef: 10,
                limit: u32::MAX,
                visible: &|_| true,
                prefetch_visibility: None,
                share: None,
                deadline: None,
                budget: Some(budget),
                excluded_row: None,
            };
            let end = graph.search(&query, &rows, &request, &mut scratch, &mut out).unwrap();
            assert!(end.distances <= budget);
            assert_eq!(out.first().map(|found| found.row), Some(row), "{metric:?}, after {budget} visits");
        }
    }
}

#[test]
fn outliers_after_a_dense_cluster_are_found() {
    let mut random = Random::new(4);
    for metric in [DistanceMetric::Cosine, DistanceMetric::Euclidean] {
        let centre = random.vector(96);
        let mut vectors: Vec<_> = (0..700).map(|_| random.near(&centre, 1e-3)).collect();
        vectors.extend((0..300).map(|_| random.vector(96)));
        let rows = Flat::from_rows(&vectors);
        assert_whole(&build(params(metric), &rows), &rows);
    }
}

#[test]
fn every_row_finds_itself_with_the_fewest_candidates() {
    let mut random = Random::new(5);
    for metric in [DistanceMetric::Cosine, DistanceMetric::Euclidean] {
        let rows = Flat::from_rows(&(0..6_000).map(|_| random.vector(64)).collect::<Vec<_>>());
        let graph = build(params(metric), &rows);
        assert_whole(&graph, &rows);
        let missed = not_found(&graph, &rows, 1);
        assert!(missed.len() <= 6, "{} of 6,000 missed with the smallest ef", missed.len());
    }
}

#[test]
fn zero_vectors_do_not_affect_other_rows() {
    let mut random = Random::new(6);
    let mut vectors: Vec<_> = (0..1_500).map(|_| random.vector(64)).collect();
    let mut with_zeros = vectors.clone();
    with_zeros.extend((0..500).map(|_| vec![0.0; 64]));
    random.shuffle(&mut with_zeros);
    with_zeros.insert(0, vec![0.0; 64]);
    vectors.truncate(50);
    let rows = Flat::from_rows(&with_zeros);
    let graph = build(params(DistanceMetric::Cosine), &rows);
    let report = graph.check().unwrap();
    assert_eq!((report.duplicates, report.unreachable), (500, vec![]));
    assert_eq!(not_found(&graph, &rows, 100), []);
    let recall = recall(&graph, &rows, &vectors, 100);
    assert!(recall > 0.95, "recall {recall}");
}

#[test]
fn infinite_distances_do_not_panic() {
    let mut random = Random::new(7);
    for metric in METRICS {
        let huge = |v: Vec<f32>| v.into_iter().map(|x| x * 3e37).collect::<Vec<_>>();
        let vectors: Vec<_> =
            (0..300).map(|i| if i % 3 == 0 { huge(random.vector(64)) } else { random.vector(64) }).collect();
        let rows = Flat::from_rows(&vectors);
        let graph = build(params(metric), &rows);
        assert_eq!(Searcher::new(&graph, &rows).search(&vectors[1], 10, 50, &|_| true).len(), 10);
        assert_eq!(graph.check().unwrap().unreachable, [], "{metric:?}");
    }
}

/// Regression test; found by the fuzz target `operations`.
#[test]
fn the_first_row_is_found_after_the_graph_has_grown() {
    let mut random = Random::new(8);
    for metric in METRICS {
        for seed in 0..40 {
            let mut vectors = vec![random.vector(64)];
            let centre: Vec<f32> = random.vector(64).iter().map(|x| x * 20.0).collect();
            vectors.extend((0..40).map(|_| random.near(&centre, 0.1)));
            let rows = Flat::from_rows(&vectors);
            let params = GraphParams { m: 4, m_max: 8, ef_construction: 16, seed, ..params(metric) };
            let graph = Index::new(params, 64, Kernels::detect());
            for end in [1, 20, 41] {
                graph.extend(&rows, end, 1, &mut go_on).unwrap();
                assert_eq!(graph.check().unwrap().unreachable, [], "{metric:?}, seed {seed}, {end} rows");
            }
            if metric != DistanceMetric::DotProduct {
                assert_eq!(not_found(&graph, &rows, 1), [], "{metric:?}, seed {seed}");
            }
        }
    }
}

/// A program that writes every row again with other tags leaves deleted nodes, each with one live duplicate.
#[test]
fn rewriting_all_rows_does_not_increase_visits() {
    let mut random = Random::new(9);
    for metric in METRICS {
        let vectors: Vec<_> = (0..4000).map(|_| random.vector(64)).collect();
        let twice = [&vectors[..], &vectors[..]].concat();
        let (once, twice) = (Flat::from_rows(&vectors), Flat::from_rows(&twice));
        let (original, rewritten) = (build(params(metric), &once), build(params(metric), &twice));
        for _ in 0..20 {
            let query = random.vector(64);
            let visits = |graph: &Index, rows: &Flat, first: u32| {
                let mut searcher = Searcher::new(graph, rows);
                let found = searcher.search(&query, 10, 40, &|row| row >= first).len();
                (found, searcher.visits)
            };
            let (before, after) = (visits(&original, &once, 0), visits(&rewritten, &twice, 4000));
            assert_eq!((before.0, after.0), (10, 10));
            assert!(
                after.1 <= before.1 + before.1 / 2,
                "{metric:?}: {} visits, {} before",
                after.1,
                before.1
            );
        }
    }
}

/// Codes that cannot resolve the nearest rows are replaced by the vectors, also for duplicates, which have no code.
#[test]
fn duplicates_of_deleted_rows_are_ordered_as_well_as_others() {
    let mut random = Random::new(10);
    for metric in METRICS {
        let center = random.vector(64);
        let mut near = |spread: f32| -> Vec<f32> {
            random.vector(64).iter().zip(&center).map(|(x, c)| c + spread * x).collect()
        };
        let vectors: Vec<_> = (0..2_000).map(|_| near(0.3)).collect();
        let queries: Vec<_> = (0..60).map(|_| near(0.3)).collect();
        let (once, twice) = (Flat::from_rows(&vectors), Flat::from_rows(&[&vectors[..], &vectors].concat()));
        let (original, rewritten) = (build(params(metric), &once), build(params(metric), &twice));
        let hits = |graph: &Index, rows: &Flat, first: u32| -> usize {
            let mut searcher = Searcher::new(graph, rows);
            let of_query = |query: &Vec<f32>| {
                let last = exact(metric, rows, query, 10, &|row| row >= first).last().unwrap().distance;
                let found = searcher.search(query, 10, 500, &|row| row >= first);
                found.iter().filter(|found| found.distance <= last).count()
            };
            queries.iter().map(of_query).sum()
        };
        let (before, after) = (hits(&original, &once, 0), hits(&rewritten, &twice, 2_000));
        assert!(before >= 595 && after >= before - 2, "{metric:?}: {after} of 600 found, {before} before");
    }
}
