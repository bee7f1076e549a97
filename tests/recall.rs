//! Recall and findability on data and workloads that graph indexes are known to fail on. Every test prints its number. The
//! bounds detect plain defects. With `SYNA_MMAP_FULL=1` each test runs with all metrics.

mod support;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use support::distance::distance;
use support::numbered::append;
use support::{METRICS, Random, is_full, quiet, seed};
use syna_mmap::{
    DistanceMetric, HnswConfig, MmapVectorConfig, MmapVectorStore, SearchOptions, SearchResults,
};

const K: usize = 10;
/// Few candidates, so that recall is below 1 and shows changes.
const EF: usize = 30;

type Vectors = Vec<Vec<f32>>;

/// The metrics that a test runs with: all of them in a full run, else one, which is another one for the next test.
fn metrics(test: usize) -> Vec<DistanceMetric> {
    if is_full() { METRICS.to_vec() } else { vec![METRICS[test % METRICS.len()]] }
}

fn open(dimensions: usize, metric: DistanceMetric) -> MmapVectorStore {
    let config = MmapVectorConfig { threads: 2, ..quiet(u16::try_from(dimensions).unwrap(), metric) };
    MmapVectorStore::in_memory(config).unwrap()
}

/// A store with these rows indexed, under the keys "0", "1", ...
fn built(metric: DistanceMetric, rows: &Vectors) -> MmapVectorStore {
    let store = open(rows[0].len(), metric);
    append(&store, rows);
    store.build_index().unwrap();
    assert_eq!(store.stats().unwrap().indexed_rows, rows.len() as u64);
    store
}

fn near(random: &mut Random, centre: &[f32], spread: f32) -> Vec<f32> {
    random.vector(centre.len()).iter().zip(centre).map(|(x, c)| c + spread * x).collect()
}

/// Vectors around centres, cluster after cluster.
fn clusters(random: &mut Random, count: usize, each: usize, dimensions: usize) -> Vectors {
    let mut rows = Vec::new();
    for _ in 0..count {
        let centre = random.vector(dimensions);
        rows.extend((0..each).map(|_| near(random, &centre, 0.3)));
    }
    rows
}

fn queries_near(random: &mut Random, rows: &Vectors) -> Vectors {
    (0..200).map(|i| near(random, &rows[i * 7919 % rows.len()], 0.2)).collect()
}

/// The fraction of the 10 nearest rows, by distance, that a search with `ef` candidates finds.
fn recall(store: &MmapVectorStore, queries: &Vectors, ef: usize) -> f64 {
    let (mut found, mut exact) = (SearchResults::default(), SearchResults::default());
    let mut hits = 0;
    let mut all = 0;
    for query in queries {
        store
            .search_with(query, K, &SearchOptions { exact: true, ..Default::default() }, &mut exact)
            .unwrap();
        store.search_with(query, K, &SearchOptions { ef, ..Default::default() }, &mut found).unwrap();
        let last = exact.hits().last().unwrap().distance;
        hits += found.hits().iter().filter(|hit| hit.distance <= last).count();
        all += exact.hits().len();
    }
    hits as f64 / all as f64
}

/// How many rows a search for their own vector does not find, by distance, with default candidates.
fn lost<'a>(store: &MmapVectorStore, rows: impl Iterator<Item = &'a Vec<f32>>) -> usize {
    let (mut found, mut exact) = (SearchResults::default(), SearchResults::default());
    rows.filter(|row| {
        store.search_with(row, 1, &SearchOptions::default(), &mut found).unwrap();
        store.search_with(row, 1, &SearchOptions { exact: true, ..Default::default() }, &mut exact).unwrap();
        found.hits()[0].distance > exact.hits()[0].distance
    })
    .count()
}

#[test]
fn every_stored_vector_is_found() {
    let mut random = Random::new(seed(51));
    for metric in
        [DistanceMetric::Euclidean, DistanceMetric::Cosine].into_iter().take(if is_full() { 2 } else { 1 })
    {
        for (name, rows) in [
            ("clusters", clusters(&mut random, 60, 100, 64)),
            ("noise", (0..6_000).map(|_| random.vector(96)).collect()),
        ] {
            let store = built(metric, &rows);
            let lost = lost(&store, rows.iter());
            println!("{metric:?}, {name}: {} of {} find themselves", rows.len() - lost, rows.len());
            assert_eq!(lost, 0, "{metric:?}, {name}");
        }
    }
}

#[test]
fn half_of_the_rows_are_copies() {
    let mut random = Random::new(seed(52));
    for metric in metrics(0) {
        let mut rows = clusters(&mut random, 30, 100, 64);
        // Some rows have more copies, one of them a thousand.
        rows.extend_from_within(..2_000);
        rows.extend(vec![rows[77].clone(); 1_000]);
        let store = built(metric, &rows);
        let recall = recall(&store, &queries_near(&mut random, &rows), EF);
        println!("{metric:?}, 50 % copies: recall {recall:.4}");
        assert!(recall > 0.97, "{metric:?}: {recall}");
        // A search for the vector with a thousand copies returns copies only.
        if metric != DistanceMetric::DotProduct {
            let copies = store.search(&rows[77], 1_001).unwrap();
            assert!(copies.iter().all(|hit| hit.vector == rows[77]), "{metric:?}");
        }
    }
}

#[test]
fn a_dense_cluster_is_larger_than_the_candidate_list() {
    let mut random = Random::new(seed(53));
    for metric in metrics(1) {
        // 32 links a row; 1,500 rows that differ by a thousandth.
        let centre = random.vector(64);
        let mut rows: Vectors = (0..1_500).map(|_| near(&mut random, &centre, 1e-3)).collect();
        rows.extend(clusters(&mut random, 20, 100, 64));
        let store = built(metric, &rows);
        let outside = recall(&store, &queries_near(&mut random, &rows[1_500..].to_vec()), EF);
        let inside: Vectors = (0..100).map(|_| near(&mut random, &centre, 1e-3)).collect();
        let inside = recall(&store, &inside, 200);
        println!("{metric:?}, a dense cluster: recall inside {inside:.4}, outside {outside:.4}");
        // Within a cluster, the largest product with a query depends on the last bits of the codes.
        let least = if metric == DistanceMetric::DotProduct { 0.8 } else { 0.97 };
        assert!(outside > 0.97 && inside > least, "{metric:?}: inside {inside}, outside {outside}");
        if metric != DistanceMetric::DotProduct {
            assert_eq!(lost(&store, rows.iter()), 0, "{metric:?}");
        }
    }
}

#[test]
fn rows_inserted_by_cluster_or_sorted() {
    let mut random = Random::new(seed(54));
    for metric in metrics(2) {
        let by_cluster = clusters(&mut random, 40, 100, 64);
        let mut sorted = by_cluster.clone();
        sorted.sort_by(|a, b| a[0].total_cmp(&b[0]));
        let queries = queries_near(&mut random, &by_cluster);
        for (name, rows) in [("by cluster", by_cluster), ("sorted", sorted)] {
            let recall = recall(&built(metric, &rows), &queries, EF);
            println!("{metric:?}, {name}: recall {recall:.4}");
            assert!(recall > 0.97, "{metric:?}, {name}: {recall}");
        }
    }
}

#[test]
fn log_normal_lengths_with_the_dot_product() {
    let mut random = Random::new(seed(55));
    for (sigma, least) in [(0.5f32, 0.90), (1.0, 0.95)] {
        let rows: Vectors = (0..4_000)
            .map(|_| {
                let length = (sigma * random.normal()).exp();
                random.vector(64).iter().map(|x| x * length).collect()
            })
            .collect();
        let queries: Vectors = (0..200).map(|_| random.vector(64)).collect();
        let recall = recall(&built(DistanceMetric::DotProduct, &rows), &queries, 100);
        println!("dot product, log-normal lengths of sigma {sigma}: recall {recall:.4}");
        assert!(recall > least, "sigma {sigma}: {recall}");
    }
}

#[test]
fn zero_vectors_among_others_with_cosine() {
    let mut random = Random::new(seed(56));
    let mut rows = clusters(&mut random, 30, 100, 64);
    let queries = queries_near(&mut random, &rows);
    for place in (0..rows.len()).step_by(7) {
        rows[place] = vec![0.0; 64];
    }
    let store = built(DistanceMetric::Cosine, &rows);
    let recall = recall(&store, &queries, EF);
    println!("cosine, a seventh zeros: recall {recall:.4}");
    assert!(recall > 0.97, "{recall}");
    // All rows have the same distance to a zero vector: exactly 1.
    let hits = store.search(&[0.0; 64], 5).unwrap();
    assert_eq!(hits.iter().map(|hit| hit.score).collect::<Vec<_>>(), [1.0; 5]);
}

#[test]
fn dimensions_from_64_to_4096() {
    let mut random = Random::new(seed(57));
    for dimensions in [64, 65, 100, 257, 768, 1_537, 4_096] {
        let rows = clusters(&mut random, 21, 100, dimensions);
        let queries: Vectors = queries_near(&mut random, &rows).into_iter().take(60).collect();
        let metrics = if dimensions > 1_000 { vec![METRICS[0]] } else { metrics(dimensions) };
        for metric in metrics {
            let recall = recall(&built(metric, &rows), &queries, 100);
            println!("{dimensions} dimensions, {metric:?}: recall {recall:.4}");
            assert!(recall > 0.98, "{dimensions}, {metric:?}: {recall}");
        }
    }
}

#[test]
fn stores_of_0_to_200_rows_return_exact_results() {
    let mut random = Random::new(seed(58));
    let mut compared = 0;
    for metric in METRICS {
        for count in 0..=200usize {
            let rows: Vectors = (0..count).map(|_| random.vector(64)).collect();
            let store = open(64, metric);
            append(&store, &rows);
            if count % 2 == 0 {
                store.build_index().unwrap();
            }
            let query = random.vector(64);
            let mut expected: Vec<(f64, usize)> =
                rows.iter().map(|row| distance(metric, &query, row)).zip(0..).collect();
            expected.sort_by(|a, b| a.0.total_cmp(&b.0));
            for k in [0, 1, 2, 10, count / 2, count, count + 1, 1_000] {
                let found: Vec<usize> =
                    store.search(&query, k).unwrap().iter().map(|hit| hit.key.parse().unwrap()).collect();
                let expected: Vec<usize> = expected.iter().take(k).map(|&(_, row)| row).collect();
                assert_eq!(found, expected, "{metric:?}, {count} rows, k {k}");
                compared += 1;
            }
        }
    }
    println!("{compared} of {compared} answers are exact");
}

/// Every row is deleted and replaced, some at a time, while the index follows; then it is as good as a new one.
#[test]
fn a_full_turnover_leaves_an_index_as_good_as_a_new_one() {
    let mut random = Random::new(seed(59));
    for metric in metrics(0) {
        let all = clusters(&mut random, 80, 100, 64);
        let mut order: Vec<usize> = (0..all.len()).collect();
        for end in (2..=order.len()).rev() {
            order.swap(end - 1, random.below(end));
        }
        let (old, new) = order.split_at(4_000);
        let config = MmapVectorConfig {
            index_threshold: 2_000,
            hnsw_config: HnswConfig::default(),
            threads: 2,
            ..quiet(64, metric)
        };
        let turned = MmapVectorStore::in_memory(config).unwrap();
        let write = |store: &MmapVectorStore, row: usize| store.insert(row.to_string(), &all[row]).unwrap();
        old.iter().for_each(|&row| write(&turned, row));
        for (&gone, &row) in old.iter().zip(new) {
            assert!(turned.delete(gone.to_string()).unwrap());
            write(&turned, row);
        }
        turned.build_index().unwrap();
        let fresh = open(64, metric);
        new.iter().for_each(|&row| write(&fresh, row));
        fresh.build_index().unwrap();

        let live: BTreeMap<usize, &Vec<f32>> = new.iter().map(|&row| (row, &all[row])).collect();
        let rows: Vectors = live.values().map(|&row| row.clone()).collect();
        let queries = queries_near(&mut random, &rows);
        for ef in [20, 40, 100] {
            let (before, after) = (recall(&fresh, &queries, ef), recall(&turned, &queries, ef));
            println!("{metric:?}, ef {ef}: fresh {before:.4}, turned over {after:.4}");
            assert!(after > before - 0.01 && before > 0.9, "{metric:?}, ef {ef}: {before}, then {after}");
        }
        assert_eq!(turned.len(), 4_000);
        if metric != DistanceMetric::DotProduct {
            let lost = lost(&turned, live.values().copied());
            println!("{metric:?}: {} of 4000 live rows find themselves", 4_000 - lost);
            assert_eq!(lost, 0, "{metric:?}");
        }
        assert_eq!(turned.verify(&mut |_, _| ControlFlow::Continue(())).unwrap().findings, []);
    }
}
