//! Data that graph indexes are known to fail on, and features that must not cost recall.

use super::*;
use crate::failpoint::{Failpoint, set_failpoint};

/// Recall with few candidates of a graph with the maximum number of orphans.
fn recall_with_orphans() -> f64 {
    let mut random = Random::new(61);
    let vectors = random.clusters(30, 100, 64);
    let rows = Flat::from_rows(&vectors);
    let graph = build(params(DistanceMetric::Euclidean), &rows);
    (0..64).for_each(|i| graph.add_orphan(i * 40).unwrap());
    let queries: Vec<_> = (0..60).map(|i| random.near(&vectors[i * 47], 0.2)).collect();
    recall(&graph, &rows, &queries, 16)
}

#[test]
fn orphans_do_not_displace_nearer_rows() {
    let recall = recall_with_orphans();
    assert!(recall > 0.95, "recall {recall}");
}

#[test]
fn orphans_at_minus_infinity_are_detected() {
    set_failpoint(Some(Failpoint::OrphansFirst));
    let recall = recall_with_orphans();
    set_failpoint(None);
    assert!(recall < 0.8, "recall {recall} with the failpoint active");
}

#[test]
fn orphans_are_bounded() {
    let mut random = Random::new(62);
    let rows = Flat::from_rows(&random.clusters(4, 100, 64));
    let graph = build(params(DistanceMetric::Cosine), &rows);
    (0..400).for_each(|row| graph.add_orphan(row).unwrap());
    assert_eq!(graph.orphan_rows(), (0..64).collect::<Vec<_>>());
}

#[test]
fn rows_of_a_hard_graph_get_no_pinned_links() {
    let mut random = Random::new(64);
    let flat = Flat::from_rows(&(0..4_000).map(|_| random.vector(256)).collect::<Vec<_>>());
    for params in [params(DistanceMetric::Cosine), compact(DistanceMetric::Cosine)] {
        let params = GraphParams { m_max: 20, ..params };
        let graph = Index::new(params, 256, Kernels::detect());
        graph.extend(&flat, 2_500, 2, &mut go_on).unwrap();
        assert!(graph.is_hard(), "{:?}", graph.sampled_recall());
        assert!(graph.widened(100) > 100);
        let pinned_links = || graph.lock_build().unwrap().links.pinned_links.len();
        let before = pinned_links();
        graph.extend(&flat, 4_000, 2, &mut go_on).unwrap();
        let (after, checked) = (pinned_links(), graph.check().unwrap());
        assert!(after - before < 20, "{before} pinned links with 2,500 rows, {after} with 4,000");
        assert_eq!(checked.unreachable, []);
    }
}

/// Vectors with few degrees of freedom, like real embeddings.
fn smooth(random: &mut Random, count: usize, dimensions: usize) -> Vec<Vec<f32>> {
    let mixing: Vec<_> = (0..dimensions).map(|_| random.vector(10)).collect();
    let latent: Vec<_> = (0..count).map(|_| random.vector(10)).collect();
    let component = |latent: &[f32], row: &[f32]| -> f32 {
        (latent.iter().zip(row).map(|(a, b)| a * b).sum::<f32>() / 3.0).tanh()
    };
    latent.iter().map(|latent| mixing.iter().map(|row| component(latent, row)).collect()).collect()
}

#[test]
fn early_termination_costs_little_recall() {
    let mut random = Random::new(63);
    let kinds = [
        ("smooth", smooth(&mut random, 3_060, 96)),
        ("normal", (0..3_060).map(|_| random.vector(96)).collect()),
        ("clusters", random.clusters(34, 90, 96)),
    ];
    for (name, mut vectors) in kinds {
        let queries = vectors.split_off(3_000);
        let rows = Flat::from_rows(&vectors);
        for params in [params(DistanceMetric::Euclidean), compact(DistanceMetric::Cosine)] {
            let graph = build(params, &rows);
            let mut searcher = Searcher::new(&graph, &rows);
            let ef = 100;
            let (mut ended, mut whole) = (0, 0);
            for query in &queries {
                let truth = exact(params.metric, &rows, query, 10, &|_| true);
                let last = truth.last().unwrap().distance;
                let mut near = |k| {
                    searcher.search(query, k, ef, &|_| true).iter().filter(|n| n.distance <= last).count()
                };
                ended += near(10);
                // A walk for as many results as candidates does not end early.
                whole += near(ef);
            }
            println!("{name}, {:?}: {ended} of {whole} found", params.metric);
            assert!(ended * 100 >= whole * 99, "{name}, {:?}: {ended} of {whole}", params.metric);
        }
    }
}
