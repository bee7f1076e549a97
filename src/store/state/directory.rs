//! The key directory: a hash table of row numbers. The keys themselves stay in the file.
//!
//! Open addressing with linear probing (Knuth 6.4, algorithms L and R). An entry is one word, so a lookup usually reads
//! one cache line, and a table that grows is filled from front to back.

use crate::kernel::codes::prefetch_line;
use crate::{Result, SynaError};
use std::hash::BuildHasher;

/// An empty slot. It has a row number that no row has.
const FREE: u64 = u64::MAX;
/// The fewest slots of a table that is not empty.
const LEAST_SLOTS: usize = 64;
/// The most slots of a table that grows with its keys. A larger table is allocated for all planned keys at once. At 32
/// KiB, a small store uses little memory, whatever was planned, and a large one does not rehash while it grows.
const MOST_SMALL_SLOTS: usize = 4096;
/// How many keys' slots are prefetched at a time, so that the reads overlap.
const PREFETCHED_KEYS: usize = 16;

/// Maps the live keys to their rows.
#[derive(Debug, Default)]
pub(crate) struct KeyDirectory {
    /// The upper half is the hash of the key, so that most other keys are excluded without a read from the file. The
    /// lower half is the row. The length is a power of two, or 0.
    slots: Vec<u64>,
    count: usize,
    planned: usize,
}

/// The hash of keys. The seed differs from process to process, so that an attacker cannot choose keys that collide.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeyHasher {
    builder: foldhash::fast::RandomState,
}

impl KeyHasher {
    pub(crate) fn hash(&self, key: &[u8]) -> u32 {
        let hash = self.builder.hash_one(key);
        #[expect(clippy::cast_possible_truncation, reason = "the lower half of a hash is a hash")]
        let half = hash as u32;
        half
    }
}

fn entry(hash: u32, row: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(row)
}

fn row_of(entry: u64) -> u32 {
    #[expect(clippy::cast_possible_truncation, reason = "the row is the lower half")]
    let row = entry as u32;
    row
}

fn hash_of(entry: u64) -> u32 {
    row_of(entry >> 32)
}

impl KeyDirectory {
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// The slot where the search for a hash begins. It uses the upper bits, so the entries have the same order in a
    /// table of twice the size.
    fn home(&self, hash: u32) -> usize {
        let spread = u64::from(hash).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let bits = self.slots.len().trailing_zeros();
        usize::try_from(spread.checked_shr(u64::BITS - bits).unwrap_or(0)).unwrap_or(0)
    }

    /// The entry of a slot. A table without slots has no entries.
    fn at(&self, slot: usize) -> u64 {
        debug_assert!(self.slots.is_empty() || slot < self.slots.len(), "the directory has no slot {slot}");
        self.slots.get(slot).copied().unwrap_or(FREE)
    }

    fn set(&mut self, slot: usize, entry: u64) {
        let place = self.slots.get_mut(slot);
        debug_assert!(place.is_some(), "the directory has no slot {slot}");
        if let Some(place) = place {
            *place = entry;
        }
    }

    fn after(&self, slot: usize) -> usize {
        (slot + 1) & (self.slots.len().wrapping_sub(1))
    }

    /// Sets the number of keys for which a table above [`MOST_SMALL_SLOTS`] is allocated.
    pub(crate) fn plan(&mut self, keys: usize) {
        self.planned = keys;
    }

    /// Allocates for `count` more keys.
    pub(crate) fn try_reserve(&mut self, count: usize) -> Result<()> {
        let keys = self.count.saturating_add(count);
        if keys <= self.slots.len() / 4 * 3 {
            return Ok(());
        }
        let keys = if keys > MOST_SMALL_SLOTS / 4 * 3 { keys.max(self.planned) } else { keys };
        let too_many = || SynaError::NoMemory { needed_bytes: (keys as u64).saturating_mul(16) };
        let least = (keys / 3).checked_add(1).and_then(|third| third.checked_mul(4)).ok_or_else(too_many)?;
        let slots = least.checked_next_power_of_two().ok_or_else(too_many)?.max(LEAST_SLOTS);
        let mut fresh = Vec::new();
        fresh.try_reserve_exact(slots).map_err(|_| too_many())?;
        fresh.resize(slots, FREE);
        let old = std::mem::replace(&mut self.slots, fresh);
        for entry in old.into_iter().filter(|&entry| entry != FREE) {
            self.place(entry);
        }
        Ok(())
    }

    /// Stores an entry in the first free slot from its home on. There must be one.
    fn place(&mut self, entry: u64) {
        let mut slot = self.home(hash_of(entry));
        while self.at(slot) != FREE {
            slot = self.after(slot);
        }
        self.set(slot, entry);
    }

    /// The slot of the entry with this hash for which `is_it(row)` is true, or the free slot where it would be stored.
    fn find_slot(&self, hash: u32, is_it: impl Fn(u32) -> bool) -> (usize, Option<u32>) {
        let mut slot = self.home(hash);
        loop {
            match self.at(slot) {
                FREE => return (slot, None),
                entry if hash_of(entry) == hash && is_it(row_of(entry)) => {
                    return (slot, Some(row_of(entry)));
                }
                _ => slot = self.after(slot),
            }
        }
    }

    /// The row of a key. `has_key(row)` compares the key with that of a row.
    pub(crate) fn find(&self, hash: u32, has_key: impl Fn(u32) -> bool) -> Option<u32> {
        self.find_slot(hash, has_key).1
    }

    /// Adds a key if it is new; otherwise returns its row. Call [`KeyDirectory::try_reserve`] before.
    pub(crate) fn add_new(&mut self, hash: u32, row: u32, has_key: impl Fn(u32) -> bool) -> Option<u32> {
        let (slot, found) = self.find_slot(hash, has_key);
        if found.is_none() {
            debug_assert!(self.count + 1 < self.slots.len(), "no slot was reserved for row {row}");
            self.set(slot, entry(hash, row));
            self.count += 1;
        }
        found
    }

    /// Prefetches the slots of the next keys. Call it for each position of `hashes`, in order.
    #[inline]
    pub(crate) fn prefetch(&self, hashes: &[u32], position: usize) {
        if position.is_multiple_of(PREFETCHED_KEYS) {
            let ahead = if position == 0 { 0 } else { PREFETCHED_KEYS };
            let coming = hashes.get(position + ahead..).unwrap_or_default();
            let coming = coming.get(..2 * PREFETCHED_KEYS - ahead).unwrap_or(coming);
            coming.iter().filter_map(|&hash| self.slots.get(self.home(hash))).for_each(prefetch_line);
        }
    }

    /// Changes the row of a key from `old_row` to `row`.
    pub(crate) fn replace(&mut self, hash: u32, old_row: u32, row: u32) {
        if let (slot, Some(_)) = self.find_slot(hash, |there| there == old_row) {
            self.set(slot, entry(hash, row));
        }
    }

    /// Removes the key of `row`, and moves later entries back that could not be found across the gap (Knuth 6.4,
    /// algorithm R).
    pub(crate) fn remove(&mut self, hash: u32, row: u32) {
        let (mut gap, Some(_)) = self.find_slot(hash, |there| there == row) else { return };
        self.count -= 1;
        let mask = self.slots.len().wrapping_sub(1);
        let mut slot = gap;
        loop {
            slot = self.after(slot);
            let entry = self.at(slot);
            let distance_from = |start: usize| slot.wrapping_sub(start) & mask;
            if entry != FREE && distance_from(self.home(hash_of(entry))) < distance_from(gap) {
                continue;
            }
            self.set(gap, entry);
            if entry == FREE {
                return;
            }
            gap = slot;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[derive(Debug, Clone)]
    enum Step {
        Add(u32),
        Replace(u32),
        Remove(u32),
    }

    /// Few hashes, so that entries collide, and some at the end of the table, so that the probing wraps around.
    fn hash_of_key(key: u32) -> u32 {
        [7, 7 << 16, u32::MAX, u32::MAX - 1][key as usize % 4].wrapping_add(key / 16)
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let key = 0..120_u32;
        let step = prop_oneof![
            3 => key.clone().prop_map(Step::Add),
            1 => key.clone().prop_map(Step::Replace),
            2 => key.prop_map(Step::Remove),
        ];
        proptest::collection::vec(step, 0..400)
    }

    proptest! {
        #[test]
        fn the_directory_behaves_as_a_map(steps in steps()) {
            let mut directory = KeyDirectory::default();
            // A row contains its key: row = number * 1000 + key.
            let mut model: BTreeMap<u32, u32> = BTreeMap::new();
            let key_of = |row: u32| row % 1000;
            for (number, step) in (0..).zip(steps) {
                let fresh = |key: u32| number * 1000 + key;
                match step {
                    Step::Add(key) => {
                        directory.try_reserve(1).unwrap();
                        let found = directory.add_new(hash_of_key(key), fresh(key), |row| key_of(row) == key);
                        prop_assert_eq!(found, model.get(&key).copied());
                        model.entry(key).or_insert(fresh(key));
                    }
                    Step::Replace(key) => {
                        if let Some(row) = model.get_mut(&key) {
                            directory.replace(hash_of_key(key), *row, fresh(key));
                            *row = fresh(key);
                        }
                    }
                    Step::Remove(key) => {
                        if let Some(row) = model.remove(&key) {
                            directory.remove(hash_of_key(key), row);
                        }
                    }
                }
                prop_assert_eq!(directory.len(), model.len());
                for key in 0..120 {
                    let found = directory.find(hash_of_key(key), |row| key_of(row) == key);
                    prop_assert_eq!(found, model.get(&key).copied(), "key {}", key);
                }
            }
        }
    }

    #[test]
    fn planned_keys_are_allocated_when_the_table_is_no_longer_small() {
        let mut directory = KeyDirectory::default();
        directory.plan(100_000);
        for (keys, slots) in
            [(20, 64), (3_000, 4_096), (3_073, 1 << 18), (100_000, 1 << 18), (196_608, 1 << 18)]
        {
            directory.try_reserve(keys).unwrap();
            assert_eq!(directory.slots.len(), slots, "{keys} keys");
        }
    }

    #[test]
    fn an_empty_table_accepts_all_calls() {
        let mut directory = KeyDirectory::default();
        assert_eq!(directory.find(1, |_| true), None);
        directory.remove(1, 1);
        directory.replace(1, 1, 2);
        directory.prefetch(&[1, 2], 0);
        directory.prefetch(&[1, 2], 16);
        assert_eq!(directory.len(), 0);
    }
}
