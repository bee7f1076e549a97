//! The tables of handles: they map a caller's token to its object, or to an error.
//!
//! A token is a number that is cast to a pointer and never dereferenced. A token that was closed, or that is used in
//! another process or for another kind of object, therefore gives an error and never reaches another object's memory.
//!
//! A lookup allocates nothing and never waits for another lookup. The only locks are those of the slots, so that a child
//! process can open stores even if another thread was inside this module at the fork.
#![expect(unsafe_code, reason = "slots are accessed by raw pointers; they never move and are never freed")]

use super::tokens::{GENERATION_MASK, INDEX_BITS, Kind, following, generation_of};
use crate::chunk_layout::{ChunkLayout, Position};
use crate::storage::process_mark;
use crate::{Result, SynaError};
use rand::TryRng;
use rand::rngs::SysRng;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{RwLock, TryLockError};

/// log2 of the number of slots in the first chunk.
const FIRST_CHUNK_BITS: u32 = 4;
type Layout = ChunkLayout<FIRST_CHUNK_BITS, 0>;
const CHUNK_COUNT: usize = (INDEX_BITS - FIRST_CHUNK_BITS) as usize;
/// Every index below this limit lies in one of the chunks.
const SLOT_LIMIT: u32 = (1 << INDEX_BITS) - (1 << FIRST_CHUNK_BITS);

/// All objects of one kind in this process.
pub(in crate::ffi) struct Table<T> {
    kind: Kind,
    chunks: [AtomicPtr<Slot<T>>; CHUNK_COUNT],
    /// Slots below this index have been used.
    used_count: AtomicU32,
    /// The free list. Low half: index + 1 of its first slot, 0 if empty. High half: a counter that is incremented with each
    /// change, so that a slow thread cannot mistake a changed list for the one it read (the ABA problem).
    free: AtomicU64,
}

/// Storage for one object at a time.
#[repr(align(128))] // Two stores in use by two threads share no cache line.
struct Slot<T> {
    generation: AtomicUsize,
    /// The process mark of the process that created the object.
    process: AtomicU32,
    next_free: AtomicU32,
    is_poisoned: AtomicBool,
    object: RwLock<Option<T>>,
}

/// The result of [`Table::remove`].
pub(in crate::ffi) enum Removed<T> {
    /// The object was created by this process.
    Own(T),
    /// The object belongs to the parent process. `None` if a thread of the parent was using it at the fork.
    Inherited(Option<T>),
}

impl<T: Send + Sync> Table<T> {
    pub(in crate::ffi) const fn new(kind: Kind) -> Self {
        Self {
            kind,
            chunks: [const { AtomicPtr::new(ptr::null_mut()) }; CHUNK_COUNT],
            used_count: AtomicU32::new(0),
            free: AtomicU64::new(0),
        }
    }

    /// Stores `object` and returns its token.
    ///
    /// # Errors
    /// [`SynaError::Limit`] if all slots are in use, [`SynaError::NoMemory`].
    pub(in crate::ffi) fn insert(&self, object: T) -> Result<usize> {
        let index = self.take_index()?;
        let slot = self.slot_or_new(index)?;
        *slot.object.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(object);
        slot.process.store(process_mark(), Ordering::Relaxed);
        slot.is_poisoned.store(false, Ordering::Relaxed);
        let generation = following(slot.generation.load(Ordering::Relaxed));
        slot.generation.store(generation, Ordering::Release);
        Ok(self.kind.token(index, generation))
    }

    /// Calls `work` with shared access to the object.
    ///
    /// # Errors
    /// [`SynaError::InvalidHandle`], [`SynaError::Poisoned`], and those of `work`.
    pub(in crate::ffi) fn read<R>(&self, token: usize, work: impl FnOnce(&T) -> Result<R>) -> Result<R> {
        let slot = self.live_slot(token)?;
        // Only `remove` waits for the write lock. A refusal therefore means that the object is being closed, or that
        // another thread has exclusive access.
        let guard = slot.object.try_read().map_err(|e| slot.refusal(token, self.kind, &e))?;
        slot.check(token, self.kind)?;
        let object = guard.as_ref().ok_or_else(|| self.kind.not_open())?;
        slot.poison_on_panic(|| work(object))
    }

    /// Calls `work` with exclusive access to the object.
    ///
    /// # Errors
    /// As [`Table::read`], and [`SynaError::InvalidArgument`] if another thread is using the object.
    pub(in crate::ffi) fn write<R>(&self, token: usize, work: impl FnOnce(&mut T) -> Result<R>) -> Result<R> {
        let slot = self.live_slot(token)?;
        let mut guard = match slot.object.try_write() {
            Ok(guard) => guard,
            Err(e) => return Err(slot.refusal(token, self.kind, &e)),
        };
        slot.check(token, self.kind)?;
        let object = guard.as_mut().ok_or_else(|| self.kind.not_open())?;
        slot.poison_on_panic(|| work(object))
    }

    /// Invalidates the token, waits for calls that are using the object, and removes the object.
    ///
    /// # Errors
    /// [`SynaError::InvalidHandle`].
    pub(in crate::ffi) fn remove(&self, token: usize) -> Result<Removed<T>> {
        let (index, generation) = self.parse(token)?;
        let slot = self.slot(index).ok_or_else(|| self.kind.not_open())?;
        let next = following(generation);
        // If two threads close one handle, the thread that advances the generation removes the object.
        slot.generation
            .compare_exchange(generation, next, Ordering::AcqRel, Ordering::Relaxed)
            .map_err(|_| self.kind.not_open())?;
        let is_own = slot.process.load(Ordering::Relaxed) == process_mark();
        let taken = if is_own {
            slot.object.write().unwrap_or_else(std::sync::PoisonError::into_inner).take()
        } else {
            // A lock that a thread of the parent held at the fork stays locked: that thread does not exist here.
            match slot.object.try_write() {
                Ok(mut guard) => guard.take(),
                Err(TryLockError::Poisoned(e)) => e.into_inner().take(),
                Err(TryLockError::WouldBlock) => return Ok(Removed::Inherited(None)),
            }
        };
        slot.object.clear_poison();
        self.give_index_back(index, slot);
        if is_own {
            taken.map(Removed::Own).ok_or_else(|| self.kind.not_open())
        } else {
            Ok(Removed::Inherited(taken))
        }
    }

    fn parse(&self, token: usize) -> Result<(u32, usize)> {
        let wrong = || if token == 0 { self.kind.null() } else { self.kind.not_open() };
        self.kind.parse(token).ok_or_else(wrong)
    }

    fn live_slot(&self, token: usize) -> Result<&Slot<T>> {
        let (index, generation) = self.parse(token)?;
        let slot = self.slot(index).ok_or_else(|| self.kind.not_open())?;
        if slot.generation.load(Ordering::Acquire) != generation {
            return Err(self.kind.not_open());
        }
        if slot.process.load(Ordering::Relaxed) != process_mark() {
            return Err(self.kind.inherited());
        }
        Ok(slot)
    }

    fn slot(&self, index: u32) -> Option<&Slot<T>> {
        let Position { chunk, offset, .. } = Layout::position(index.into());
        let first = self.chunks.get(chunk)?.load(Ordering::Acquire);
        if first.is_null() {
            return None;
        }
        // SAFETY: a chunk that is not null has `chunk_len` slots and is never freed (`slot_or_new`), and `offset` is less
        // than that. Slots are only shared: all their members are atomics or locks.
        Some(unsafe { &*first.add(offset) })
    }

    fn slot_or_new(&self, index: u32) -> Result<&Slot<T>> {
        if self.slot(index).is_none() {
            let Position { chunk, chunk_len: count, .. } = Layout::position(index.into());
            let cell = self.chunks.get(chunk).ok_or_else(|| too_many(index))?;
            let mut slots: Vec<Slot<T>> = Vec::new();
            let needed_bytes = (count as u64).saturating_mul(size_of::<Slot<T>>() as u64);
            slots.try_reserve_exact(count).map_err(|_| SynaError::NoMemory { needed_bytes })?;
            let first = random();
            slots.extend((0..count).map(|place| Slot::new(first_generation(first, place))));
            let made = Box::into_raw(slots.into_boxed_slice());
            let first = made.cast::<Slot<T>>();
            if cell.compare_exchange(ptr::null_mut(), first, Ordering::AcqRel, Ordering::Acquire).is_err() {
                // SAFETY: `made` was just returned by `Box::into_raw` and was not published: another thread's chunk came
                // first.
                drop(unsafe { Box::from_raw(made) });
            }
        }
        self.slot(index).ok_or_else(|| self.kind.not_open())
    }

    /// Takes the index of a free slot.
    fn take_index(&self) -> Result<u32> {
        let mut head = self.free.load(Ordering::Acquire);
        while let Some(index) = low_half(head).checked_sub(1) {
            let Some(slot) = self.slot(index) else { break };
            let next = next_head(head, slot.next_free.load(Ordering::Relaxed));
            match self.free.compare_exchange_weak(head, next, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Ok(index),
                Err(now) => head = now,
            }
        }
        self.used_count
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| (n < SLOT_LIMIT).then_some(n + 1))
            .map_err(too_many)
    }

    fn give_index_back(&self, index: u32, slot: &Slot<T>) {
        let mut head = self.free.load(Ordering::Relaxed);
        loop {
            slot.next_free.store(low_half(head), Ordering::Relaxed);
            let next = next_head(head, index + 1);
            match self.free.compare_exchange_weak(head, next, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return,
                Err(now) => head = now,
            }
        }
    }
}

impl<T> Slot<T> {
    /// `generation` is even: the slot is empty.
    fn new(generation: usize) -> Self {
        Self {
            generation: AtomicUsize::new(generation),
            process: AtomicU32::new(0),
            next_free: AtomicU32::new(0),
            is_poisoned: AtomicBool::new(false),
            object: RwLock::new(None),
        }
    }

    /// Checks, under the slot's lock, that the slot holds the token's object and that it is usable.
    fn check(&self, token: usize, kind: Kind) -> Result<()> {
        if !self.is_of(token) {
            return Err(kind.not_open());
        }
        if self.is_poisoned.load(Ordering::Relaxed) {
            return Err(poisoned());
        }
        Ok(())
    }

    fn is_of(&self, token: usize) -> bool {
        self.generation.load(Ordering::Acquire) == generation_of(token)
    }

    fn refusal<G>(&self, token: usize, kind: Kind, error: &TryLockError<G>) -> SynaError {
        match error {
            TryLockError::Poisoned(_) => poisoned(),
            TryLockError::WouldBlock if self.is_of(token) => {
                SynaError::argument("the results are in use by another thread; give each thread its own")
            }
            TryLockError::WouldBlock => kind.not_open(),
        }
    }

    /// Calls `work`. If it panics, the object is poisoned and later calls are refused.
    fn poison_on_panic<R>(&self, work: impl FnOnce() -> R) -> R {
        struct Poison<'a>(&'a AtomicBool);
        impl Drop for Poison<'_> {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Relaxed);
                log::error!("a bug of the library ended a call; its handle can only be closed");
            }
        }
        let armed = Poison(&self.is_poisoned);
        let answer = work();
        std::mem::forget(armed);
        answer
    }
}

/// A number that differs between copies of the library, so that one copy rejects the tokens of another.
fn random() -> u64 {
    let mut bytes = [0; 8];
    // On failure copies are not told apart; nothing else depends on it.
    let _ = SysRng.try_fill_bytes(&mut bytes);
    u64::from_le_bytes(bytes)
}

/// The initial generation of a slot.
fn first_generation(random: u64, place: usize) -> usize {
    let spread = random.wrapping_add(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(place as u64)) >> 32;
    usize::try_from(spread).unwrap_or(0) & GENERATION_MASK & !1
}

fn poisoned() -> SynaError {
    SynaError::Poisoned { cause: "a bug of the library ended an earlier call".to_owned() }
}

fn too_many(index: u32) -> SynaError {
    SynaError::Limit { what: "handles open at once", limit: SLOT_LIMIT.into(), actual: u64::from(index) + 1 }
}

fn low_half(head: u64) -> u32 {
    u32::try_from(head & u64::from(u32::MAX)).unwrap_or(0)
}

fn next_head(head: u64, first: u32) -> u64 {
    ((head >> 32).wrapping_add(1) << 32) | u64::from(first)
}

#[cfg(test)]
mod tests;
