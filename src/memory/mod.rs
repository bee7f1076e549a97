//! Handling of memory that the system refuses.
//!
//! | file | content |
//! | --- | --- |
//! | `mod.rs` | vectors whose size depends on data; their allocation fails with [`SynaError::NoMemory`] |
//! | `reserve.rs` | 1.25 MiB for small allocations of the shared library that the system refuses |
//! | `wrap.rs` | makes the shared library, and nothing else, allocate through the reserve |
//!
//! `Arc`, `Box`, `String` and the standard library abort the process when memory is refused, and stable Rust offers no
//! other way. In the shared library their allocations, which are small, are then served from the reserve. Large or
//! numerous allocations must use the functions below: they return an error, also when the reserve runs low.

#[cfg(any(small_reserve, test))]
mod reserve;
#[cfg(small_reserve)]
mod wrap;

use crate::{Result, SynaError};

/// The error for `count` elements that could not be allocated.
#[cold]
pub(crate) fn refused<T>(count: usize) -> SynaError {
    SynaError::NoMemory { needed_bytes: (count as u64).saturating_mul(size_of::<T>() as u64) }
}

/// # Errors
/// [`SynaError::NoMemory`] if small allocations have used much of the reserve and the system still has no memory: a
/// call that begins now might not be able to finish.
pub(crate) fn check() -> Result<()> {
    #[cfg(small_reserve)]
    if reserve::RESERVE.is_low() && !wrap::has_system_memory() {
        return Err(SynaError::NoMemory { needed_bytes: 0 });
    }
    Ok(())
}

/// Reserves capacity for `count` more elements.
///
/// # Errors
/// [`SynaError::NoMemory`].
#[inline]
pub(crate) fn reserve<T>(vector: &mut Vec<T>, count: usize) -> Result<()> {
    if vector.capacity() - vector.len() >= count {
        return Ok(());
    }
    check()?;
    vector.try_reserve(count).map_err(|_| refused::<T>(count))
}

/// Makes the capacity at least `count` elements.
///
/// # Errors
/// [`SynaError::NoMemory`].
#[inline]
pub(crate) fn reserve_up_to<T>(vector: &mut Vec<T>, count: usize) -> Result<()> {
    reserve(vector, count.saturating_sub(vector.len()))
}

/// An empty vector with capacity for `count` elements.
///
/// # Errors
/// [`SynaError::NoMemory`].
pub(crate) fn with_room<T>(count: usize) -> Result<Vec<T>> {
    let mut vector = Vec::new();
    check()?;
    vector.try_reserve_exact(count).map_err(|_| refused::<T>(count))?;
    Ok(vector)
}

/// A vector of `count` clones of `value`.
///
/// # Errors
/// [`SynaError::NoMemory`].
pub(crate) fn filled<T: Clone>(value: T, count: usize) -> Result<Vec<T>> {
    let mut vector = with_room(count)?;
    vector.resize(count, value);
    Ok(vector)
}

/// A copy of a slice.
///
/// # Errors
/// [`SynaError::NoMemory`].
pub(crate) fn copied<T: Clone>(slice: &[T]) -> Result<Vec<T>> {
    let mut vector = with_room(slice.len())?;
    vector.extend_from_slice(slice);
    Ok(vector)
}

/// Appends an element.
///
/// # Errors
/// [`SynaError::NoMemory`].
#[inline]
pub(crate) fn push<T>(vector: &mut Vec<T>, element: T) -> Result<()> {
    reserve(vector, 1)?;
    vector.push(element);
    Ok(())
}

/// Appends all elements of an iterator.
///
/// # Errors
/// [`SynaError::NoMemory`]; the elements before were appended.
pub(crate) fn extend<T>(vector: &mut Vec<T>, elements: impl IntoIterator<Item = T>) -> Result<()> {
    let elements = elements.into_iter();
    reserve(vector, elements.size_hint().0)?;
    for element in elements {
        push(vector, element)?;
    }
    Ok(())
}

/// A vector of all elements of an iterator.
///
/// # Errors
/// [`SynaError::NoMemory`].
pub(crate) fn collected<T>(elements: impl IntoIterator<Item = T>) -> Result<Vec<T>> {
    let mut vector = Vec::new();
    extend(&mut vector, elements)?;
    Ok(vector)
}

/// A vector of all elements of an iterator of results.
///
/// # Errors
/// The first error; [`SynaError::NoMemory`].
pub(crate) fn all<T>(elements: impl IntoIterator<Item = Result<T>>) -> Result<Vec<T>> {
    let mut vector = Vec::new();
    for element in elements {
        push(&mut vector, element?)?;
    }
    Ok(vector)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_are_allocated_or_refused() {
        assert_eq!(filled(7_u8, 3).unwrap(), [7, 7, 7]);
        assert_eq!(copied(&[1, 2]).unwrap(), [1, 2]);
        assert_eq!(all([Ok(1), Ok(2)]).unwrap(), [1, 2]);
        assert!(matches!(all([Ok(1), Err(SynaError::Cancelled)]), Err(SynaError::Cancelled)));
        assert_eq!(collected((0..100).filter(|n| n % 2 == 0)).unwrap().len(), 50);
        let error = filled(0_u64, usize::MAX / 8).unwrap_err();
        assert!(matches!(error, SynaError::NoMemory { needed_bytes } if needed_bytes > 1 << 62), "{error}");
        let mut vector = vec![1_u64];
        assert!(matches!(
            reserve(&mut vector, usize::MAX),
            Err(SynaError::NoMemory { needed_bytes: u64::MAX })
        ));
        assert_eq!(vector, [1]);
    }
}
