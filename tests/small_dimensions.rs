//! Stores of 1 to 63 dimensions.

mod support;

use std::ops::ControlFlow;
use support::{Random, TempFolder, quiet};
use syna_mmap::{
    BatchKeys, BatchVectors, DistanceMetric, ElementType, HnswConfig, IndexProfile, MmapVectorConfig,
    MmapVectorStore, SearchOptions, SearchResults, SynaError, WriteBatch,
};

const METRICS: [DistanceMetric; 3] =
    [DistanceMetric::Euclidean, DistanceMetric::Cosine, DistanceMetric::DotProduct];

fn config(dimensions: u16, metric: DistanceMetric) -> MmapVectorConfig {
    MmapVectorConfig { small_dimensions: true, ..quiet(dimensions, metric) }
}

/// Vectors around a few centres, as embeddings and poses are.
fn vectors(seed: u64, dimensions: u16, count: usize) -> Vec<f32> {
    let mut random = Random::new(seed);
    let dimensions = usize::from(dimensions);
    let centres: Vec<Vec<f32>> = (0..20).map(|_| random.vector(dimensions)).collect();
    (0..count)
        .flat_map(|row| {
            let noise = random.vector(dimensions);
            centres[row % 20].iter().zip(noise).map(|(c, x)| c + 0.4 * x).collect::<Vec<f32>>()
        })
        .collect()
}

fn write(store: &MmapVectorStore, vectors: &[f32], count: usize) {
    let keys: Vec<String> = (0..count).map(|row| format!("key{row}")).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let batch = WriteBatch {
        keys: BatchKeys::Slices(&keys),
        vectors: BatchVectors::RowMajor(vectors),
        ..WriteBatch::default()
    };
    assert_eq!(store.write(&batch).unwrap().rows, count);
}

#[test]
fn fewer_than_64_dimensions_need_the_option_and_are_refused_without_it() {
    let folder = TempFolder::new("small-refused");
    let path = folder.file("store");
    let small = config(27, DistanceMetric::Euclidean);
    let plain = MmapVectorConfig { small_dimensions: false, ..small.clone() };
    let refused = |config: &MmapVectorConfig| {
        let error = MmapVectorStore::new(&path, config.clone()).unwrap_err();
        assert!(
            matches!(error, SynaError::InvalidDimensions { dimensions } if dimensions == u32::from(config.dimensions)),
            "{error}"
        );
        assert_eq!(error.to_string().contains("small_dimensions"), config.dimensions < 64, "{error}");
    };
    refused(&plain);
    assert!(!path.exists());
    refused(&MmapVectorConfig { dimensions: 8193, ..small.clone() });
    let store = MmapVectorStore::new(&path, small.clone()).unwrap();
    assert!(store.config().small_dimensions);
    store.insert("a", &[1.0; 27]).unwrap();
    assert!(matches!(
        store.insert("b", &[1.0; 28]),
        Err(SynaError::DimensionMismatch { expected: 27, actual: 28 })
    ));
    store.close().unwrap();
    refused(&plain);
    let any = MmapVectorConfig { dimensions: 0, ..plain };
    assert_eq!(MmapVectorStore::new(&path, any).unwrap().dimensions(), 27);
    assert!(matches!(
        MmapVectorStore::new(&path, MmapVectorConfig { dimensions: 28, ..small.clone() }),
        Err(SynaError::DimensionMismatch { expected: 27, actual: 28 })
    ));
    assert_eq!(MmapVectorStore::new(&path, small).unwrap().get("a").unwrap().unwrap(), [1.0; 27]);
}

#[test]
fn every_number_of_dimensions_is_stored_and_read_back() {
    let folder = TempFolder::new("small-every");
    for dimensions in 1..=70 {
        for element in [ElementType::F32, ElementType::F16, ElementType::I8] {
            let path = folder.file(&format!("{dimensions}-{}", element.name()));
            let config = MmapVectorConfig { element, ..config(dimensions, DistanceMetric::Euclidean) };
            let store = MmapVectorStore::new(&path, config.clone()).unwrap();
            // Multiples of 1/64 whose largest is 127/64 are stored exactly by every type.
            let vector = |row: usize| -> Vec<f32> {
                (0..usize::from(dimensions))
                    .map(|i| if i == row % usize::from(dimensions) { 127.0 } else { ((row + i) % 60) as f32 } / 64.0)
                    .collect()
            };
            let rows: Vec<Vec<f32>> = (0..300).map(vector).collect();
            write(&store, &rows.concat(), 300);
            let check = |store: &MmapVectorStore| {
                for (row, vector) in rows.iter().enumerate() {
                    let key = format!("key{row}");
                    assert_eq!(store.get(&key).unwrap().as_ref(), Some(vector), "{dimensions} {element:?}");
                    if let Some(slice) = store.get_slice(&key) {
                        let bytes = size_of_val(slice);
                        let aligned = if bytes > 32 { 64 } else { bytes.next_power_of_two() };
                        assert!(slice.as_ptr().addr().is_multiple_of(aligned));
                    }
                }
            };
            check(&store);
            store.close().unwrap();
            let store = MmapVectorStore::new(&path, config).unwrap();
            check(&store);
            store.delete("key0").unwrap();
            store.compact(&mut |_, _| ControlFlow::Continue(())).unwrap();
            store.insert("key0", &rows[0]).unwrap();
            check(&store);
            let report = store.verify(&mut |_, _| ControlFlow::Continue(())).unwrap();
            assert!(report.findings.is_empty(), "{:?}", report.findings);
        }
    }
}

#[test]
fn the_index_finds_the_nearest_rows() {
    check_indexes(IndexProfile::Fast, &[1, 2, 3, 8, 27, 40, 64, 128]);
}

#[test]
fn the_compact_index_finds_the_nearest_rows() {
    check_indexes(IndexProfile::Compact, &[1, 3, 27, 128]);
}

fn check_indexes(index_profile: IndexProfile, dimension_counts: &[u16]) {
    let folder = TempFolder::new("small-index");
    let (count, query_count) = (2_000, 100);
    for &dimensions in dimension_counts {
        for metric in METRICS {
            let path = folder.file(&format!("{dimensions}-{metric:?}"));
            let hnsw_config = HnswConfig { ef_construction: 60, ..HnswConfig::default() };
            let config = MmapVectorConfig { index_profile, hnsw_config, ..config(dimensions, metric) };
            let store = MmapVectorStore::new(&path, config.clone()).unwrap();
            let rows = vectors(u64::from(dimensions), dimensions, count + query_count);
            let (rows, queries) = rows.split_at(count * usize::from(dimensions));
            write(&store, rows, count);
            store.build_index().unwrap();
            let what = format!("{dimensions} {metric:?} {index_profile:?}");
            check_index(&store, rows, queries, metric, &what);
            store.close().unwrap();
            let store = MmapVectorStore::new(&path, config).unwrap();
            assert_eq!(store.stats().unwrap().indexed_rows, count as u64, "{what}");
            check_index(&store, rows, queries, metric, &what);
        }
    }
}

/// Recall, and that each stored vector finds itself.
fn check_index(store: &MmapVectorStore, rows: &[f32], queries: &[f32], metric: DistanceMetric, what: &str) {
    let dimensions = usize::from(store.dimensions());
    let exact = SearchOptions { exact: true, ..SearchOptions::default() };
    let (mut found, mut all) = (0, 0);
    let (mut results, mut truth) = (SearchResults::default(), SearchResults::default());
    for query in queries.chunks(dimensions) {
        store.search_with(query, 10, &SearchOptions::default(), &mut results).unwrap();
        store.search_with(query, 10, &exact, &mut truth).unwrap();
        // With one dimension all rows are at the cosine distance 0 or 2, up to rounding.
        let last = truth.hits()[9].distance + if metric == DistanceMetric::Cosine { 1e-6 } else { 0.0 };
        found += results.hits().iter().filter(|hit| hit.distance <= last).count();
        all += 10;
    }
    let recall = f64::from(u32::try_from(found).unwrap()) / f64::from(all);
    assert!(recall >= 0.97, "{what}: recall {recall}");
    if metric != DistanceMetric::DotProduct {
        for (row, vector) in rows.chunks(dimensions).enumerate().step_by(7) {
            store.search_with(vector, 1, &SearchOptions::default(), &mut results).unwrap();
            store.search_with(vector, 1, &exact, &mut truth).unwrap();
            let nearest =
                truth.hits()[0].distance + if metric == DistanceMetric::Cosine { 1e-6 } else { 0.0 };
            assert!(results.hits()[0].distance <= nearest, "{what}: row {row}");
        }
    }
}
