//! The vectors of a batch: floats, or bytes as the store keeps them. Their components are checked later.

use crate::store::state::vector_format::VectorFormat;
use crate::store::write::batch::BatchVectors;
use crate::{ElementType, Result, SynaError};
use std::ops::Range;

/// The vectors of a batch, for a store with this format.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CheckedVectors<'a> {
    vectors: BatchVectors<'a>,
    dimensions: usize,
    /// Bytes of a stored vector.
    vector_bytes: usize,
    element: ElementType,
}

/// A vector of a batch.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Given<'a> {
    Floats(&'a [f32]),
    /// As the store keeps it.
    Stored(&'a [u8]),
}

impl<'a> Given<'a> {
    pub(crate) fn bytes(self) -> &'a [u8] {
        match self {
            Self::Floats(floats) => bytemuck::cast_slice(floats),
            Self::Stored(bytes) => bytes,
        }
    }
}

impl<'a> CheckedVectors<'a> {
    pub(super) fn new(vectors: BatchVectors<'a>, format: &VectorFormat) -> Self {
        let VectorFormat { dimensions, vector_bytes, element, .. } = *format;
        Self { vectors, dimensions, vector_bytes, element }
    }

    /// Checks that there are `count` vectors. The lengths of single ones are checked later.
    pub(super) fn check_count(&self, count: usize) -> Result<()> {
        let of_each = |length: usize| length.checked_div(count).unwrap_or(length);
        match self.vectors {
            BatchVectors::Slices(vectors) => check_count(vectors.len(), count, "vectors"),
            BatchVectors::Stored(vectors) => check_count(vectors.len(), count, "vectors"),
            BatchVectors::RowMajor(floats) if count.checked_mul(self.dimensions) != Some(floats.len()) => {
                Err(self.wrong_dimensions(of_each(floats.len())))
            }
            BatchVectors::StoredRowMajor(bytes)
                if count.checked_mul(self.vector_bytes) != Some(bytes.len()) =>
            {
                Err(self.wrong_length(of_each(bytes.len())))
            }
            BatchVectors::RowMajor(_) | BatchVectors::StoredRowMajor(_) => Ok(()),
        }
    }

    /// Whether every vector has the right length.
    pub(super) fn have_lengths(&self) -> bool {
        match self.vectors {
            BatchVectors::Slices(vectors) => vectors.iter().all(|vector| vector.len() == self.dimensions),
            BatchVectors::Stored(vectors) => vectors.iter().all(|vector| vector.len() == self.vector_bytes),
            BatchVectors::RowMajor(_) | BatchVectors::StoredRowMajor(_) => true,
        }
    }

    /// Checks the length of one vector.
    pub(super) fn check_length(&self, position: usize) -> Result<()> {
        match self.at(position) {
            Given::Floats(vector) if vector.len() != self.dimensions => {
                Err(self.wrong_dimensions(vector.len()))
            }
            Given::Stored(vector) if vector.len() != self.vector_bytes => {
                Err(self.wrong_length(vector.len()))
            }
            Given::Floats(_) | Given::Stored(_) => Ok(()),
        }
    }

    fn wrong_dimensions(&self, actual: usize) -> SynaError {
        let expected = u32::try_from(self.dimensions).unwrap_or(u32::MAX);
        SynaError::DimensionMismatch { expected, actual: actual as u64 }
    }

    fn wrong_length(&self, actual: usize) -> SynaError {
        let expected = self.vector_bytes;
        SynaError::argument(format!("a stored vector of this store has {expected} bytes, not {actual}"))
    }

    /// The vector at a position.
    pub(crate) fn at(&self, position: usize) -> Given<'a> {
        let place = |length: usize| position * length..(position + 1) * length;
        match self.vectors {
            BatchVectors::Slices(all) => Given::Floats(all.get(position).copied().unwrap_or_default()),
            BatchVectors::RowMajor(all) => Given::Floats(all.get(place(self.dimensions)).unwrap_or_default()),
            BatchVectors::Stored(all) => Given::Stored(all.get(position).copied().unwrap_or_default()),
            BatchVectors::StoredRowMajor(all) => {
                Given::Stored(all.get(place(self.vector_bytes)).unwrap_or_default())
            }
        }
    }

    /// Appends the bytes of the vectors of some elements to a list.
    pub(crate) fn list_bytes(&self, positions: Range<usize>, into: &mut Vec<&'a [u8]>) {
        let place = |length: usize| positions.start * length..positions.end * length;
        match self.vectors {
            BatchVectors::Slices(all) => {
                let vectors = all.get(positions).unwrap_or_default();
                into.extend(vectors.iter().map(|vector| bytemuck::cast_slice::<f32, u8>(vector)));
            }
            BatchVectors::RowMajor(all) => {
                let vectors = all.get(place(self.dimensions)).unwrap_or_default();
                into.extend(bytemuck::cast_slice(vectors).chunks_exact(4 * self.dimensions));
            }
            BatchVectors::Stored(all) => into.extend_from_slice(all.get(positions).unwrap_or_default()),
            BatchVectors::StoredRowMajor(all) => {
                let vectors = all.get(place(self.vector_bytes)).unwrap_or_default();
                into.extend(vectors.chunks_exact(self.vector_bytes));
            }
        }
    }

    /// Whether the vectors are floats that must be converted to the type in which the store keeps them.
    pub(crate) fn is_converted(&self) -> bool {
        let are_floats = matches!(self.vectors, BatchVectors::Slices(_) | BatchVectors::RowMajor(_));
        are_floats && self.element != ElementType::F32
    }
}

/// Checks that a batch has one of `what` for each key.
pub(super) fn check_count(actual: usize, expected: usize, what: &str) -> Result<()> {
    if actual == expected {
        return Ok(());
    }
    Err(SynaError::argument(format!(
        "the batch has {expected} keys and {actual} {what}; pass one for each key"
    )))
}
