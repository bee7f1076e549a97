//! Comparing what identifies a file with the configuration.

use crate::column::Schema;
use crate::storage::Superblock;
use crate::store::config::MmapVectorConfig;
use crate::{DistanceMetric, Result, SynaError};

/// Compares what identifies the file with the configuration.
pub(super) fn check_identity(
    config: &MmapVectorConfig,
    superblock: &Superblock,
    schema: &Schema,
) -> Result<()> {
    let identity = &superblock.identity;
    let asked = u32::from(config.dimensions);
    if asked != 0 && asked != identity.dimensions {
        return Err(SynaError::DimensionMismatch { expected: identity.dimensions, actual: u64::from(asked) });
    }
    let metric: DistanceMetric = identity.metric;
    if !config.metric_from_file && config.metric != metric {
        return Err(SynaError::MetricMismatch { expected: metric, actual: config.metric });
    }
    if !config.element_from_file && config.element != identity.element {
        return Err(SynaError::ElementMismatch { expected: identity.element, actual: config.element });
    }
    if !config.key_kind_from_file && config.key_kind != identity.keys {
        return Err(SynaError::KeyKindMismatch { expected: identity.keys, actual: config.key_kind });
    }
    let columns = schema.columns();
    if !config.columns.is_empty() && config.columns != columns {
        let (expected, actual) = (format!("{columns:?}"), format!("{:?}", config.columns));
        return Err(SynaError::ColumnsMismatch { expected, actual });
    }
    let label = superblock.user_block.label;
    if let Some(expected) = config.expected_label.filter(|&expected| expected != label) {
        let (expected, actual) = (label.as_str().to_owned(), expected.as_str().to_owned());
        return Err(SynaError::LabelMismatch { expected, actual });
    }
    Ok(())
}
