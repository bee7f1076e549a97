//! Distances by definition, independent of the library: the reference for its answers.

use syna_mmap::DistanceMetric;

/// In f64. The cosine distance to a zero vector is 1.
pub fn distance(metric: DistanceMetric, a: &[f32], b: &[f32]) -> f64 {
    let dot =
        |a: &[f32], b: &[f32]| -> f64 { a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum() };
    match metric {
        DistanceMetric::Euclidean => {
            a.iter().zip(b).map(|(x, y)| (f64::from(*x) - f64::from(*y)).powi(2)).sum::<f64>().sqrt()
        }
        DistanceMetric::DotProduct => -dot(a, b),
        DistanceMetric::Cosine => {
            let lengths = (dot(a, a) * dot(b, b)).sqrt();
            if lengths == 0.0 { 1.0 } else { 1.0 - dot(a, b) / lengths }
        }
    }
}
