//! How the vectors of a store become the bytes of rows, and the bytes become vectors.

use crate::checksum::{crc32c, crc32c_if_finite};
use crate::kernel::Kernels;
use crate::kernel::elements::ElementKernels;
use crate::kernel::rows::{Bytes, Halves, StoredRow};
use crate::storage::{Extents, Identity};
use crate::{ElementType, Result, SynaError};

/// From this magnitude on, a component rounds to an infinite 16-bit float.
const HALF_LIMIT: f32 = 65_520.0;
/// The most components of a vector.
const MAX_DIMENSIONS: usize = 8192;
/// The exponent of 16-bit floats that are not finite.
const HALF_EXPONENT: u16 = 0x7C00;

/// See the module.
#[derive(Debug, Clone, Copy)]
pub(crate) struct VectorFormat {
    pub(crate) element: ElementType,
    pub(crate) dimensions: usize,
    /// Bytes of a stored vector.
    pub(crate) vector_bytes: usize,
    kernels: Kernels,
    elements: ElementKernels,
}

/// A stored vector that can be copied.
pub(crate) struct FoundVector<'a> {
    pub(super) format: &'a VectorFormat,
    pub(super) stored: StoredRow<'a>,
}

impl FoundVector<'_> {
    /// Components.
    pub(crate) fn len(&self) -> usize {
        self.stored.len()
    }

    /// The components, if they are stored as f32.
    pub(crate) fn floats(&self) -> Option<&[f32]> {
        self.stored.floats()
    }

    /// Writes the components.
    pub(crate) fn copy_to(&self, into: &mut [f32]) {
        self.format.decode(self.stored, into);
    }
}

impl VectorFormat {
    pub(crate) fn new(identity: &Identity, kernels: Kernels) -> Self {
        Self {
            element: identity.element,
            dimensions: identity.dimensions as usize,
            vector_bytes: identity.vector_bytes() as usize,
            kernels,
            elements: ElementKernels::detect(),
        }
    }

    /// The stored vector of a published row; `None` for a row that no extent holds.
    #[inline]
    pub(crate) fn row<'a>(&self, extents: &'a Extents, row: u32) -> Option<StoredRow<'a>> {
        Some(match self.element {
            ElementType::F32 => StoredRow::Floats(extents.row(row, self.dimensions)?),
            ElementType::F16 => StoredRow::Halves(Halves(extents.row(row, self.dimensions)?)),
            ElementType::I8 => {
                let (integers, scale) = self.parts(extents.row_bytes(row)?)?;
                StoredRow::Bytes(Bytes { integers, scale })
            }
        })
    }

    /// The integers and the scale of a row of [`ElementType::I8`].
    #[inline]
    fn parts<'a>(&self, bytes: &'a [u8]) -> Option<(&'a [i8], f32)> {
        let (scale, _) = bytes.get(self.vector_bytes - 4..)?.split_first_chunk()?;
        Some((bytemuck::cast_slice(bytes.get(..self.dimensions)?), f32::from_le_bytes(*scale)))
    }

    /// Writes the components of a stored vector.
    pub(crate) fn decode(&self, row: StoredRow<'_>, into: &mut [f32]) {
        match row {
            StoredRow::Floats(floats) => into.copy_from_slice(floats),
            StoredRow::Halves(_) | StoredRow::Bytes(_) => {
                let _ = self.elements.components(row, into);
            }
        }
    }

    /// Writes the bytes of a vector whose components are valid. `into` is aligned for the element type.
    ///
    /// # Errors
    /// [`SynaError::InvalidVector`], with the position 0.
    pub(crate) fn encode(&self, vector: &[f32], into: &mut [u8]) -> Result<()> {
        match self.element {
            ElementType::F32 => {
                self.check(vector)?;
                into.copy_from_slice(bytemuck::cast_slice(vector));
            }
            ElementType::F16 => {
                let halves: &mut [u16] = bytemuck::cast_slice_mut(into);
                self.elements.narrow_half(vector, halves);
                // Without an early end, the compiler turns this into vector code.
                let most = halves.iter().fold(0, |most, half| most.max(half & HALF_EXPONENT));
                if most == HALF_EXPONENT {
                    self.check(vector)?;
                }
            }
            ElementType::I8 => {
                self.check(vector)?;
                let (integers, rest) = into.split_at_mut(self.dimensions);
                let scale = self.elements.narrow_byte(vector, bytemuck::cast_slice_mut(integers));
                let (padding, end) = rest.split_at_mut(rest.len().saturating_sub(4));
                padding.fill(0);
                end.copy_from_slice(&scale.to_le_bytes());
            }
        }
        Ok(())
    }

    /// Checks that a vector can be stored.
    ///
    /// # Errors
    /// [`SynaError::InvalidVector`], with the position 0, if a component is NaN or infinite, or rounds to an infinite
    /// 16-bit float.
    pub(crate) fn check(&self, vector: &[f32]) -> Result<()> {
        self.check_query(vector)?;
        let is_too_large = |component: &f32| component.abs() >= HALF_LIMIT;
        match self.element {
            ElementType::F16 => invalid_at(vector, vector.iter().position(is_too_large)),
            ElementType::F32 | ElementType::I8 => Ok(()),
        }
    }

    /// Checks that all components are finite.
    ///
    /// # Errors
    /// [`SynaError::InvalidVector`], with the position 0.
    pub(crate) fn check_query(&self, vector: &[f32]) -> Result<()> {
        invalid_at(vector, self.kernels.first_non_finite(vector))
    }

    /// The components that a vector has when it is stored, in `room` if they differ. The vector itself if it cannot be
    /// stored, or if the system has no memory.
    pub(crate) fn rounded<'s>(&self, vector: &'s [f32], room: &'s mut Vec<f32>) -> &'s [f32] {
        if self.element == ElementType::F32 || self.check(vector).is_err() {
            return vector;
        }
        room.clear();
        if room.try_reserve(vector.len()).is_err() {
            return vector;
        }
        room.resize(vector.len(), 0.0);
        match self.element {
            ElementType::F32 => return vector,
            ElementType::F16 => {
                let mut halves = [0; 128];
                for (from, into) in vector.chunks(halves.len()).zip(room.chunks_mut(halves.len())) {
                    let Some(halves) = halves.get_mut(..from.len()) else { return vector };
                    self.elements.narrow_half(from, halves);
                    self.elements.widen_half(halves, into);
                }
            }
            ElementType::I8 => {
                let mut integers = [0; MAX_DIMENSIONS];
                let Some(integers) = integers.get_mut(..vector.len()) else { return vector };
                let scale = self.elements.narrow_byte(vector, integers);
                self.elements.widen_byte(integers, scale, room);
            }
        }
        room
    }

    /// The checksum of a stored vector; `None` if it is not the form of a vector: see [`VectorFormat::check_stored`].
    pub(crate) fn checksum(&self, bytes: &[u8]) -> Option<u32> {
        match (self.element, bytemuck::try_cast_slice::<u8, f32>(bytes)) {
            (ElementType::F32, Ok(floats)) => crc32c_if_finite(floats),
            _ => self.check_stored(bytes).ok().map(|()| crc32c(bytes)),
        }
    }

    /// Checks bytes that are to be stored as they are.
    ///
    /// # Errors
    /// With the position 0: [`SynaError::InvalidVector`] if a component is NaN or infinite; [`SynaError::InvalidStored`]
    /// if an integer is -128, the padding is not 0, or the scale is negative, not finite, or so large that components are
    /// infinite.
    pub(crate) fn check_stored(&self, bytes: &[u8]) -> Result<()> {
        let invalid = |component, value| Err(SynaError::InvalidVector { position: 0, component, value });
        match self.element {
            ElementType::F32 => {
                let floats = bytes.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes));
                let found = floats.enumerate().find(|(_, value)| !value.is_finite());
                found.map_or(Ok(()), |(component, value)| invalid(component, value))
            }
            ElementType::F16 => {
                let halves = bytes.as_chunks().0.iter().map(|&bytes| u16::from_le_bytes(bytes));
                let found = halves.enumerate().find(|(_, half)| half & HALF_EXPONENT == HALF_EXPONENT);
                let value = |half: u16| match half & 0x3FF {
                    0 if half & 0x8000 == 0 => f32::INFINITY,
                    0 => f32::NEG_INFINITY,
                    _ => f32::NAN,
                };
                found.map_or(Ok(()), |(component, half)| invalid(component, value(half)))
            }
            ElementType::I8 => {
                let wrong = |what| Err(SynaError::InvalidStored { position: 0, what });
                let Some((integers, scale)) = self.parts(bytes) else { return wrong("it is too short") };
                if integers.contains(&i8::MIN) {
                    return wrong("an integer is -128");
                }
                if !(scale.is_sign_positive() && (scale * 127.0).is_finite()) {
                    return wrong("its scale is negative, infinite or NaN, or too large");
                }
                let padding = bytes.get(self.dimensions..self.vector_bytes - 4).unwrap_or_default();
                if padding.iter().all(|&byte| byte == 0) { Ok(()) } else { wrong("its padding is not zero") }
            }
        }
    }
}

/// Writes the components of a stored vector at any address. There are as many bytes as the type has for the components.
pub(crate) fn decode_vector(element: ElementType, bytes: &[u8], into: &mut [f32]) {
    let kernels = ElementKernels::detect();
    match element {
        ElementType::F32 => {
            for (component, bytes) in into.iter_mut().zip(bytes.as_chunks().0) {
                *component = f32::from_le_bytes(*bytes);
            }
        }
        ElementType::F16 => {
            let mut halves = [0; 128];
            for (into, bytes) in into.chunks_mut(halves.len()).zip(bytes.chunks(2 * halves.len())) {
                for (half, bytes) in halves.iter_mut().zip(bytes.as_chunks().0) {
                    *half = u16::from_le_bytes(*bytes);
                }
                kernels.widen_half(halves.get(..into.len()).unwrap_or_default(), into);
            }
        }
        ElementType::I8 => {
            let (Some(scale), Some(integers)) = (bytes.last_chunk(), bytes.get(..into.len())) else { return };
            kernels.widen_byte(bytemuck::cast_slice(integers), f32::from_le_bytes(*scale), into);
        }
    }
}

/// The error of a vector with an invalid component, if there is one.
fn invalid_at(vector: &[f32], component: Option<usize>) -> Result<()> {
    component.map_or(Ok(()), |component| {
        let value = vector.get(component).copied().unwrap_or(f32::NAN);
        Err(SynaError::InvalidVector { position: 0, component, value })
    })
}

/// An error of a vector, with its position in the batch.
pub(crate) fn at_position(error: SynaError, position: usize) -> SynaError {
    match error {
        SynaError::InvalidVector { component, value, .. } => {
            SynaError::InvalidVector { position, component, value }
        }
        SynaError::InvalidStored { what, .. } => SynaError::InvalidStored { position, what },
        other => other,
    }
}
