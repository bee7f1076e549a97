//! Memory that may be refused: how data get it, and what the smallest allocations do without it.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `mod.rs` | vectors whose size depends on data: they are made here, and answer [`SynaError::NoMemory`] |
//! | `reserve.rs` | 1.25 MiB for small allocations of the shared library that the system refuses |
//! | `wrap.rs` | has the shared library, and nothing else, allocate through the reserve |
//!
//! `Arc`, `Box`, `String` and the standard library itself end the process when memory is refused, and stable Rust has no
//! other way. In the shared library what they allocate, which is small, then comes out of the reserve. What is large, or
//! many, is to be made by the functions below: they answer an error, also when the reserve runs low.

#[cfg(any(small_reserve, test))]
mod reserve;
#[cfg(small_reserve)]
mod wrap;

use crate::{Result, SynaError};

/// The error for so many elements that there is no memory for.
#[cold]
pub(crate) fn refused<T>(count: usize) -> SynaError {
    SynaError::NoMemory { needed_bytes: (count as u64).saturating_mul(size_of::<T>() as u64) }
}

/// # Errors
/// [`SynaError::NoMemory`] where small allocations have used much of their reserve and the system still has nothing: what is
/// begun now may not come to its end.
pub(crate) fn check() -> Result<()> {
    #[cfg(small_reserve)]
    if reserve::RESERVE.is_low() && !wrap::has_system_memory() {
        return Err(SynaError::NoMemory { needed_bytes: 0 });
    }
    Ok(())
}

/// Room for `count` more elements.
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

/// An empty vector with room for `count` elements.
///
/// # Errors
/// [`SynaError::NoMemory`].
pub(crate) fn with_room<T>(count: usize) -> Result<Vec<T>> {
    let mut vector = Vec::new();
    check()?;
    vector.try_reserve_exact(count).map_err(|_| refused::<T>(count))?;
    Ok(vector)
}

/// A vector of `count` times `value`.
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

/// Adds an element.
///
/// # Errors
/// [`SynaError::NoMemory`].
#[inline]
pub(crate) fn push<T>(vector: &mut Vec<T>, element: T) -> Result<()> {
    reserve(vector, 1)?;
    vector.push(element);
    Ok(())
}

/// Adds all elements of an iterator.
///
/// # Errors
/// [`SynaError::NoMemory`]; those before were added then.
pub(crate) fn extend<T>(vector: &mut Vec<T>, elements: impl IntoIterator<Item = T>) -> Result<()> {
    let elements = elements.into_iter();
    reserve(vector, elements.size_hint().0)?;
    for element in elements {
        push(vector, element)?;
    }
    Ok(())
}

/// All elements of an iterator.
///
/// # Errors
/// [`SynaError::NoMemory`].
pub(crate) fn collected<T>(elements: impl IntoIterator<Item = T>) -> Result<Vec<T>> {
    let mut vector = Vec::new();
    extend(&mut vector, elements)?;
    Ok(vector)
}

/// All elements of an iterator whose elements may be errors.
///
/// # Errors
/// The first of them; [`SynaError::NoMemory`].
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
    fn vectors_are_made_or_refused() {
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
