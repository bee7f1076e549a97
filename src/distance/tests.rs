use super::*;

const METRICS: [DistanceMetric; 3] =
    [DistanceMetric::Cosine, DistanceMetric::Euclidean, DistanceMetric::DotProduct];
const SMALLEST: f32 = f32::from_bits(1);

/// The distance from its definition, in f64.
fn reference(metric: DistanceMetric, a: &[f32], b: &[f32]) -> f64 {
    let pairs = || a.iter().zip(b).map(|(&x, &y)| (f64::from(x), f64::from(y)));
    let dot: f64 = pairs().map(|(x, y)| x * y).sum();
    match metric {
        DistanceMetric::DotProduct => -dot,
        DistanceMetric::Euclidean => pairs().map(|(x, y)| (x - y) * (x - y)).sum::<f64>().sqrt(),
        DistanceMetric::Cosine => {
            let lengths = [a, b].map(|v| v.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt());
            if lengths.contains(&0.0) { 1.0 } else { 1.0 - dot / (lengths[0] * lengths[1]) }
        }
    }
}

/// The error bound of a distance: relative to it for euclidean, to the sum of the terms' magnitudes for dot product,
/// absolute for cosine; and half a unit in the last place if f32 is coarser than that.
fn bound(metric: DistanceMetric, a: &[f32], b: &[f32], distance: f64) -> f64 {
    let relative = (a.len() as f64 / 16.0 + 16.0) * 2_f64.powi(-24);
    let scale = match metric {
        DistanceMetric::Cosine => 1.0,
        DistanceMetric::Euclidean => distance,
        DistanceMetric::DotProduct => {
            a.iter().zip(b).map(|(&x, &y)| (f64::from(x) * f64::from(y)).abs()).sum()
        }
    };
    relative * scale + f64::from(SMALLEST) / 2.0
}

fn assert_right(kernels: Kernels, metric: DistanceMetric, query: &[f32], row: &[f32]) -> f32 {
    let prepared = PreparedQuery::new(kernels, metric, query);
    let actual = prepared.distance(row);
    let expected = reference(metric, query, row);
    let what = format!(
        "{} {}: {actual} for {expected} of {} components",
        kernels.isa().name(),
        metric.name(),
        row.len()
    );
    assert!(!actual.is_nan(), "{what}");
    assert_ne!(actual.to_bits(), (-0.0_f32).to_bits(), "{what}");
    if scalar::narrow(expected).is_infinite() {
        assert_eq!(actual, scalar::narrow(expected), "{what}");
    } else {
        assert!((f64::from(actual) - expected).abs() <= bound(metric, query, row, expected), "{what}");
    }
    assert_eq!(prepared.distances_4([row.into(); 4]).map(f32::to_bits), [actual.to_bits(); 4], "{what}");
    assert_eq!(
        prepared.distances_of_streams([row.into(); 4]).map(f32::to_bits),
        [actual.to_bits(); 4],
        "{what}"
    );
    let tile = PreparedQuery::distances_4x4(&[prepared; 4], &TileRows::new(&prepared, [row.into(); 4]));
    assert_eq!(tile.map(|of_query| of_query.map(f32::to_bits)), [[actual.to_bits(); 4]; 4], "{what}");
    actual
}

/// Vectors of all magnitudes of f32, alone and mixed, with both signs, and the zero vector.
fn hard_vectors(length: usize) -> Vec<Vec<f32>> {
    let magnitudes = [
        0.0,
        SMALLEST,
        1e-44,
        1e-40,
        f32::MIN_POSITIVE,
        1e-30,
        1e-23,
        1e-19,
        3e-17,
        1e-15,
        1e-8,
        0.37,
        1.0,
        1e8,
        1e15,
        1e18,
        2e19,
        1e30,
        f32::MAX,
    ];
    let mut vectors = Vec::new();
    for magnitude in magnitudes {
        vectors.push(vec![magnitude; length]);
        vectors.push((0..length).map(|i| if i % 3 == 0 { -magnitude } else { magnitude }).collect());
        vectors.push((0..length).map(|i| if i == length - 1 { magnitude } else { 0.0 }).collect());
        vectors.push((0..length).map(|i| if i == length / 2 { magnitude } else { -0.0 }).collect());
    }
    vectors.push((0..length).map(|i| magnitudes[i % magnitudes.len()]).collect());
    vectors
}

#[test]
fn vectors_of_any_magnitude_have_the_right_distance() {
    for kernels in Kernels::available() {
        for length in [1, 7, 64, 100, 1000] {
            let vectors = hard_vectors(length);
            for metric in METRICS {
                for query in &vectors {
                    for row in &vectors {
                        assert_right(kernels, metric, query, row);
                    }
                }
            }
        }
    }
}

#[test]
fn sums_on_both_sides_of_each_threshold_have_the_right_distance() {
    for kernels in Kernels::available() {
        for metric in METRICS {
            // Squares from 1e-36 to 1e-24, and from 1e36 to beyond f32::MAX.
            for step in 0..240 {
                for start in [1e-18_f32, 1e18] {
                    let component = start * 1.059_f32.powi(step);
                    let query: Vec<f32> = (0..70).map(|i| component * (1.0 + i as f32 / 70.0)).collect();
                    let row: Vec<f32> = query.iter().rev().copied().collect();
                    assert_right(kernels, metric, &query, &row);
                    assert_right(kernels, metric, &query, &vec![component; 70]);
                    let unit: Vec<f32> = query.iter().map(|x| x / component).collect();
                    assert_right(kernels, metric, &unit, &row);
                    assert_right(kernels, metric, &row, &unit);
                }
            }
        }
    }
}

#[test]
fn the_distance_of_a_vector_to_itself_is_zero() {
    for kernels in Kernels::available() {
        for length in [64, 100, 768, 8192] {
            for vector in hard_vectors(length) {
                assert_eq!(
                    assert_right(kernels, DistanceMetric::Euclidean, &vector, &vector).to_bits(),
                    0.0_f32.to_bits()
                );
                let has_length = vector.iter().any(|&component| component != 0.0);
                let cosine = assert_right(kernels, DistanceMetric::Cosine, &vector, &vector);
                // The rounding of f32 would show at 1e-8: both lengths come from sums of the same bits.
                let is_right = if has_length { cosine <= 1e-12 } else { cosine == 1.0 };
                assert!(is_right, "{cosine} for {:?}", &vector[..4]);
            }
        }
    }
}

#[test]
fn cosine_is_one_for_zero_vectors_and_stays_within_its_range() {
    for kernels in Kernels::available() {
        let zeros = [0.0, -0.0].repeat(50);
        let vectors = hard_vectors(100);
        for vector in &vectors {
            for (query, row) in [(&zeros, vector), (vector, &zeros)] {
                assert_eq!(PreparedQuery::new(kernels, DistanceMetric::Cosine, query).distance(row), 1.0);
            }
            for row in &vectors {
                let cosine = PreparedQuery::new(kernels, DistanceMetric::Cosine, vector).distance(row);
                assert!((0.0..=2.0).contains(&cosine));
            }
        }
        let tiny = vec![SMALLEST; 64];
        let opposite: Vec<f32> = tiny.iter().map(|component| -component).collect();
        let prepared = PreparedQuery::new(kernels, DistanceMetric::Cosine, &tiny);
        assert_eq!(prepared.distance(&opposite), 2.0);
        assert_eq!(prepared.distance(&[f32::MAX; 64]), 0.0);
    }
}

#[test]
fn only_distances_beyond_f32_are_infinite() {
    for kernels in Kernels::available() {
        let (most, least) = ([f32::MAX; 64], [f32::MIN; 64]);
        let distance =
            |metric, query: &[f32], row: &[f32]| PreparedQuery::new(kernels, metric, query).distance(row);
        assert_eq!(distance(DistanceMetric::Euclidean, &most, &least), f32::INFINITY);
        assert_eq!(distance(DistanceMetric::DotProduct, &most, &most), f32::NEG_INFINITY);
        assert_eq!(distance(DistanceMetric::DotProduct, &most, &least), f32::INFINITY);
        // Each product is beyond f32, and the sum is 0.
        let alternating = [f32::MAX, f32::MIN].repeat(32);
        assert_eq!(distance(DistanceMetric::DotProduct, &most, &alternating).to_bits(), 0.0_f32.to_bits());
        // The square is beyond f32, the root is not.
        let mut row = [0.0; 64];
        row[5] = f32::MAX;
        assert_eq!(distance(DistanceMetric::Euclidean, &[0.0; 64], &row), f32::MAX);
    }
}

#[test]
fn a_distance_does_not_depend_on_other_rows_of_the_call() {
    for kernels in Kernels::available() {
        for metric in METRICS {
            let vectors = hard_vectors(77);
            for query in &vectors {
                let prepared = PreparedQuery::new(kernels, metric, query);
                for (first, row) in vectors.iter().enumerate() {
                    let rows = [0, 1, 19, 50].map(|step| &vectors[(first + step) % vectors.len()][..]);
                    let alone = rows.map(|row| prepared.distance(row).to_bits());
                    assert_eq!(prepared.distances_4(rows.map(Into::into)).map(f32::to_bits), alone);
                    // The distance is symmetric; for cosine within rounding, because the lengths are exchanged.
                    if metric != DistanceMetric::Cosine {
                        let back = PreparedQuery::new(kernels, metric, row).distance(query);
                        assert_eq!(back.to_bits(), alone[0], "{} {}", metric.name(), kernels.isa().name());
                    }
                }
            }
        }
    }
}

#[test]
fn a_prepared_query_returns_its_components() {
    let query = [1.0, 2.0];
    let prepared = PreparedQuery::new(Kernels::detect(), DistanceMetric::DotProduct, &query);
    assert_eq!(prepared.query(), query);
    assert_eq!(prepared.distance(&[3.0, 4.0]), -11.0);
}
