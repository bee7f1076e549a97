//! Recall for different orders, lengths and visibility of the rows.

use super::*;

fn recall_of(vectors: &[Vec<f32>], metric: DistanceMetric, queries: &[Vec<f32>]) -> f64 {
    let rows = Flat::from_rows(vectors);
    let graph = build(params(metric), &rows);
    assert_eq!(graph.check().unwrap().unreachable, []);
    if metric != DistanceMetric::DotProduct {
        assert_eq!(not_found(&graph, &rows, 100), []);
    }
    recall(&graph, &rows, queries, 100)
}

#[test]
fn recall_does_not_depend_on_the_order_of_rows() {
    let mut random = Random::new(11);
    let metric = DistanceMetric::Euclidean;
    let mut vectors = random.clusters(20, 200, 64);
    let queries: Vec<_> = (0..100)
        .map(|_| {
            let near = random.below(4_000) as usize;
            let near = vectors[near].clone();
            random.near(&near, 0.2)
        })
        .collect();
    let by_cluster = recall_of(&vectors, metric, &queries);
    vectors.sort_by(|a, b| a[0].total_cmp(&b[0]));
    let sorted = recall_of(&vectors, metric, &queries);
    vectors.reverse();
    let reversed = recall_of(&vectors, metric, &queries);
    random.shuffle(&mut vectors);
    let shuffled = recall_of(&vectors, metric, &queries);
    println!("by cluster {by_cluster}, sorted {sorted}, reversed {reversed}, shuffled {shuffled}");
    for recall in [by_cluster, sorted, reversed, shuffled] {
        assert!(recall > 0.98);
    }
}

#[test]
fn a_compact_graph_has_equal_recall_with_smaller_records() {
    let mut random = Random::new(15);
    let mut vectors = random.clusters(40, 75, 320);
    random.shuffle(&mut vectors);
    let rows = Flat::from_rows(&vectors);
    let queries: Vec<_> = (0..100).map(|i| random.near(&vectors[i * 29], 0.3)).collect();
    for metric in [DistanceMetric::Cosine, DistanceMetric::Euclidean, DistanceMetric::DotProduct] {
        let [fast, compact] = [params(metric), compact(metric)].map(|params| build(params, &rows));
        for ef in [10, 30, 100] {
            let recalls = [&fast, &compact].map(|graph| recall(graph, &rows, &queries, ef));
            println!("{metric:?}, ef {ef}: fast {:.4}, compact {:.4}", recalls[0], recalls[1]);
            // A fast graph keeps more candidates if its estimates are inaccurate.
            assert!(recalls[1] >= recalls[0] - 0.01, "{metric:?}, ef {ef}: {recalls:?}");
        }
        assert_whole(&compact, &rows);
        let [large, small] = [fast, compact].map(|graph| Index::record_bytes(graph.params(), 320));
        assert_eq!(
            (large, small),
            (320 + 5 * 320 + if metric == DistanceMetric::DotProduct { 128 } else { 0 }, 192 + 320)
        );
    }
}

#[test]
fn recall_holds_for_clusters_larger_than_a_list() {
    let mut random = Random::new(12);
    let vectors = random.clusters(100, 50, 64);
    let queries: Vec<_> = (0..50).map(|i| random.near(&vectors[i * 97], 0.2)).collect();
    let recall = recall_of(&vectors, DistanceMetric::Cosine, &queries);
    assert!(recall > 0.97, "recall {recall}");
}

#[test]
fn inner_products_of_uneven_lengths_keep_recall() {
    let mut random = Random::new(13);
    // Without any structure in 64 dimensions the nearest are hardly nearer than the rest, whatever the index.
    for (sigma, least) in [(0.2f32, 0.88), (0.6, 0.96), (1.0, 0.96)] {
        let vectors: Vec<Vec<f32>> = (0..4_000)
            .map(|_| {
                let length = (sigma * random.normal()).exp();
                random.vector(64).into_iter().map(|x| x * length).collect()
            })
            .collect();
        let queries: Vec<_> = (0..100).map(|_| random.vector(64)).collect();
        let recall = recall_of(&vectors, DistanceMetric::DotProduct, &queries);
        println!("dot product, log-normal lengths of sigma {sigma}: recall {recall}");
        assert!(recall > least, "sigma {sigma}: recall {recall}");
    }
}

#[test]
fn many_small_extensions_have_the_recall_of_one() {
    let mut random = Random::new(14);
    for metric in [DistanceMetric::Cosine, DistanceMetric::Euclidean, DistanceMetric::DotProduct] {
        let vectors = random.clusters(300, 10, 64);
        let rows = Flat::from_rows(&vectors);
        let queries: Vec<_> = (0..100).map(|i| random.near(&vectors[i * 29], 0.3)).collect();
        let bulk = recall(&build(params(metric), &rows), &rows, &queries, 60);
        let graph = Index::new(params(metric), rows.dimensions, Kernels::detect());
        let mut end = 0;
        while end < rows.count() {
            end = (end + 1 + random.below(9)).min(rows.count());
            graph.extend(&rows, end, 1, &mut go_on).unwrap();
        }
        assert_eq!(graph.check().unwrap().unreachable, []);
        if metric != DistanceMetric::DotProduct {
            assert_eq!(not_found(&graph, &rows, 100), []);
        }
        let steps = recall(&graph, &rows, &queries, 60);
        println!("{metric:?}: at once {bulk}, in steps {steps}");
        assert!(bulk > 0.95 && steps > bulk - 0.01, "{metric:?}: at once {bulk}, in steps {steps}");
    }
}

#[test]
fn invisible_rows_are_walked_through() {
    let mut random = Random::new(15);
    let rows = Flat::from_rows(&(0..3_000).map(|_| random.vector(64)).collect::<Vec<_>>());
    let graph = build(params(DistanceMetric::Euclidean), &rows);
    let mut searcher = Searcher::new(&graph, &rows);
    let entry = graph.entry_points.rows()[0];
    for percent in [0, 50, 90, 99, 100] {
        let salt = random.next();
        let visible = |row: u32| row != entry && mix(salt ^ u64::from(row)) % 100 >= percent;
        let count = (0..3_000).filter(|&row| visible(row)).count();
        let mut hits = 0;
        for _ in 0..20 {
            let query = random.vector(64);
            let truth = exact(DistanceMetric::Euclidean, &rows, &query, 10, &visible);
            let found = searcher.search(&query, 10, 60, &visible);
            assert_eq!(found.len(), count.min(10), "{percent} % invisible");
            assert!(found.iter().all(|n| visible(n.row)));
            hits += found.iter().filter(|n| truth.contains(n)).count();
        }
        assert!(hits * 20 >= 19 * 20 * count.min(10), "{percent} % invisible: {hits} of 200 found");
        // k above the number of visible rows returns all of them.
        assert_eq!(searcher.search(&random.vector(64), 5_000, 1, &visible).len(), count);
    }
}

#[test]
fn budgets_and_deadlines_end_a_search_and_limit_bounds_its_results() {
    let mut random = Random::new(16);
    let rows = Flat::from_rows(&(0..2_000).map(|_| random.vector(64)).collect::<Vec<_>>());
    let graph = build(params(DistanceMetric::Euclidean), &rows);
    let vector = random.vector(64);
    let query = PreparedQuery::new(Kernels::detect(), DistanceMetric::Euclidean, &vector);
    let (mut scratch, mut out) = (Scratch::default(), Vec::new());
    let mut request = GraphSearch {
        k: 10,
        ef: 100,
        limit: 500,
        visible: &|_| true,
        prefetch_visibility: None,
        share: None,
        deadline: None,
        budget: None,
        excluded_row: None,
    };
    let full = graph.search(&query, &rows, &request, &mut scratch, &mut out).unwrap();
    assert!(!full.is_partial && out.len() == 10 && out.iter().all(|n| n.row < 500));
    request.budget = Some(full.distances / 2);
    let half = graph.search(&query, &rows, &request, &mut scratch, &mut out).unwrap();
    assert!(half.is_partial && half.distances < full.distances);
    request.budget = None;
    request.deadline = Some(std::time::Instant::now());
    assert!(graph.search(&query, &rows, &request, &mut scratch, &mut out).unwrap().is_partial);
    let mut best = BestK::default();
    best.reset(10, Bounds::default()).unwrap();
    let queries = [query];
    let mut scanned = |deadline, budget| {
        let request = ScanRequest { visible: &|row| row % 2 == 0, deadline, budget };
        let end = scan(&queries, &rows, 0..2_000, &request, std::slice::from_mut(&mut best));
        (end.is_partial, end.distances)
    };
    assert_eq!(scanned(request.deadline, None), (true, 0));
    assert_eq!(scanned(None, Some(999)), (true, 999));
    assert_eq!(scanned(None, Some(1_000)), (false, 1_000));
}
