//! The locks of std, each with an atomic counter that ThreadSanitizer sees written before an unlock and read after a
//! lock.
//!
//! They establish the same order as the locks, and no more: a reader is not ordered after another reader.

use super::{AtomicU32, Ordering};
use std::ops::{Deref, DerefMut};
use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};

/// The counter: written before an unlock, read after a lock.
#[derive(Debug, Default)]
struct Mark(AtomicU32);

impl Mark {
    fn leave(&self) {
        self.0.fetch_add(1, Ordering::Release);
    }

    fn see(&self) {
        self.0.load(Ordering::Acquire);
    }
}

/// Writes the mark when it is dropped. A guard drops it before it unlocks.
#[derive(Debug)]
struct Leaving<'a>(&'a Mark);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.leave();
    }
}

fn wrapped<G, W>(locked: LockResult<G>, wrap: impl FnOnce(G) -> W) -> LockResult<W> {
    match locked {
        Ok(guard) => Ok(wrap(guard)),
        Err(poisoned) => Err(PoisonError::new(wrap(poisoned.into_inner()))),
    }
}

#[derive(Debug, Default)]
pub(crate) struct Mutex<T> {
    inner: std::sync::Mutex<T>,
    freed: Mark,
}

#[derive(Debug)]
pub(crate) struct MutexGuard<'a, T> {
    _leaving: Leaving<'a>,
    inner: std::sync::MutexGuard<'a, T>,
}

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { inner: std::sync::Mutex::new(value), freed: Mark::default() }
    }

    pub(crate) fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        wrapped(self.inner.lock(), |inner| {
            self.freed.see();
            MutexGuard { _leaving: Leaving(&self.freed), inner }
        })
    }

    pub(crate) fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        let guard = |inner| {
            self.freed.see();
            MutexGuard { _leaving: Leaving(&self.freed), inner }
        };
        match self.inner.try_lock() {
            Ok(inner) => Ok(guard(inner)),
            Err(TryLockError::Poisoned(error)) => {
                Err(TryLockError::Poisoned(PoisonError::new(guard(error.into_inner()))))
            }
            Err(TryLockError::WouldBlock) => Err(TryLockError::WouldBlock),
        }
    }

    pub(crate) fn into_inner(self) -> LockResult<T> {
        self.freed.see();
        self.inner.into_inner()
    }
}

#[derive(Debug, Default)]
pub(crate) struct RwLock<T> {
    inner: std::sync::RwLock<T>,
    written: Mark,
    read: Mark,
}

#[derive(Debug)]
pub(crate) struct RwLockReadGuard<'a, T> {
    _leaving: Leaving<'a>,
    inner: std::sync::RwLockReadGuard<'a, T>,
}

#[derive(Debug)]
pub(crate) struct RwLockWriteGuard<'a, T> {
    _leaving: Leaving<'a>,
    inner: std::sync::RwLockWriteGuard<'a, T>,
}

impl<T> RwLock<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { inner: std::sync::RwLock::new(value), written: Mark::default(), read: Mark::default() }
    }

    pub(crate) fn read(&self) -> LockResult<RwLockReadGuard<'_, T>> {
        wrapped(self.inner.read(), |inner| {
            self.written.see();
            RwLockReadGuard { _leaving: Leaving(&self.read), inner }
        })
    }

    pub(crate) fn try_read(&self) -> TryLockResult<RwLockReadGuard<'_, T>> {
        let guard = |inner| {
            self.written.see();
            RwLockReadGuard { _leaving: Leaving(&self.read), inner }
        };
        match self.inner.try_read() {
            Ok(inner) => Ok(guard(inner)),
            Err(TryLockError::Poisoned(error)) => {
                Err(TryLockError::Poisoned(PoisonError::new(guard(error.into_inner()))))
            }
            Err(TryLockError::WouldBlock) => Err(TryLockError::WouldBlock),
        }
    }

    pub(crate) fn write(&self) -> LockResult<RwLockWriteGuard<'_, T>> {
        wrapped(self.inner.write(), |inner| {
            self.written.see();
            self.read.see();
            RwLockWriteGuard { _leaving: Leaving(&self.written), inner }
        })
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.inner
    }
}

impl<T> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T> DerefMut for RwLockWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.inner
    }
}
