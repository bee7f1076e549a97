//! How the components of vectors are stored.

/// How the components of the vectors of a store are stored. Fixed when the file is created. The numbers 3 (bfloat16) and 4
/// (bits) are set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub enum ElementType {
    /// IEEE 754 binary32, 4 bytes.
    #[default]
    F32 = 0,
    /// IEEE 754 binary16, 2 bytes. A component is rounded to the nearest value, ties to even.
    F16 = 1,
    /// An integer from -127 to 127, 1 byte. A vector has one f32 that its integers are multiplied by.
    I8 = 2,
}

impl ElementType {
    /// The type with this number; `None` if there is none.
    #[must_use]
    pub fn from_number(number: u32) -> Option<Self> {
        [Self::F32, Self::F16, Self::I8].into_iter().find(|element| element.number() == number)
    }

    /// The number of this type in files and in C.
    #[must_use]
    pub fn number(self) -> u32 {
        u32::from(self as u8)
    }

    /// The name of this type in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::I8 => "i8",
        }
    }

    /// Bytes of a vector: its components, and for [`ElementType::I8`] its scale after them, at a multiple of 4.
    pub(crate) const fn vector_bytes(self, dimensions: u32) -> u32 {
        match self {
            Self::F32 => 4 * dimensions,
            Self::F16 => 2 * dimensions,
            Self::I8 => dimensions.next_multiple_of(4) + 4,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_converted_both_ways_and_others_are_refused() {
        for element in [ElementType::F32, ElementType::F16, ElementType::I8] {
            assert_eq!(ElementType::from_number(element.number()), Some(element));
        }
        assert_eq!([3, 4, 255, 256, u32::MAX].map(ElementType::from_number), [None; 5]);
    }

    #[test]
    fn vectors_have_the_bytes_of_their_components_and_the_scale() {
        let bytes = |dimensions| {
            [ElementType::F32, ElementType::F16, ElementType::I8]
                .map(|element| element.vector_bytes(dimensions))
        };
        assert_eq!((bytes(1), bytes(27), bytes(64)), ([4, 2, 8], [108, 54, 32], [256, 128, 68]));
    }
}
