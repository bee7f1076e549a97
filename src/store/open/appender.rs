//! Creating the appender of a file that is opened or created for writing.

use crate::Result;
use crate::failpoint::{Failpoint, is_failpoint_set};
use crate::storage::{Appender, DataFile, LogPosition, Storage, Superblock};
use crate::store::config::MmapVectorConfig;
use std::sync::Arc;

/// An appender at the end of the log, with a new random session number.
pub(crate) fn new_appender(
    storage: &Arc<dyn Storage>,
    data: Arc<DataFile>,
    superblock: Superblock,
    position: LogPosition,
    config: &MmapVectorConfig,
) -> Result<Appender> {
    let mut session = [0; 8];
    storage.random(&mut session).map_err(|error| data.io("drawing a session number for", error))?;
    if is_failpoint_set(Failpoint::SameSession) {
        session = [0; 8];
    }
    let planned_rows = config.initial_capacity as u64;
    Ok(Appender::new(
        Arc::clone(storage),
        data,
        superblock,
        position,
        u64::from_le_bytes(session),
        planned_rows,
        config.threads > 0,
    ))
}
