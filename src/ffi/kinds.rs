//! Header section: metrics, kinds of keys, element types.

use crate::{DistanceMetric, ElementType, KeyKind, Result, SynaError};

/// The distance is 1 - cos(a, b), from 0 to 2. It is exactly 1 if one of the vectors is zero.
pub const SYNA_MMAP_METRIC_COSINE: u32 = 0;
/// The distance is the square root of the sum of squared differences.
pub const SYNA_MMAP_METRIC_EUCLIDEAN: u32 = 1;
/// The distance is -(a . b).
pub const SYNA_MMAP_METRIC_DOT_PRODUCT: u32 = 2;
/// For opening only: take the metric of the existing file (UINT32_MAX), for `metric` of syna_mmap_options.
pub const SYNA_MMAP_METRIC_FROM_FILE: u32 = 0xFFFF_FFFF;

/// Keys are UTF-8 text.
pub const SYNA_MMAP_KEYS_TEXT: u32 = 0;
/// Keys are any bytes, for example a uint64_t, a UUID or the id of an entity as it is in memory.
pub const SYNA_MMAP_KEYS_BYTES: u32 = 1;
/// For opening only: take the kind of keys of the existing file (UINT32_MAX), for `key_kind` of
/// syna_mmap_options.
pub const SYNA_MMAP_KEYS_FROM_FILE: u32 = 0xFFFF_FFFF;

/// Components are stored as floats of 4 bytes.
pub const SYNA_MMAP_ELEMENT_F32: u32 = 0;
/// Components are stored as IEEE 754 binary16 (not bfloat16), rounded to the nearest value, ties to even: about
/// 3 significant digits. A component of 65,520 or more in magnitude is SYNA_MMAP_ERR_INVALID_VECTOR. Components
/// below 3e-8 in magnitude become 0, so scale very short vectors before you write them.
pub const SYNA_MMAP_ELEMENT_F16: u32 = 1;
/// Components are stored as integers from -127 to 127, and with each vector one float, the scale, that they are
/// multiplied by: the largest magnitude of the vector's components over 127. A component is rounded to the
/// nearest integer, ties to even. Its error is at most 1/254 of the largest magnitude (more in vectors below
/// 1e-36), so one large component makes the others coarse. A vector of zeros has the scale 0.
pub const SYNA_MMAP_ELEMENT_I8: u32 = 2;
/// For opening only: take the element type of the existing file (UINT32_MAX), for `element` of
/// syna_mmap_options.
pub const SYNA_MMAP_ELEMENT_FROM_FILE: u32 = 0xFFFF_FFFF;

const _: () = assert!(SYNA_MMAP_KEYS_TEXT == KeyKind::Text as u32);
const _: () = assert!(SYNA_MMAP_KEYS_BYTES == KeyKind::Bytes as u32);
const _: () = assert!(SYNA_MMAP_ELEMENT_F32 == ElementType::F32 as u32);
const _: () = assert!(SYNA_MMAP_ELEMENT_F16 == ElementType::F16 as u32);
const _: () = assert!(SYNA_MMAP_ELEMENT_I8 == ElementType::I8 as u32);

/// The error of a number that a member of a struct must not have.
pub(super) fn unknown(member: &str, number: u32) -> SynaError {
    SynaError::argument(format!("{member} is {number}, which this version of the library does not know"))
}

/// The metric of a number in the header.
///
/// # Errors
/// [`SynaError::InvalidArgument`].
pub(super) fn metric_of(number: u32) -> Result<DistanceMetric> {
    match number {
        SYNA_MMAP_METRIC_COSINE => Ok(DistanceMetric::Cosine),
        SYNA_MMAP_METRIC_EUCLIDEAN => Ok(DistanceMetric::Euclidean),
        SYNA_MMAP_METRIC_DOT_PRODUCT => Ok(DistanceMetric::DotProduct),
        _ => Err(unknown("metric", number)),
    }
}

/// The metric's number in the header.
pub(super) fn metric_number(metric: DistanceMetric) -> u32 {
    match metric {
        DistanceMetric::Cosine => SYNA_MMAP_METRIC_COSINE,
        DistanceMetric::Euclidean => SYNA_MMAP_METRIC_EUCLIDEAN,
        DistanceMetric::DotProduct => SYNA_MMAP_METRIC_DOT_PRODUCT,
    }
}

/// The element type of a number in the header.
///
/// # Errors
/// [`SynaError::InvalidArgument`] that names `member`.
pub(super) fn element_of(number: u32, member: &str) -> Result<ElementType> {
    ElementType::from_number(number).ok_or_else(|| unknown(member, number))
}
