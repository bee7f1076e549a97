//! The three metrics, by the numbers that files and the C ABI use.

/// How the distance of two vectors is measured; smaller is nearer for all three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub enum DistanceMetric {
    /// `1 - cos(a, b)`, 0 to 2; exactly 1.0 where one of the vectors has no length.
    #[default]
    Cosine = 0,
    /// The square root of the sum of squared differences.
    Euclidean = 1,
    /// `-(a . b)`: negative, so that a larger product is nearer.
    DotProduct = 2,
}

impl DistanceMetric {
    /// The metric of a number in a file or in a C call; `None` for any other number.
    #[must_use]
    pub fn from_number(number: u32) -> Option<Self> {
        match number {
            0 => Some(Self::Cosine),
            1 => Some(Self::Euclidean),
            2 => Some(Self::DotProduct),
            _ => None,
        }
    }

    /// The number that stands for this metric in files and in C.
    #[must_use]
    pub fn number(self) -> u32 {
        u32::from(self as u8)
    }

    /// The metric's name in messages.
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
    fn numbers_go_there_and_back_and_others_are_refused() {
        for metric in [DistanceMetric::Cosine, DistanceMetric::Euclidean, DistanceMetric::DotProduct] {
            assert_eq!(DistanceMetric::from_number(metric.number()), Some(metric));
        }
        for number in [3, 4, 255, 256, u32::MAX] {
            assert_eq!(DistanceMetric::from_number(number), None);
        }
    }
}
