//! Stores that keep their vectors as 16-bit floats or as integers with a scale.

mod support;

use std::fs;
use std::ops::ControlFlow;
use support::{Random, TempFolder, quiet};
use syna_mmap::{
    BatchKeys, BatchVectors, DistanceMetric, ElementType, MmapVectorConfig, MmapVectorStore, SearchOptions,
    SearchResults, SynaError, WriteBatch,
};

const METRICS: [DistanceMetric; 3] =
    [DistanceMetric::Cosine, DistanceMetric::Euclidean, DistanceMetric::DotProduct];
const SMALL: [ElementType; 2] = [ElementType::F16, ElementType::I8];
/// Odd, so that rows of each type have padding.
const DIMENSIONS: u16 = 67;

fn config(element: ElementType, metric: DistanceMetric) -> MmapVectorConfig {
    MmapVectorConfig { element, ..quiet(DIMENSIONS, metric) }
}

/// The value that a component has when it is stored, from the definition of the type.
fn rounded(element: ElementType, vector: &[f32]) -> Vec<f32> {
    match element {
        ElementType::F32 => vector.to_vec(),
        ElementType::F16 => vector.iter().map(|&x| nearest_half(x)).collect(),
        ElementType::I8 => {
            let most = vector.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
            let scale = most / 127.0;
            vector.iter().map(|&x| scale * (x * (127.0 / most)).round_ties_even()).collect()
        }
    }
}

/// The nearest binary16 of a normal value, ties to even: 10 bits of the fraction, or multiples of 2^-24.
fn nearest_half(x: f32) -> f32 {
    let exponent = f64::from(x.abs()).log2().floor().max(-14.0);
    let step = (exponent - 10.0).exp2();
    ((f64::from(x) / step).round_ties_even() * step) as f32
}

fn vectors(seed: u64, count: usize) -> Vec<Vec<f32>> {
    let mut random = Random::new(seed);
    (0..count).map(|_| (0..DIMENSIONS).map(|_| random.normal()).collect()).collect()
}

fn write(store: &MmapVectorStore, rows: &[Vec<f32>]) {
    let keys: Vec<String> = (0..rows.len()).map(|row| format!("key{row}")).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let rows: Vec<&[f32]> = rows.iter().map(Vec::as_slice).collect();
    let batch = WriteBatch {
        keys: BatchKeys::Slices(&keys),
        vectors: BatchVectors::Slices(&rows),
        ..WriteBatch::default()
    };
    assert_eq!(store.write(&batch).unwrap().rows, rows.len());
}

/// By f64, as the documents define it.
fn distance(metric: DistanceMetric, a: &[f32], b: &[f32]) -> f64 {
    let dot =
        |a: &[f32], b: &[f32]| -> f64 { a.iter().zip(b).map(|(&x, &y)| f64::from(x) * f64::from(y)).sum() };
    match metric {
        DistanceMetric::Cosine => 1.0 - dot(a, b) / (dot(a, a) * dot(b, b)).sqrt(),
        DistanceMetric::Euclidean => {
            a.iter().zip(b).map(|(&x, &y)| f64::from(x - y).powi(2)).sum::<f64>().sqrt()
        }
        DistanceMetric::DotProduct => -dot(a, b),
    }
}

#[test]
fn stored_vectors_are_rounded_and_distances_are_those_of_the_rounded_vectors() {
    let folder = TempFolder::new("elements");
    let rows = vectors(1, 300);
    for element in SMALL {
        for metric in METRICS {
            let path = folder.file(&format!("{}-{metric:?}", element.name()));
            let store = MmapVectorStore::new(&path, config(element, metric)).unwrap();
            write(&store, &rows);
            let check = |store: &MmapVectorStore| {
                assert_eq!(store.element(), element);
                let query = &vectors(2, 1)[0];
                let mut results = SearchResults::default();
                store
                    .search_with(
                        query,
                        10,
                        &SearchOptions { exact: true, ..SearchOptions::default() },
                        &mut results,
                    )
                    .unwrap();
                let mut expected: Vec<(f64, u32)> = (0..)
                    .zip(&rows)
                    .map(|(row, vector)| (distance(metric, query, &rounded(element, vector)), row))
                    .collect();
                expected.sort_by(|a, b| a.partial_cmp(b).unwrap());
                for (position, (hit, expected)) in results.hits().iter().zip(&expected).enumerate() {
                    assert_eq!(hit.row, expected.1, "{element:?} {metric:?}");
                    assert!((f64::from(hit.distance) - expected.0).abs() < 1e-4, "{hit:?} {expected:?}");
                    assert_eq!(results.vector(position), None);
                    let components = results.components(position).unwrap().unwrap();
                    assert_eq!(components, rounded(element, &rows[hit.row as usize]));
                }
                for (row, vector) in rows.iter().enumerate() {
                    let key = format!("key{row}");
                    assert_eq!(
                        store.get(&key).unwrap().unwrap(),
                        rounded(element, vector),
                        "{element:?} {key}"
                    );
                    assert_eq!(store.get_slice(&key), None);
                }
            };
            check(&store);
            store.close().unwrap();
            let store = MmapVectorStore::new(&path, config(element, metric)).unwrap();
            check(&store);
            let report = store.verify(&mut |_, _| ControlFlow::Continue(())).unwrap();
            assert!(report.findings.is_empty(), "{:?}", report.findings);
            store.compact(&mut |_, _| ControlFlow::Continue(())).unwrap();
            check(&store);
        }
    }
}

#[test]
fn a_query_that_rounds_to_a_stored_vector_finds_it_in_the_index() {
    let folder = TempFolder::new("elements-index");
    let rows = vectors(3, 4_000);
    for element in SMALL {
        for metric in [DistanceMetric::Cosine, DistanceMetric::Euclidean] {
            let path = folder.file(&format!("{}-{metric:?}", element.name()));
            let store = MmapVectorStore::new(&path, config(element, metric)).unwrap();
            write(&store, &rows);
            store.build_index().unwrap();
            for (row, vector) in rows.iter().enumerate() {
                let nearest = &store.search(vector, 1).unwrap()[0];
                assert_eq!(nearest.key, format!("key{row}"), "{element:?} {metric:?}");
            }
            let report = store.verify(&mut |_, _| ControlFlow::Continue(())).unwrap();
            assert!(report.findings.is_empty(), "{:?}", report.findings);
            assert!(store.check_recall(100, 10, 200, 1).unwrap() > 0.9);
            store.close().unwrap();
            let store = MmapVectorStore::new(&path, config(element, metric)).unwrap();
            assert_eq!(store.stats().unwrap().indexed_rows, 4_000);
            assert_eq!(store.search(&rows[17], 1).unwrap()[0].key, "key17");
        }
    }
}

#[test]
fn the_distance_to_a_vector_that_get_returned_has_the_bits_of_a_search() {
    let folder = TempFolder::new("elements-distance");
    let rows = vectors(6, 100);
    for element in SMALL {
        for metric in METRICS {
            let path = folder.file(&format!("{}-{metric:?}", element.name()));
            let store = MmapVectorStore::new(&path, config(element, metric)).unwrap();
            write(&store, &rows);
            let query = &vectors(7, 1)[0];
            for hit in store.search(query, 100).unwrap() {
                let stored = store.get(hit.key.as_str()).unwrap().unwrap();
                assert_eq!(stored, hit.vector);
                let distance = store.distance(query, &stored).unwrap();
                assert_eq!(distance.to_bits(), hit.score.to_bits(), "{element:?} {metric:?} {}", hit.key);
            }
        }
    }
}

#[test]
fn rows_of_the_stores_own_type_are_copied() {
    let folder = TempFolder::new("elements-stored");
    let rows = vectors(4, 50);
    for element in [ElementType::F32, ElementType::F16, ElementType::I8] {
        let from =
            MmapVectorStore::new(folder.file(&format!("{}-a", element.name())), config(element, METRICS[1]));
        let from = from.unwrap();
        write(&from, &rows);
        let to =
            MmapVectorStore::new(folder.file(&format!("{}-b", element.name())), config(element, METRICS[1]));
        let to = to.unwrap();
        let entries: Vec<_> = (0..50).map(|row| from.entry(row).unwrap().unwrap()).collect();
        let keys: Vec<&[u8]> = entries.iter().map(|entry| entry.key.as_bytes()).collect();
        let stored: Vec<&[u8]> = entries.iter().map(|entry| entry.stored).collect();
        let batch = WriteBatch {
            keys: BatchKeys::Bytes(&keys),
            vectors: BatchVectors::Stored(&stored),
            ..WriteBatch::default()
        };
        assert_eq!(to.write(&batch).unwrap().rows, 50);
        for (key, &bytes) in keys.iter().zip(&stored) {
            assert_eq!(to.get(key).unwrap(), from.get(key).unwrap());
            assert_eq!(to.get_view(key).unwrap().unwrap().stored, bytes);
        }
        // One after the other, at an odd address.
        let packed = [&[0_u8][..], &stored.concat()].concat();
        let packed = WriteBatch { vectors: BatchVectors::StoredRowMajor(&packed[1..]), ..batch };
        let packed = WriteBatch { deletions: BatchKeys::Bytes(&keys), ..packed };
        assert_eq!(to.write(&packed).unwrap().rows, 50);
        assert_eq!(to.get("key7").unwrap(), from.get("key7").unwrap());
        let short = [&stored[0][1..]];
        let short =
            WriteBatch { keys: BatchKeys::Slices(&["x"]), vectors: BatchVectors::Stored(&short), ..batch };
        assert!(matches!(to.write(&short), Err(SynaError::InvalidArgument { .. })));
    }
}

#[test]
fn vectors_that_the_type_cannot_hold_are_refused() {
    let folder = TempFolder::new("elements-refused");
    let store = |element: ElementType| {
        let path = folder.file(element.name());
        MmapVectorStore::new(path, config(element, DistanceMetric::Euclidean)).unwrap()
    };
    let with = |value: f32| {
        let mut vector = vec![0.5; usize::from(DIMENSIONS)];
        vector[66] = value;
        vector
    };
    let half = store(ElementType::F16);
    half.insert("most", &with(65_519.99)).unwrap();
    assert_eq!(half.get("most").unwrap().unwrap()[66], 65_504.0);
    for bad in [65_520.0, -1e9, f32::NAN, f32::INFINITY] {
        let error = half.insert("bad", &with(bad)).unwrap_err();
        assert!(matches!(error, SynaError::InvalidVector { position: 0, component: 66, .. }), "{error}");
        assert_eq!(half.len(), 1);
    }
    assert_eq!(half.search(&with(1e9), 1).unwrap()[0].key, "most", "a query may have any finite components");
    let bytes = store(ElementType::I8);
    bytes.insert("most", &with(f32::MAX)).unwrap();
    assert!(bytes.get("most").unwrap().unwrap()[66].is_finite());
    bytes.insert("zero", &[0.0; 67]).unwrap();
    assert_eq!(bytes.get("zero").unwrap().unwrap(), [0.0; 67]);
    assert!(matches!(bytes.insert("bad", &with(f32::NAN)), Err(SynaError::InvalidVector { .. })));
    // A bad element of a batch is named, and nothing is stored.
    let good = with(1.0);
    let bad = with(f32::INFINITY);
    for store in [&half, &bytes] {
        let before = store.len();
        let batch = WriteBatch {
            keys: BatchKeys::Slices(&["a", "b"]),
            vectors: BatchVectors::Slices(&[&good, &bad]),
            ..WriteBatch::default()
        };
        assert!(matches!(
            store.write(&batch),
            Err(SynaError::InvalidVector { position: 1, component: 66, .. })
        ));
        assert_eq!(store.len(), before);
    }
    // Bytes that are no vector.
    let valid = bytes.get_view("most").unwrap().unwrap().stored.to_vec();
    let refused: [(usize, &[u8]); 5] = [
        (3, &[0x80]),
        (67, &[1]),
        (68, &f32::NAN.to_le_bytes()),
        (68, &(-1.0_f32).to_le_bytes()),
        (68, &f32::MAX.to_le_bytes()),
    ];
    for (at, change) in refused {
        let mut wrong = valid.clone();
        wrong[at..at + change.len()].copy_from_slice(change);
        let batch = WriteBatch {
            keys: BatchKeys::Slices(&["c"]),
            vectors: BatchVectors::StoredRowMajor(&wrong),
            ..WriteBatch::default()
        };
        assert!(
            matches!(bytes.write(&batch), Err(SynaError::InvalidStored { position: 0, .. })),
            "{at} {change:?}"
        );
    }
}

#[test]
fn a_store_of_another_type_is_refused_and_files_are_smaller() {
    let folder = TempFolder::new("elements-mismatch");
    let rows = vectors(5, 3_000);
    let mut sizes = Vec::new();
    for element in [ElementType::F32, ElementType::F16, ElementType::I8] {
        let path = folder.file(element.name());
        let store = MmapVectorStore::new(&path, config(element, DistanceMetric::Cosine)).unwrap();
        write(&store, &rows);
        store.compact(&mut |_, _| ControlFlow::Continue(())).unwrap();
        store.close().unwrap();
        sizes.push(fs::metadata(&path).unwrap().len());
        for other in [ElementType::F32, ElementType::F16, ElementType::I8] {
            let opened = MmapVectorStore::new(&path, config(other, DistanceMetric::Cosine));
            match opened {
                Ok(_) => assert_eq!(other, element),
                Err(SynaError::ElementMismatch { expected, actual }) => {
                    assert_eq!((expected, actual), (element, other));
                    assert_ne!(other, element);
                }
                Err(error) => panic!("{error}"),
            }
        }
        let any =
            MmapVectorConfig { element_from_file: true, ..config(ElementType::F32, DistanceMetric::Cosine) };
        assert_eq!(MmapVectorStore::new(&path, any).unwrap().element(), element);
    }
    // There is no file to take the type from.
    let any =
        MmapVectorConfig { element_from_file: true, ..config(ElementType::F16, DistanceMetric::Cosine) };
    for opened in [MmapVectorStore::new(folder.file("none"), any.clone()), MmapVectorStore::in_memory(any)] {
        assert!(matches!(opened, Err(SynaError::NotFound { .. })));
    }
    assert!(!folder.file("none").exists());
    assert!(sizes[0] > sizes[1] && sizes[1] > sizes[2], "{sizes:?}");
}

#[test]
fn tiny_vectors_have_the_same_distances_alone_and_in_a_batch() {
    let folder = TempFolder::new("elements-tiny");
    for element in SMALL {
        let scale = if element == ElementType::F16 { 1e-3 } else { 1e-20 };
        let rows: Vec<Vec<f32>> =
            vectors(6, 100).into_iter().map(|row| row.iter().map(|x| x * scale).collect()).collect();
        for metric in METRICS {
            let path = folder.file(&format!("{}-{metric:?}", element.name()));
            let store = MmapVectorStore::new(&path, config(element, metric)).unwrap();
            write(&store, &rows);
            let exact = SearchOptions { exact: true, ..SearchOptions::default() };
            let stored: Vec<Vec<f32>> =
                (0..100).map(|row| store.get(format!("key{row}")).unwrap().unwrap()).collect();
            let (mut together, mut alone) = (SearchResults::default(), SearchResults::default());
            store.search_batch(&stored.concat(), 3, &exact, &mut together).unwrap();
            for (number, query) in stored.iter().enumerate() {
                store.search_with(query, 3, &exact, &mut alone).unwrap();
                assert_eq!(alone.hits(), together.hits_of(number), "{element:?} {metric:?} {number}");
                if metric != DistanceMetric::DotProduct {
                    let nearest = alone.hits()[0];
                    assert_eq!(
                        (nearest.row as usize, nearest.distance),
                        (number, 0.0),
                        "{element:?} {metric:?}"
                    );
                }
            }
        }
    }
}
