//! What all calls on a store work on: its file system, its state, its configuration, and whether it may write.

use super::config::MmapVectorConfig;
use crate::storage::Storage;
use crate::store::open::open::ReplayedTo;
use crate::store::state::settings::Settings;
use crate::store::state::shared_state::SharedState;
use crate::store::state::state_history::StateHistory;
use crate::store::write::writer::Writer;
use crate::sync::{Mutex, MutexGuard};
use crate::{Result, SynaError};
use std::sync::Arc;

/// See the module.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) history: Arc<StateHistory>,
    /// As it was at the open.
    pub(crate) config: MmapVectorConfig,
    pub(crate) settings: Arc<Settings>,
    pub(crate) role: Role,
}

/// What a store can do.
#[derive(Debug)]
pub(crate) enum Role {
    Writer(Box<Mutex<Writer>>),
    Reader(Box<Mutex<ReplayedTo>>),
    Closed,
}

impl Inner {
    /// The current state that readers share.
    pub(crate) fn state(&self) -> Arc<SharedState> {
        self.history.hold()
    }

    pub(crate) fn writer(&self) -> Result<MutexGuard<'_, Writer>> {
        match &self.role {
            Role::Writer(writer) => writer.lock().map_err(|_| panicked()),
            Role::Reader(_) | Role::Closed => {
                Err(SynaError::ReadOnly { path: self.state().data.path.clone() })
            }
        }
    }
}

/// The error after a panic of the writer. Its partial state in memory is never written; the file is intact.
pub(crate) fn panicked() -> SynaError {
    SynaError::Poisoned { cause: "a write panicked".to_owned() }
}

/// The state of a reader. A panic in a refresh may have left it incomplete, so it is not used any more.
pub(crate) fn lock(replayed: &Mutex<ReplayedTo>) -> Result<MutexGuard<'_, ReplayedTo>> {
    replayed.lock().map_err(|_| SynaError::Poisoned { cause: "a refresh panicked".to_owned() })
}
