//! Basic operations: all kinds of keys and dimensions, batches, deletions, reopening.

mod support;

use support::distance::distance;
use support::{METRICS, Random, TempFolder, quiet, seed};
use syna_mmap::{
    BatchKeys, BatchPayloads, BatchVectors, DistanceMetric, MmapVectorStore, SearchOptions, SearchResults,
    SynaError, WriteBatch, WriteMode,
};

#[test]
fn keys_of_all_lengths_are_stored_and_found_in_all_dimensions() {
    let mut random = Random::new(seed(1));
    for dimensions in [64_u16, 65, 67, 70, 79, 80, 97, 128, 768, 771] {
        for metric in METRICS {
            let folder = TempFolder::new("keys");
            let path = folder.file("store");
            let keys: Vec<String> = (0..=300).map(|length| "k".repeat(length)).collect();
            let vectors: Vec<Vec<f32>> = keys.iter().map(|_| random.vector(dimensions.into())).collect();
            let store = MmapVectorStore::new(&path, quiet(dimensions, metric)).unwrap();
            for (key, vector) in keys.iter().zip(&vectors) {
                store.insert(key, vector).unwrap();
            }
            let query = random.below(keys.len());
            let check = |store: &MmapVectorStore| {
                assert_eq!(store.len(), keys.len());
                assert_eq!(store.keys().unwrap(), keys);
                for (key, vector) in keys.iter().zip(&vectors) {
                    let slice = store.get_slice(key).expect("a key that exists");
                    assert_eq!(slice, vector);
                    assert_eq!(slice.as_ptr().addr() % 64, 0);
                    assert_eq!(store.get(key).unwrap().as_ref(), Some(vector));
                    if metric != DistanceMetric::DotProduct {
                        assert_eq!(&store.search(vector, 1).unwrap()[0].key, key);
                    }
                }
                let found = store.search(&vectors[query], 20).unwrap();
                let mut expected: Vec<f64> =
                    vectors.iter().map(|row| distance(metric, &vectors[query], row)).collect();
                expected.sort_by(f64::total_cmp);
                for (hit, expected) in found.iter().zip(expected) {
                    assert!((f64::from(hit.score) - expected).abs() < 1e-3, "{} {expected}", hit.score);
                }
            };
            check(&store);
            store.close().unwrap();
            check(&MmapVectorStore::new(&path, quiet(dimensions, metric)).unwrap());
        }
    }
}

#[test]
fn ties_are_in_insertion_order_and_any_k_is_accepted() {
    let folder = TempFolder::new("ties");
    let store = MmapVectorStore::new(folder.file("store"), quiet(64, DistanceMetric::Euclidean)).unwrap();
    let vector = [1.0; 64];
    assert!(store.is_empty() && store.search(&vector, 5).unwrap().is_empty());
    for key in ["d", "a", "c", "b"] {
        store.insert(key, &vector).unwrap();
    }
    let keys = |k| store.search(&vector, k).unwrap().into_iter().map(|hit| hit.key).collect::<Vec<_>>();
    assert_eq!(keys(100), ["d", "a", "c", "b"]);
    assert_eq!(keys(2), ["d", "a"]);
    assert!(keys(0).is_empty());
    assert!(matches!(store.search(&vector, usize::MAX), Err(SynaError::Limit { .. })));
}

#[test]
fn an_insert_keeps_existing_keys_and_the_first_duplicate() {
    let folder = TempFolder::new("insert");
    let store = MmapVectorStore::new(folder.file("store"), quiet(64, DistanceMetric::Cosine)).unwrap();
    let [one, two, three] = [[1.0; 64], [2.0; 64], [3.0; 64]];
    store.insert("a", &one).unwrap();
    store.insert("a", &two).unwrap();
    assert_eq!(store.get("a").unwrap().unwrap(), one);
    assert_eq!(store.insert_batch(&["a", "b", "b", "c"], &[&two, &two, &three, &three]).unwrap(), 2);
    assert_eq!(store.get("a").unwrap().unwrap(), one);
    assert_eq!(store.get("b").unwrap().unwrap(), two);
    assert_eq!(store.keys().unwrap(), ["a", "b", "c"]);
    assert_eq!(store.insert_batch(&[], &[]).unwrap(), 0);
}

#[test]
fn an_upsert_keeps_the_last_duplicate_and_old_slices_stay_valid() {
    let folder = TempFolder::new("upsert");
    let path = folder.file("store");
    let store = MmapVectorStore::new(&path, quiet(64, DistanceMetric::Euclidean)).unwrap();
    let rows: Vec<[f32; 64]> = (0..5u8).map(|i| [f32::from(i); 64]).collect();
    store.insert("a", &rows[0]).unwrap();
    let old = store.get_slice("a").unwrap();
    let batch = WriteBatch {
        keys: BatchKeys::Slices(&["b", "a", "b"]),
        vectors: BatchVectors::Slices(&[&rows[1], &rows[2], &rows[3]]),
        tags: Some(&[5, 6, 7]),
        payloads: BatchPayloads::Slices(&[b"x", b"", b"zzz"]),
        mode: WriteMode::Upsert,
        ..WriteBatch::default()
    };
    assert_eq!(store.write(&batch).unwrap().rows, 2);
    assert_eq!(old, rows[0]);
    let check = |store: &MmapVectorStore| {
        assert_eq!(store.len(), 2);
        assert_eq!(store.get("a").unwrap().unwrap(), rows[2]);
        assert_eq!(store.get("b").unwrap().unwrap(), rows[3]);
        assert_eq!((store.tags("a"), store.tags("b"), store.tags("c")), (Some(6), Some(7), None));
        assert_eq!((store.payload("a"), store.payload("b")), (Some(&b""[..]), Some(&b"zzz"[..])));
        let hits = store.search(&rows[0], 5).unwrap();
        assert_eq!(hits.iter().map(|hit| hit.key.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    };
    check(&store);
    store.close().unwrap();
    check(&MmapVectorStore::new(&path, quiet(64, DistanceMetric::Euclidean)).unwrap());
}

#[test]
fn a_deleted_key_is_not_found_and_can_be_inserted_again() {
    let folder = TempFolder::new("delete");
    let path = folder.file("store");
    let store = MmapVectorStore::new(&path, quiet(64, DistanceMetric::Euclidean)).unwrap();
    for i in 0..10u8 {
        store.insert(format!("k{i}"), &[f32::from(i); 64]).unwrap();
    }
    assert!(store.delete("k3").unwrap() && !store.delete("k3").unwrap() && !store.delete("none").unwrap());
    let check = |store: &MmapVectorStore| {
        assert_eq!(store.len(), 9);
        assert!(
            !store.contains("k3") && store.get("k3").unwrap().is_none() && store.get_slice("k3").is_none()
        );
        assert!(store.search(&[3.0; 64], 10).unwrap().iter().all(|hit| hit.key != "k3"));
        assert!(!store.keys().unwrap().contains(&"k3".to_owned()));
    };
    check(&store);
    store.close().unwrap();
    let store = MmapVectorStore::new(&path, quiet(64, DistanceMetric::Euclidean)).unwrap();
    check(&store);
    store.insert("k3", &[30.0; 64]).unwrap();
    assert_eq!(store.get("k3").unwrap().unwrap(), [30.0; 64]);
    assert_eq!(store.keys().unwrap().last().map(String::as_str), Some("k3"));
}

#[test]
fn results_outlive_their_store_and_can_be_reused() {
    let folder = TempFolder::new("results");
    let store = MmapVectorStore::new(folder.file("store"), quiet(64, DistanceMetric::Euclidean)).unwrap();
    store.insert("near", &[1.0; 64]).unwrap();
    store.insert("far", &[9.0; 64]).unwrap();
    let mut results = SearchResults::default();
    let options = SearchOptions { exact: true, ..SearchOptions::default() };
    store.search_with(&[0.0; 64], 1, &options, &mut results).unwrap();
    store.search_with(&[8.0; 64], 2, &options, &mut results).unwrap();
    store.close().unwrap();
    assert_eq!(results.hits().len(), 2);
    assert_eq!((results.key(0), results.key(1), results.key(2)), (Some("far"), Some("near"), None));
    assert_eq!(results.vector(1), Some(&[1.0; 64][..]));
    assert!(!results.is_partial());
}

#[test]
fn a_store_grows_past_its_capacity_and_an_empty_one_is_small() {
    use std::os::unix::fs::MetadataExt;
    let folder = TempFolder::new("growth");
    let path = folder.file("store");
    let config = |capacity| syna_mmap::MmapVectorConfig {
        initial_capacity: capacity,
        ..quiet(128, DistanceMetric::Euclidean)
    };
    let store = MmapVectorStore::new(&path, config(10_000_000)).unwrap();
    let disk_bytes = || std::fs::metadata(&path).unwrap().blocks() * 512;
    assert!(disk_bytes() < 1 << 20, "{} bytes", disk_bytes());
    store.close().unwrap();
    std::fs::remove_file(&path).unwrap();
    let store = MmapVectorStore::new(&path, config(1000)).unwrap();
    let mut random = Random::new(seed(3));
    let vectors: Vec<Vec<f32>> = (0..20_000).map(|_| random.vector(128)).collect();
    let keys: Vec<String> = (0..vectors.len()).map(|i| format!("v{i}")).collect();
    for start in (0..vectors.len()).step_by(777) {
        let end = (start + 777).min(vectors.len());
        let keys: Vec<&str> = keys[start..end].iter().map(String::as_str).collect();
        let rows: Vec<&[f32]> = vectors[start..end].iter().map(Vec::as_slice).collect();
        assert_eq!(store.insert_batch(&keys, &rows).unwrap(), keys.len());
    }
    let rows_bytes = 20_000 * 512;
    assert!(disk_bytes() < rows_bytes + rows_bytes / 4 + (1 << 20), "{} for {rows_bytes}", disk_bytes());
    for (key, vector) in keys.iter().zip(&vectors) {
        assert_eq!(store.get_slice(key), Some(&vector[..]));
    }
    store.reserve(30_000).unwrap();
    assert!(disk_bytes() >= 30_000 * 512);
    assert!(
        matches!(store.reserve(1 << 31).unwrap_err(), SynaError::NoSpace { needed_bytes, .. } if needed_bytes > 1 << 40)
    );
    store.insert("after", &[0.5; 128]).unwrap();
    assert_eq!(store.len(), 20_001);
}
