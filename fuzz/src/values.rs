//! Columns of the stores of the model, whose values follow from tags and payloads.

use syna_mmap::{Column, ColumnKind, ColumnValues, MmapVectorStore, Value, Values};

/// The columns of a store that has some: the tags as a signed number, and the length of the payload.
pub fn two_columns() -> Vec<Column> {
    let column = |name, kind| Column::new(name, kind).unwrap();
    vec![column("tags", ColumnKind::I64), column("length", ColumnKind::F64)]
}

/// The values of a row in [`two_columns`].
pub fn values_of(tags: u64, payload: &[u8]) -> Vec<Value> {
    vec![Value::I64(tags as i64), Value::F64(payload.len() as f64)]
}

/// The values of the rows of a batch in [`two_columns`].
pub struct BatchValues {
    tags: Vec<i64>,
    lengths: Vec<f64>,
}

impl BatchValues {
    pub fn new(tags: &[u64], payloads: &[Vec<u8>]) -> Self {
        let lengths = payloads.iter().map(|payload| payload.len() as f64).collect();
        Self { tags: tags.iter().map(|&tags| tags as i64).collect(), lengths }
    }

    /// Those that a write gives to a store with columns.
    pub fn given(&self, store: &MmapVectorStore, tags: bool, payloads: bool) -> Vec<ColumnValues<'_>> {
        let tags = tags.then_some(ColumnValues { column: 0, values: Values::I64(&self.tags) });
        let lengths = payloads.then_some(ColumnValues { column: 1, values: Values::F64(&self.lengths) });
        // In any order.
        let given = lengths.into_iter().chain(tags);
        given.filter(|_| !store.columns().is_empty()).collect()
    }
}
