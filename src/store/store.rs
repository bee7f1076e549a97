//! The store's public face (STANDIN bodies).

use super::{MmapVectorConfig, SearchOptions, SearchResults, WriteBatch};
use crate::{DistanceMetric, Result, SynaError};
use std::path::Path;

/// One answer of [`MmapVectorStore::search`].
#[derive(Debug, Clone, PartialEq)]
pub struct MmapSearchResult {
    /// The key.
    pub key: String,
    /// The distance; smaller is nearer.
    pub score: f32,
    /// A copy of the vector.
    pub vector: Vec<f32>,
}

/// A vector store in one memory-mapped file.
#[derive(Debug)]
pub struct MmapVectorStore {}

fn later<T>() -> Result<T> {
    Err(SynaError::Internal { what: "not there yet".to_owned() })
}

#[allow(missing_docs, unused_variables)]
impl MmapVectorStore {
    pub fn new(path: impl AsRef<Path>, config: MmapVectorConfig) -> Result<Self> {
        Ok(Self {})
    }
    pub fn close(self) -> Result<()> {
        Ok(())
    }
    pub fn insert(&self, key: &str, vector: &[f32]) -> Result<()> {
        later()
    }
    pub fn insert_batch(&self, keys: &[&str], vectors: &[&[f32]]) -> Result<usize> {
        later()
    }
    /// Rows that were written: the new ones of an insert, all distinct keys of an upsert.
    pub fn write(&self, batch: &WriteBatch<'_>) -> Result<usize> {
        later()
    }
    pub fn upsert(&self, key: &str, vector: &[f32]) -> Result<()> {
        later()
    }
    pub fn delete(&self, key: &str) -> Result<bool> {
        later()
    }
    pub fn contains(&self, key: &str) -> bool {
        false
    }
    pub fn get(&self, key: &str) -> Result<Option<Vec<f32>>> {
        later()
    }
    pub fn get_slice(&self, key: &str) -> Option<&[f32]> {
        None
    }
    pub fn search(&self, query: &[f32], k: usize) -> Result<Vec<MmapSearchResult>> {
        later()
    }
    pub fn search_with(
        &self,
        query: &[f32],
        k: usize,
        options: &SearchOptions,
        results: &mut SearchResults,
    ) -> Result<()> {
        later()
    }
    pub fn build_index(&self) -> Result<()> {
        later()
    }
    pub fn has_index(&self) -> bool {
        false
    }
    pub fn is_dirty(&self) -> bool {
        false
    }
    pub fn checkpoint(&self) -> Result<()> {
        later()
    }
    pub fn flush(&self) -> Result<()> {
        later()
    }
    pub fn reserve(&self, count: u64) -> Result<()> {
        later()
    }
    pub fn last_durable_seq(&self) -> u64 {
        0
    }
    pub fn len(&self) -> usize {
        0
    }
    pub fn is_empty(&self) -> bool {
        true
    }
    pub fn dimensions(&self) -> u16 {
        64
    }
    pub fn metric(&self) -> DistanceMetric {
        DistanceMetric::Cosine
    }
    pub fn keys(&self) -> Vec<String> {
        Vec::new()
    }
}
