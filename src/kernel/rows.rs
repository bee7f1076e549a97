//! Vectors as they are stored: f32, or another type.

/// 16-bit floats.
#[derive(Debug, Clone, Copy)]
pub struct Halves<'a>(pub &'a [u16]);

/// Integers, and the factor that makes them components.
#[derive(Debug, Clone, Copy)]
pub struct Bytes<'a> {
    /// The integers.
    pub integers: &'a [i8],
    /// The factor.
    pub scale: f32,
}

/// A stored vector.
#[derive(Debug, Clone, Copy)]
pub enum StoredRow<'a> {
    /// As it was given.
    Floats(&'a [f32]),
    /// Rounded to 16-bit floats.
    Halves(Halves<'a>),
    /// Rounded to multiples of a scale.
    Bytes(Bytes<'a>),
}

impl<'a> StoredRow<'a> {
    /// Components.
    #[inline]
    #[must_use]
    pub fn len(self) -> usize {
        match self {
            Self::Floats(floats) => floats.len(),
            Self::Halves(halves) => halves.0.len(),
            Self::Bytes(bytes) => bytes.integers.len(),
        }
    }

    /// The stored components as bytes, for prefetches.
    #[inline]
    #[must_use]
    pub fn bytes(self) -> &'a [u8] {
        match self {
            Self::Floats(floats) => bytemuck::cast_slice(floats),
            Self::Halves(halves) => bytemuck::cast_slice(halves.0),
            Self::Bytes(bytes) => bytemuck::cast_slice(bytes.integers),
        }
    }

    /// Whether all components are 0.
    #[must_use]
    pub fn is_zero(self) -> bool {
        match self {
            Self::Floats(floats) => floats.iter().all(|&x| x == 0.0),
            Self::Halves(halves) => halves.0.iter().all(|half| half & 0x7FFF == 0),
            Self::Bytes(bytes) => bytes.scale == 0.0 || bytes.integers.iter().all(|&integer| integer == 0),
        }
    }

    /// The components, if they are stored as f32.
    #[inline]
    #[must_use]
    pub fn floats(self) -> Option<&'a [f32]> {
        match self {
            Self::Floats(floats) => Some(floats),
            Self::Halves(_) | Self::Bytes(_) => None,
        }
    }
}

/// Equal values, by the type in which they are stored: -0 equals 0, and zero vectors are equal whatever their scales.
impl PartialEq for StoredRow<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Floats(a), Self::Floats(b)) => a == b,
            (Self::Halves(a), Self::Halves(b)) => {
                let is_equal = |(a, b): (&u16, &u16)| a == b || (a | b) & 0x7FFF == 0;
                a.0.len() == b.0.len() && a.0.iter().zip(b.0).all(is_equal)
            }
            (Self::Bytes(a), Self::Bytes(b)) => {
                a.scale == b.scale && a.integers == b.integers || self.is_zero() && other.is_zero()
            }
            _ => false,
        }
    }
}

impl Default for StoredRow<'_> {
    fn default() -> Self {
        Self::Floats(&[])
    }
}

impl<'a, T: AsRef<[f32]> + ?Sized> From<&'a T> for StoredRow<'a> {
    #[inline]
    fn from(floats: &'a T) -> Self {
        Self::Floats(floats.as_ref())
    }
}

/// Four stored vectors of one type.
#[derive(Debug, Clone, Copy)]
pub enum FourRows<'a> {
    /// As they were given.
    Floats([&'a [f32]; 4]),
    /// Rounded to 16-bit floats.
    Halves([Halves<'a>; 4]),
    /// Rounded to multiples of scales.
    Bytes([Bytes<'a>; 4]),
}

impl<'a> FourRows<'a> {
    /// `None` if they are not of one type, which is never so for rows of one store.
    #[inline]
    #[must_use]
    pub fn of(rows: [StoredRow<'a>; 4]) -> Option<Self> {
        Some(match rows {
            [StoredRow::Floats(a), StoredRow::Floats(b), StoredRow::Floats(c), StoredRow::Floats(d)] => {
                Self::Floats([a, b, c, d])
            }
            [StoredRow::Halves(a), StoredRow::Halves(b), StoredRow::Halves(c), StoredRow::Halves(d)] => {
                Self::Halves([a, b, c, d])
            }
            [StoredRow::Bytes(a), StoredRow::Bytes(b), StoredRow::Bytes(c), StoredRow::Bytes(d)] => {
                Self::Bytes([a, b, c, d])
            }
            _ => return None,
        })
    }
}

/// The type of the stored rows of a table of kernels.
pub(super) trait RowType {
    /// A row.
    type Row<'a>: Copy;
}

/// [`Halves`].
#[derive(Debug, Clone, Copy)]
pub(super) struct HalfRows;
/// [`Bytes`].
#[derive(Debug, Clone, Copy)]
pub(super) struct ByteRows;

impl RowType for HalfRows {
    type Row<'a> = Halves<'a>;
}

impl RowType for ByteRows {
    type Row<'a> = Bytes<'a>;
}

/// The exponent of f32 is biased by 127, that of a half by 15: this factor moves the one to the other. The product is
/// exact, subnormal halves included.
const REBIAS: f32 = f32::from_bits((127 + 127 - 15) << 23);

/// The value of a half. Exact for all finite halves.
#[inline(always)]
pub(super) fn half_value(half: u16) -> f32 {
    let magnitude = f32::from_bits(u32::from(half & 0x7FFF) << 13) * REBIAS;
    f32::from_bits(magnitude.to_bits() | u32::from(half & 0x8000) << 16)
}
