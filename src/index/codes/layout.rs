//! `CodeLayout`: how many components and bits the codes of vectors have.

use crate::kernel::codes::{MOST_COMPONENTS, MOST_PLANES};

/// The least components that a neighbour's 1-bit code has: longer ones have smaller errors. Vectors are spread over more
/// components to reach it, unless they are so short that several bits a component are better.
const LEAST_COMPONENTS: usize = 256;

/// The components of codes.
///
/// The error of a neighbour's code falls with the square root of the components of a 1-bit code, and by half with each
/// further bit of a component. So vectors of at most 128 dimensions have codes of 2 to 6 bits a component, which take at
/// most as many bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CodeLayout {
    /// Components of a rotated vector.
    pub(crate) rotated: usize,
    /// Bits of a component of a neighbour's code. Each is a plane of one bit for every component.
    pub(crate) planes: usize,
}

impl CodeLayout {
    /// For vectors with so many components.
    pub(crate) fn new(dimensions: usize) -> Self {
        if dimensions > MOST_COMPONENTS {
            return Self { rotated: dimensions.max(LEAST_COMPONENTS), planes: 1 };
        }
        let planes = LEAST_COMPONENTS / dimensions.next_multiple_of(8).max(8);
        Self { rotated: dimensions, planes: planes.min(MOST_USEFUL_PLANES) }
    }

    /// Components of an 8-bit code: a multiple of 64.
    pub(crate) fn code_dimensions(self) -> usize {
        self.rotated.next_multiple_of(64)
    }

    /// Components of a plane: a multiple of 8.
    pub(crate) fn plane_components(self) -> usize {
        self.rotated.next_multiple_of(8)
    }

    /// Bytes of the planes of a neighbour's code.
    pub(crate) fn plane_bytes(self) -> usize {
        self.planes * self.plane_components() / 8
    }

    /// Lines of a block of 32 neighbours' codes: one for 16 bits of each.
    pub(crate) fn block_lines(self) -> usize {
        self.plane_bytes().div_ceil(2)
    }

    /// Components of a query's lookup table: a multiple of 64.
    pub(crate) fn table_dimensions(self) -> usize {
        (8 * self.plane_bytes()).next_multiple_of(64)
    }
}

/// Further bits add nothing: the lookup table of a query has 6 bits a component.
const MOST_USEFUL_PLANES: usize = 6;

const _: () = assert!(MOST_USEFUL_PLANES <= MOST_PLANES);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_at_most_256_bits_a_neighbour_or_one_for_each_dimension() {
        let of = |dimensions| {
            let layout = CodeLayout::new(dimensions);
            (layout.planes, layout.code_dimensions(), layout.block_lines(), layout.table_dimensions())
        };
        assert_eq!(of(1), (6, 64, 3, 64));
        assert_eq!(of(27), (6, 64, 12, 192));
        assert_eq!(of(64), (4, 64, 16, 256));
        assert_eq!(of(100), (2, 128, 13, 256));
        assert_eq!(of(128), (2, 128, 16, 256));
        assert_eq!(of(129), (1, 256, 16, 256));
        assert_eq!(of(256), (1, 256, 16, 256));
        assert_eq!(of(784), (1, 832, 49, 832));
        for dimensions in 1..=8192 {
            let layout = CodeLayout::new(dimensions);
            assert!(16 * layout.block_lines() <= layout.table_dimensions());
            assert!(layout.code_dimensions() <= layout.table_dimensions());
            assert!(16 * layout.block_lines() <= dimensions.next_multiple_of(16).max(256));
        }
    }
}
