//! A reserve for small allocations that the system refuses: slots of five sizes in static memory.
//!
//! Static memory exists from the start, costs nothing before it is used, and needs no allocation. A bit for each slot
//! tells whether it is in use. There is no lock, so a child that is forked at any moment can continue. Freed slots are
//! reused.
#![expect(unsafe_code, reason = "hands out pieces of static memory")]

use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// The slots of one size: bytes of each, their number, the offset of the first one, and its word in the bitmap.
struct Class {
    slot_bytes: usize,
    count: usize,
    at: usize,
    first_word: usize,
}

const CLASSES: [Class; 5] = [
    Class { slot_bytes: 128, count: 512, at: 0, first_word: 0 },
    Class { slot_bytes: 1024, count: 64, at: 64 << 10, first_word: 8 },
    Class { slot_bytes: 8192, count: 16, at: 128 << 10, first_word: 9 },
    Class { slot_bytes: 32 << 10, count: 16, at: 256 << 10, first_word: 10 },
    // The largest small allocations are those for each component of a vector, in stores of 8,192 dimensions.
    Class { slot_bytes: 128 << 10, count: 4, at: 768 << 10, first_word: 11 },
];
const WORDS: usize = 12;
const BYTES: usize = 1280 << 10;
/// The alignment of the memory. A slot is aligned to its own size, at most to this.
const MOST_ALIGNMENT: usize = 8192;

#[repr(C, align(8192))]
struct Memory(UnsafeCell<[u8; BYTES]>);

/// See the module.
pub(super) struct Reserve {
    memory: Memory,
    taken: [AtomicU64; WORDS],
    taken_count: AtomicU32,
}

// SAFETY: the memory is accessed only through slots, and a slot belongs to the thread that set its bit, until it clears
// it.
unsafe impl Sync for Reserve {}

/// The reserve of the process.
#[cfg(small_reserve)]
pub(super) static RESERVE: Reserve = Reserve::new();

impl Reserve {
    pub(super) const fn new() -> Self {
        Self {
            memory: Memory(UnsafeCell::new([0; BYTES])),
            taken: [const { AtomicU64::new(0) }; WORDS],
            taken_count: AtomicU32::new(0),
        }
    }

    /// Takes a slot of at least `bytes` bytes with this alignment, a power of two; NULL if none is free or large enough.
    pub(super) fn take(&self, bytes: usize, alignment: usize) -> *mut u8 {
        if alignment > MOST_ALIGNMENT {
            return std::ptr::null_mut();
        }
        for class in CLASSES.iter().filter(|class| class.slot_bytes >= bytes.max(alignment)) {
            for word_number in 0..class.count.div_ceil(64) {
                let Some(word) = self.taken.get(class.first_word + word_number) else { continue };
                // Bits after the last slot count as taken.
                let absent = u64::MAX.checked_shl(u32::try_from(class.count).unwrap_or(64)).unwrap_or(0);
                let mut bits = word.load(Ordering::Relaxed);
                while bits | absent != u64::MAX {
                    let free = (bits | absent).trailing_ones();
                    match word.compare_exchange_weak(
                        bits,
                        bits | 1 << free,
                        Ordering::Acquire,
                        Ordering::Relaxed,
                    ) {
                        Ok(_) => {
                            self.taken_count.fetch_add(1, Ordering::Relaxed);
                            let slot = 64 * word_number + free as usize;
                            return self.start().wrapping_add(class.at + slot * class.slot_bytes);
                        }
                        Err(now) => bits = now,
                    }
                }
            }
        }
        std::ptr::null_mut()
    }

    /// The bytes of the slot at a pointer; `None` if it does not point to a slot.
    #[inline]
    pub(super) fn slot_bytes(&self, pointer: *const u8) -> Option<usize> {
        let at = pointer.addr().wrapping_sub(self.start().addr());
        if at >= BYTES {
            return None;
        }
        CLASSES.iter().rfind(|class| class.at <= at).map(|class| class.slot_bytes)
    }

    /// Frees a slot; `false` if the pointer does not point to one.
    #[inline]
    pub(super) fn give_back(&self, pointer: *const u8) -> bool {
        let at = pointer.addr().wrapping_sub(self.start().addr());
        if at >= BYTES {
            return false;
        }
        if let Some(class) = CLASSES.iter().rfind(|class| class.at <= at) {
            let slot = (at - class.at) / class.slot_bytes;
            if let Some(word) = self.taken.get(class.first_word + slot / 64) {
                self.taken_count.fetch_sub(1, Ordering::Relaxed);
                word.fetch_and(!(1 << (slot % 64)), Ordering::Release);
            }
        }
        true
    }

    /// Whether more than half of the slots of some size are taken.
    #[inline]
    pub(super) fn is_low(&self) -> bool {
        self.taken_count.load(Ordering::Relaxed) > 0
            && CLASSES.iter().any(|class| {
                let words = self.taken.iter().skip(class.first_word).take(class.count.div_ceil(64));
                let taken: u32 = words.map(|word| word.load(Ordering::Relaxed).count_ones()).sum();
                2 * taken as usize > class.count
            })
    }

    fn start(&self) -> *mut u8 {
        self.memory.0.get().cast()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Takes all slots and returns their addresses.
    fn take_all(reserve: &Reserve, bytes: usize, alignment: usize) -> Vec<*mut u8> {
        std::iter::repeat_with(|| reserve.take(bytes, alignment)).take_while(|slot| !slot.is_null()).collect()
    }

    #[test]
    fn slots_are_disjoint_and_aligned_and_reused() {
        let reserve = Box::new(Reserve::new());
        let cases = [
            (1, 1, 612),
            (129, 8, 100),
            (64, 512, 100),
            (8192, 4096, 36),
            (8193, 1, 20),
            (128 << 10, 8192, 4),
            (1, 16384, 0),
            (200_000, 1, 0),
        ];
        for (bytes, alignment, count) in cases {
            let slots = take_all(&reserve, bytes, alignment);
            assert_eq!(slots.len(), count);
            assert!(slots.iter().all(|slot| slot.addr() % alignment == 0));
            let ends: BTreeSet<(usize, usize)> = slots
                .iter()
                .map(|slot| (slot.addr(), slot.addr() + reserve.slot_bytes(*slot).unwrap()))
                .collect();
            assert!(ends.iter().zip(ends.iter().skip(1)).all(|((_, end), (start, _))| end <= start));
            assert_eq!(reserve.is_low(), count > 0);
            assert!(slots.iter().all(|slot| reserve.give_back(*slot)));
            assert!(!reserve.is_low() && reserve.taken_count.load(Ordering::Relaxed) == 0);
        }
        let other = Box::new(0_u8);
        assert!(!reserve.give_back(&raw const *other) && reserve.slot_bytes(&raw const *other).is_none());
    }

    #[test]
    fn threads_get_different_slots() {
        let reserve = Box::new(Reserve::new());
        std::thread::scope(|scope| {
            for thread in 0..4_u8 {
                let reserve = &reserve;
                scope.spawn(move || {
                    for _ in 0..2_000 {
                        let slots: Vec<_> = (0..20).map(|_| reserve.take(100, 8)).collect();
                        // SAFETY: a slot has 128 bytes and belongs to this thread until it is freed.
                        slots.iter().for_each(|slot| unsafe { slot.write_bytes(thread, 100) });
                        // SAFETY: as above.
                        assert!(slots.iter().all(|slot| unsafe { slot.add(99).read() } == thread));
                        assert!(slots.iter().all(|slot| reserve.give_back(*slot)));
                    }
                });
            }
        });
        assert_eq!(reserve.taken_count.load(Ordering::Relaxed), 0);
    }
}
