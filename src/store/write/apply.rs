//! Writing: a batch is checked, appended while its keys are looked up, and only then shown to readers.

use crate::kernel::codes::prefetch;
use crate::memory;
use crate::storage::{Appender, FrameContent, LogPosition, NewRows};
use crate::store::state::core::{SharedState, check_finite};
use crate::store::state::rows::Snapshot;
use crate::store::write::batch::{WriteBatch, WriteMode};
use crate::store::write::checked_batch::CheckedBatch;
use crate::store::write::plan::BatchPlan;
use crate::{Result, SynaError};

/// A batch as the appender takes it in.
struct Planned<'a, 'p> {
    core: &'p SharedState,
    plan: &'p mut BatchPlan,
    batch: CheckedBatch<'a>,
    most_rows: usize,
    /// How many rows the appender has heard of.
    listed: usize,
}

impl<'a> NewRows<'a> for Planned<'a, '_> {
    fn most_rows(&self) -> usize {
        self.most_rows
    }

    fn next(&mut self, most: usize, vectors: &mut Vec<&'a [f32]>) {
        let first = self.listed;
        self.plan.pick(&self.batch, self.core, first + most);
        let picked = &self.plan.picked;
        self.listed = picked.len().min(first + most);
        // Each key that is new makes a row, in the order of the batch: where all were so far, rows are elements.
        match picked.len() == self.plan.seen {
            true => self.batch.list_vectors(first..self.listed, vectors),
            false => {
                let elements = picked.get(first..self.listed).unwrap_or_default();
                vectors.extend(elements.iter().map(|&element| self.batch.vector(element)));
            }
        }
    }

    /// Of the first element that is wrong, whether or not it becomes a row.
    fn refusal(&self) -> SynaError {
        let internal = || SynaError::Internal { what: "a vector was refused for nothing".to_owned() };
        check_all_finite(self.core, &self.batch).err().unwrap_or_else(internal)
    }

    fn content(&mut self) -> Result<FrameContent<'_>> {
        // What becomes no row is looked at too: a batch with a bad vector is refused, whichever it is.
        if self.plan.picked.len() < self.batch.count {
            check_all_finite(self.core, &self.batch)?;
        }
        self.plan.encode(&self.batch)?;
        Ok(self.plan.content())
    }
}

/// Rows that are deleted, and none that is new.
struct Deletions<'p>(&'p BatchPlan);

impl<'a> NewRows<'a> for Deletions<'_> {
    fn most_rows(&self) -> usize {
        0
    }

    fn next(&mut self, _most: usize, _vectors: &mut Vec<&'a [f32]>) {}

    fn refusal(&self) -> SynaError {
        SynaError::Internal { what: "a row was refused in a batch without rows".to_owned() }
    }

    fn content(&mut self) -> Result<FrameContent<'_>> {
        Ok(self.0.content())
    }
}

fn check_all_finite(core: &SharedState, batch: &CheckedBatch<'_>) -> Result<()> {
    (0..batch.count).try_for_each(|position| check_finite(core, position, batch.vector(position)))
}

/// Writes a batch and shows it to readers; returns how many rows it made.
pub(crate) fn write_batch(
    core: &SharedState,
    appender: &mut Appender,
    plan: &mut BatchPlan,
    batch: &WriteBatch<'_>,
) -> Result<usize> {
    appender.refuse_if_failed()?;
    let batch = CheckedBatch::check(batch, core)?;
    if batch.count == 1 {
        // It comes from memory while its key is looked up.
        prefetch(batch.vector(0));
    }
    plan.begin(&batch, core, appender.position().rows)?;
    // Keys are looked up while the rows before them are written, unless what comes later may change a row, or it matters
    // for how much room is made how many there are.
    let at_once = batch.batch.mode == WriteMode::Upsert || !appender.has_room_for(batch.count);
    plan.pick(&batch, core, if at_once { batch.count } else { 1 });
    if plan.picked.is_empty() {
        check_all_finite(core, &batch)?;
        return Ok(0);
    }
    let most_rows = if at_once { plan.picked.len() } else { batch.count };
    let written = append_batch(core, appender, plan, batch, most_rows);
    written.inspect_err(|_| plan.take_back(core))?;
    Ok(plan.picked.len())
}

fn append_batch(
    core: &SharedState,
    appender: &mut Appender,
    plan: &mut BatchPlan,
    batch: CheckedBatch<'_>,
    most_rows: usize,
) -> Result<()> {
    let before = appender.position();
    let row_count = u32::try_from(most_rows).unwrap_or(u32::MAX);
    core.rows.reserve(before.rows, row_count, batch.has_tags(), &plan.deletions)?;
    let written = appender.append(&mut Planned { core, plan, batch, most_rows, listed: 0 })?;
    publish(core, appender, plan, before, written)
}

/// Deletes the row of a key; `false` where there is no such key.
pub(crate) fn delete_key(
    core: &SharedState,
    appender: &mut Appender,
    plan: &mut BatchPlan,
    key: &str,
) -> Result<bool> {
    appender.refuse_if_failed()?;
    let Some(row) = core.find(key) else { return Ok(false) };
    plan.clear(appender.position().rows);
    plan.deletions.push(row);
    append_deletions(core, appender, plan)?;
    let hash = core.hasher.hash(key.as_bytes());
    core.directory_mut().remove(hash, row);
    Ok(true)
}

/// Deletes live rows, all at one stroke.
pub(crate) fn delete_rows(
    core: &SharedState,
    appender: &mut Appender,
    plan: &mut BatchPlan,
    rows: &[u32],
) -> Result<()> {
    appender.refuse_if_failed()?;
    plan.clear(appender.position().rows);
    memory::reserve(&mut plan.deletions, rows.len())?;
    plan.deletions.extend_from_slice(rows);
    append_deletions(core, appender, plan)?;
    let mut directory = core.directory_mut();
    for &row in rows {
        directory.remove(core.hasher.hash(core.rows.key(&core.data, row)?), row);
    }
    Ok(())
}

fn append_deletions(core: &SharedState, appender: &mut Appender, plan: &BatchPlan) -> Result<()> {
    let before = appender.position();
    core.rows.reserve(before.rows, 0, false, &plan.deletions)?;
    let written = appender.append(&mut Deletions(plan))?;
    publish(core, appender, plan, before, written)
}

/// Shows readers what was appended behind `before`, with its frame at this offset. Whatever that needs of memory was
/// allocated before anything was written.
fn publish(
    core: &SharedState,
    appender: &Appender,
    plan: &BatchPlan,
    before: LogPosition,
    offset_bytes: u64,
) -> Result<()> {
    // Not from the mapping, whose pages nobody has touched yet.
    let frame = appender.last_frame().ok_or_else(|| SynaError::Internal {
        what: "a frame that was just written is not there".to_owned(),
    })?;
    core.rows.add(&frame, offset_bytes, before.deletions)?;
    // Readers that look a key up hold this lock, so they see directory and snapshot of one moment.
    let mut directory = core.directory_mut();
    if !plan.deletions.is_empty() {
        for ((row, &hash), &replaced) in (before.rows..).zip(&plan.hashes).zip(&plan.replaced) {
            if let Some(old_row) = replaced {
                directory.replace(hash, old_row, row);
            }
        }
    }
    let after = appender.position();
    core.published.store(Snapshot { rows: after.rows, deletions: after.deletions });
    Ok(())
}
