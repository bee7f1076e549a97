//! Rows whose keys are their numbers.

use super::Random;
use syna_mmap::MmapVectorStore;

pub fn vectors(random: &mut Random, count: usize, dimensions: u16) -> Vec<Vec<f32>> {
    (0..count).map(|_| random.vector(dimensions.into())).collect()
}

/// Inserts the rows in one batch, with consecutive keys from `first` on.
pub fn insert(store: &MmapVectorStore, rows: &[Vec<f32>], first: usize) {
    let keys: Vec<String> = (first..first + rows.len()).map(|row| row.to_string()).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let rows: Vec<&[f32]> = rows.iter().map(Vec::as_slice).collect();
    assert_eq!(store.insert_batch(&keys, &rows).unwrap(), rows.len());
}

/// Inserts the rows after those in the store.
pub fn append(store: &MmapVectorStore, rows: &[Vec<f32>]) {
    insert(store, rows, store.stats().unwrap().rows as usize);
}

/// The number of indexed rows.
pub fn indexed(store: &MmapVectorStore) -> usize {
    usize::try_from(store.stats().unwrap().indexed_rows).unwrap()
}

/// Checks that a search for each row finds it.
pub fn assert_found(store: &MmapVectorStore, rows: &[Vec<f32>], first: usize) {
    for (row, vector) in rows.iter().enumerate() {
        assert_eq!(store.search(vector, 1).unwrap()[0].key, (first + row).to_string());
    }
}
