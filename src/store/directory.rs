//! Which row a key has: a hash table of row numbers. The keys themselves stay in the file.

use crate::{Result, SynaError};
use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;

/// A key's row and a part of its hash, so that most wrong keys are told apart without a look into the file.
#[derive(Debug, Clone, Copy)]
struct Entry {
    hash: u32,
    row: u32,
}

/// Key -> row, for live keys.
#[derive(Debug, Default)]
pub(crate) struct KeyDirectory {
    table: HashTable<Entry>,
}

/// The hash of keys: seeded anew in each process, so that nobody can choose keys that collide.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeyHasher {
    builder: DefaultHashBuilder,
}

impl KeyHasher {
    pub(crate) fn hash(&self, key: &[u8]) -> u32 {
        let hash = self.builder.hash_one(key);
        #[expect(clippy::cast_possible_truncation, reason = "the lower half of a hash is a hash")]
        let half = hash as u32;
        half
    }
}

/// The table places by the low bits and tells apart by the high ones: both from all 32.
fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

impl KeyDirectory {
    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    /// Makes room for `count` more keys.
    pub(crate) fn try_reserve(&mut self, count: usize) -> Result<()> {
        let needed_bytes = (count as u64).saturating_mul(size_of::<Entry>() as u64);
        self.table
            .try_reserve(count, |entry| spread(entry.hash))
            .map_err(|_| SynaError::NoMemory { needed_bytes })
    }

    /// The row of a key; `has_key(row)` compares it with the key of a row.
    pub(crate) fn find(&self, hash: u32, has_key: impl Fn(u32) -> bool) -> Option<u32> {
        self.table.find(spread(hash), |entry| entry.hash == hash && has_key(entry.row)).map(|entry| entry.row)
    }

    /// Adds a key unless it is there; then returns the row it has. One probe for both.
    pub(crate) fn add_new(&mut self, hash: u32, row: u32, has_key: impl Fn(u32) -> bool) -> Option<u32> {
        let is_same = |entry: &Entry| entry.hash == hash && has_key(entry.row);
        match self.table.entry(spread(hash), is_same, |entry| spread(entry.hash)) {
            hashbrown::hash_table::Entry::Occupied(there) => Some(there.get().row),
            hashbrown::hash_table::Entry::Vacant(free) => {
                free.insert(Entry { hash, row });
                None
            }
        }
    }

    /// Gives the key of `old_row` the row `row`.
    pub(crate) fn replace(&mut self, hash: u32, old_row: u32, row: u32) {
        if let Some(entry) = self.table.find_mut(spread(hash), |entry| entry.row == old_row) {
            entry.row = row;
        }
    }

    pub(crate) fn remove(&mut self, hash: u32, row: u32) {
        if let Ok(entry) = self.table.find_entry(spread(hash), |entry| entry.row == row) {
            entry.remove();
        }
    }
}
