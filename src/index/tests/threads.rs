//! Threads: the graph is the same for any number of them; searches run while it grows.

use super::saved::File;
use super::*;
use std::sync::atomic::{AtomicBool, Ordering};

#[test]
fn the_graph_is_the_same_for_any_number_of_threads() {
    let mut random = Random::new(21);
    for params in all_params() {
        let mut vectors = random.clusters(40, 50, 70);
        vectors.extend(vectors[100..300].to_vec());
        let rows = Flat::from_rows(&vectors);
        let files = [0, 1, 2, 3, 7].map(|threads| {
            let graph = Index::new(params, rows.dimensions, Kernels::detect());
            graph.extend(&rows, 1_000, threads, &mut go_on).unwrap();
            graph.extend(&rows, rows.count(), threads, &mut go_on).unwrap();
            File::of(&graph)
        });
        assert!(files.iter().all(|file| *file == files[0]), "{params:?}");
    }
}

#[test]
fn clusters_added_gradually_stay_findable_and_a_sweep_restores_lost_rows() {
    let mut random = Random::new(22);
    let rows = Flat::from_rows(&random.clusters(30, 100, 64));
    let graph = Index::new(params(DistanceMetric::Euclidean), rows.dimensions, Kernels::detect());
    let mut lost = 0;
    for end in (0..=rows.count()).step_by(60) {
        graph.extend(&rows, end, 1, &mut go_on).unwrap();
        // A greedy descent lost 1 to 14 rows at a third of these steps. Between two full sweeps a few may still be
        // lost.
        let missed = not_found(&graph, &rows, 100);
        lost += missed.len();
        assert!(missed.len() * 200 <= end as usize, "{missed:?} of {end} rows");
    }
    println!("{lost} rows not found, over all steps");
    // A full sweep becomes due: lost rows are found again.
    graph.lock_build().unwrap().links.swept_rows = 0;
    graph.extend(&rows, rows.count(), 1, &mut go_on).unwrap();
    assert_whole(&graph, &rows);
}

#[test]
fn searches_during_insertion_find_every_covered_row() {
    let mut random = Random::new(22);
    let mut vectors = random.clusters(30, 100, 64);
    vectors.extend(vectors[..200].to_vec());
    let rows = Flat::from_rows(&vectors);
    let graph = Index::new(params(DistanceMetric::Euclidean), rows.dimensions, Kernels::detect());
    let is_done = AtomicBool::new(false);
    let starts = [random.next(), random.next()];
    let searched = std::thread::scope(|scope| {
        let searchers = starts.map(|start| {
            let (graph, rows, is_done) = (&graph, &rows, &is_done);
            scope.spawn(move || {
                let mut random = Random(start);
                let mut searcher = Searcher::new(graph, rows);
                let mut searched = 0u32;
                while !is_done.load(Ordering::Acquire) {
                    let covered = graph.covered_rows();
                    if covered == 0 {
                        continue;
                    }
                    let row = random.below(covered);
                    let found = searcher.search(rows.vector(row), 5, 100, &|_| true);
                    assert_eq!(found.first().map(|n| n.distance), Some(0.0), "row {row} of {covered}");
                    searched += 1;
                }
                searched
            })
        });
        for end in (0..=rows.count()).step_by(64) {
            graph.extend(&rows, end, 1, &mut go_on).unwrap();
        }
        graph.extend(&rows, rows.count(), 2, &mut go_on).unwrap();
        is_done.store(true, Ordering::Release);
        searchers.map(|handle| handle.join().unwrap())
    });
    println!("searches: {searched:?}");
    assert_whole(&graph, &rows);
}

#[test]
fn a_cancelled_extension_keeps_covered_rows_and_can_be_continued() {
    let mut random = Random::new(23);
    let rows = Flat::from_rows(&(0..1_500).map(|_| random.vector(64)).collect::<Vec<_>>());
    let graph = Index::new(params(DistanceMetric::Cosine), rows.dimensions, Kernels::detect());
    let mut seen = Vec::new();
    let result = graph.extend(&rows, 1_500, 2, &mut |covered, end| {
        seen.push((covered, end));
        ControlFlow::Break(())
    });
    assert!(matches!(result, Err(crate::SynaError::Cancelled)));
    assert_eq!(seen, [(512, 1_500)]);
    assert_eq!(graph.covered_rows(), 512);
    graph.extend(&rows, 1_500, 1, &mut go_on).unwrap();
    assert_whole(&graph, &rows);
    let refused = graph.extend(&rows, MAX_ROWS + 1, 1, &mut go_on);
    assert!(matches!(refused, Err(crate::SynaError::Limit { .. })));
}

/// Rows of all kinds: clusters, copies, zeros.
fn mixed_rows(random: &mut Random) -> Flat {
    let mut vectors = random.clusters(40, 50, 70);
    vectors.extend(vectors[100..300].to_vec());
    vectors.extend(vec![vec![0.0; 70]; 20]);
    random.shuffle(&mut vectors);
    Flat::from_rows(&vectors)
}

#[test]
fn work_amounts_build_the_same_graph_in_a_bounded_number_of_calls() {
    use crate::index::{Advance, ROW_WORK};
    use std::time::Duration;
    let mut random = Random::new(25);
    for metric in [DistanceMetric::Euclidean, DistanceMetric::DotProduct] {
        let rows = mixed_rows(&mut random);
        let at_once = Index::new(params(metric), rows.dimensions, Kernels::detect());
        at_once.extend(&rows, rows.count(), 2, &mut go_on).unwrap();
        let calls = [(ROW_WORK / 3, 1), (2 * ROW_WORK, 1), (2 * ROW_WORK, 3)].map(|(of_call, threads)| {
            let graph = Index::new(params(metric), rows.dimensions, Kernels::detect());
            let (mut work, mut calls, mut to_cover) = (0, 0_i64, 0);
            while work <= 0 {
                work += of_call;
                calls += 1;
                let mut advance =
                    || graph.advance(&rows, rows.count(), threads, Duration::ZERO, &mut work).unwrap();
                while advance() == Advance::Progress {}
                if to_cover == 0 && graph.covered_rows() == rows.count() {
                    to_cover = calls;
                }
            }
            assert!(File::of(&graph) == File::of(&at_once), "{metric:?}: another graph, {of_call} a call");
            // The work paid for a row indexes it: a write that pays for two rows lets its index catch up.
            let most = i64::from(rows.count()) * ROW_WORK / of_call;
            assert!(to_cover <= most + most / 4 + 2, "{to_cover} calls, {most} expected");
            calls
        });
        assert_eq!(calls[1], calls[2], "the progress depends on the number of threads");
    }
}

#[test]
fn steps_of_any_length_build_the_same_graph_as_one_call() {
    use std::time::{Duration, Instant};
    let mut random = Random::new(24);
    for metric in [DistanceMetric::Cosine, DistanceMetric::Euclidean, DistanceMetric::DotProduct] {
        let rows = mixed_rows(&mut random);
        let ends = [1_000, 1_001, rows.count()];
        let at_once = Index::new(params(metric), rows.dimensions, Kernels::detect());
        ends.iter().for_each(|&end| at_once.extend(&rows, end, 2, &mut go_on).unwrap());
        for budget in [0, 300, 20_000].map(Duration::from_micros) {
            let graph = Index::new(params(metric), rows.dimensions, Kernels::detect());
            let mut steps = 0;
            for end in ends {
                while !graph.step(&rows, end, Instant::now() + budget).unwrap() {
                    steps += 1;
                    if steps % 5_000 == 0 {
                        // Between two steps the graph is complete for readers.
                        assert_eq!(graph.check().unwrap().unreachable, []);
                        assert_eq!(not_found(&graph, &rows, 100), []);
                    }
                }
                assert_eq!(graph.covered_rows(), end);
            }
            println!("{metric:?}: {steps} steps of {budget:?}");
            assert!(budget > Duration::from_millis(1) || steps > 100);
            assert!(
                File::of(&graph) == File::of(&at_once),
                "{metric:?}: steps of {budget:?} made another graph"
            );
        }
    }
}
