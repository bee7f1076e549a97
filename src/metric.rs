//! The three metrics, with their numbers in files and in the C ABI.

/// The metric of a store. Smaller distances are nearer, for every metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub enum DistanceMetric {
    /// The distance is `1 - cos(a, b)`, from 0 to 2. It is exactly 1 if one of the vectors is zero.
    #[default]
    Cosine = 0,
    /// The distance is the square root of the sum of squared differences.
    Euclidean = 1,
    /// The distance is `-(a . b)`.
    DotProduct = 2,
}

impl DistanceMetric {
    /// The metric with this number; `None` if there is none.
    #[must_use]
    pub fn from_number(number: u32) -> Option<Self> {
        match number {
            0 => Some(Self::Cosine),
            1 => Some(Self::Euclidean),
            2 => Some(Self::DotProduct),
            _ => None,
        }
    }

    /// The number of this metric in files and in C.
    #[must_use]
    pub fn number(self) -> u32 {
        u32::from(self as u8)
    }

    /// The name of this metric in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cosine => "cosine",
            Self::Euclidean => "euclidean",
            Self::DotProduct => "dot product",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_converted_both_ways_and_others_are_refused() {
        for metric in [DistanceMetric::Cosine, DistanceMetric::Euclidean, DistanceMetric::DotProduct] {
            assert_eq!(DistanceMetric::from_number(metric.number()), Some(metric));
        }
        for number in [3, 4, 255, 256, u32::MAX] {
            assert_eq!(DistanceMetric::from_number(number), None);
        }
    }
}
