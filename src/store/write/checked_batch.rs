//! Checking a batch before it is written. The components of its vectors are checked later.

use crate::memory;
use crate::store::state::shared_state::SharedState;
use crate::store::write::batch::{BatchKeys, BatchPayloads, WriteBatch};
use crate::store::write::checked_values::CheckedValues;
use crate::store::write::checked_vectors::{CheckedVectors, check_count};
use crate::{KeyKind, Result, SynaError};

/// The most bytes of a key. The empty key is valid.
pub const MAX_KEY_BYTES: usize = 65_535;
/// The most bytes of one payload; [`SynaError::Limit`] for more.
pub const MAX_PAYLOAD_BYTES: usize = 1 << 20;

/// The most bytes of one batch; [`SynaError::Limit`] for more. Counted are keys, payloads, and 8 to 24 bytes more for
/// each row.
pub const MAX_BATCH_BYTES: usize = 1 << 30;

/// A batch that was checked, except for the components of its vectors.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CheckedBatch<'a> {
    pub(crate) batch: WriteBatch<'a>,
    /// Rows of the batch.
    pub(crate) count: usize,
    /// Keys to delete.
    pub(crate) deletion_count: usize,
    pub(crate) vectors: CheckedVectors<'a>,
    pub(crate) values: CheckedValues<'a>,
    key_kind: KeyKind,
}

impl<'a> CheckedBatch<'a> {
    /// Checks everything but the components of the vectors. These are checked while they are written, so that each
    /// vector is read from memory once.
    pub(crate) fn check(batch: &WriteBatch<'a>, state: &SharedState) -> Result<Self> {
        let checked = Self::check_counts(batch, state)?;
        checked.vectors.check_count(checked.count)?;
        let batch_bytes = match checked.plain_bytes() {
            Some(bytes) => bytes,
            None => checked.check_elements(Self::check_element)?,
        };
        for position in 0..checked.deletion_count {
            check_key(checked.deleted_key(position), position, checked.key_kind)?;
        }
        check_bytes(batch_bytes)?;
        Ok(checked)
    }

    /// Checks a batch without vectors.
    pub(crate) fn check_update(batch: &WriteBatch<'a>, state: &SharedState) -> Result<Self> {
        let checked = Self::check_counts(batch, state)?;
        check_bytes(checked.check_elements(Self::check_metadata)?)?;
        Ok(checked)
    }

    /// Checks the numbers of keys, tags, payloads and values, the offsets, and the values.
    fn check_counts(batch: &WriteBatch<'a>, state: &SharedState) -> Result<Self> {
        let count = check_keys(&batch.keys, "key_offsets")?;
        let deletion_count = check_keys(&batch.deletions, "delete_key_offsets")?;
        if let Some(tags) = batch.tags {
            check_count(tags.len(), count, "tags")?;
        }
        match batch.payloads {
            BatchPayloads::None => {}
            BatchPayloads::Slices(payloads) => check_count(payloads.len(), count, "payloads")?,
            BatchPayloads::Packed { bytes, offsets } => {
                check_count(check_offsets(offsets, bytes, "payload_offsets")?, count, "payloads")?;
            }
        }
        let vectors = CheckedVectors::new(batch.vectors, &state.vectors);
        let values = CheckedValues::check(batch.columns, &state.data.schema, count)?;
        let key_kind = state.data.identity.keys;
        Ok(Self { batch: *batch, count, deletion_count, vectors, values, key_kind })
    }

    /// The sum of what `check` returns for each element.
    fn check_elements(&self, check: impl Fn(&Self, usize) -> Result<usize>) -> Result<usize> {
        (0..self.count).try_fold(0_usize, |sum, position| Ok(sum.saturating_add(check(self, position)?)))
    }

    /// The bytes of all keys, if checks of the whole batch suffice to accept every element; `None` if the elements must
    /// be checked one by one.
    fn plain_bytes(&self) -> Option<usize> {
        let any_bytes = self.key_kind == KeyKind::Bytes;
        let (key_bytes, longest, is_valid) = match self.batch.keys {
            BatchKeys::Slices(keys) => {
                let (sum, longest) = sum_and_longest(keys.iter().map(|key| key.len()));
                (sum, longest, true)
            }
            BatchKeys::Bytes(keys) => {
                let (sum, longest) = sum_and_longest(keys.iter().map(|key| key.len()));
                (sum, longest, any_bytes || keys.iter().all(|key| key.is_ascii()))
            }
            BatchKeys::Packed { bytes, offsets } => {
                let end = offsets.last().map_or(Some(0), |&end| usize::try_from(end).ok())?;
                let lengths = offsets.windows(2).map(|pair| match pair {
                    [start, end] => end.saturating_sub(*start),
                    _ => 0,
                });
                (end, lengths.max().unwrap_or(0), any_bytes || bytes.get(..end)?.is_ascii())
            }
        };
        (is_valid && longest <= MAX_KEY_BYTES as u64 && self.vectors.have_lengths() && !self.has_payloads())
            .then_some(key_bytes)
    }

    /// The bytes of an element's key and payload, if the element is valid.
    fn check_element(&self, position: usize) -> Result<usize> {
        let bytes = self.check_metadata(position)?;
        self.vectors.check_length(position)?;
        Ok(bytes)
    }

    /// The bytes of an element's key and payload, if they are valid.
    fn check_metadata(&self, position: usize) -> Result<usize> {
        let key = self.key(position);
        check_key(key, position, self.key_kind)?;
        let payload_bytes = self.payload(position).len();
        if payload_bytes > MAX_PAYLOAD_BYTES {
            return Err(SynaError::Limit {
                what: "bytes in a payload",
                limit: MAX_PAYLOAD_BYTES as u64,
                actual: payload_bytes as u64,
            });
        }
        Ok(key.len() + payload_bytes)
    }

    pub(crate) fn key(&self, position: usize) -> &'a [u8] {
        key_of(&self.batch.keys, position)
    }

    pub(crate) fn deleted_key(&self, position: usize) -> &'a [u8] {
        key_of(&self.batch.deletions, position)
    }

    /// Whether an element has tags.
    pub(crate) fn has_tags(&self) -> bool {
        self.batch.tags.is_some_and(|tags| tags.iter().any(|&tags| tags != 0))
    }

    pub(crate) fn has_payloads(&self) -> bool {
        !matches!(self.batch.payloads, BatchPayloads::None)
    }

    pub(crate) fn tags(&self, position: usize) -> u64 {
        self.batch.tags.and_then(|tags| tags.get(position)).copied().unwrap_or(0)
    }

    pub(crate) fn payload(&self, position: usize) -> &'a [u8] {
        match self.batch.payloads {
            BatchPayloads::None => &[],
            BatchPayloads::Slices(payloads) => payloads.get(position).copied().unwrap_or_default(),
            BatchPayloads::Packed { bytes, offsets } => packed(bytes, offsets, position),
        }
    }

    /// Appends the payloads of elements, and the end of each, to the sections of a frame.
    pub(crate) fn copy_payloads(
        &self,
        positions: impl ExactSizeIterator<Item = usize>,
        ends: &mut Vec<u64>,
        bytes: &mut Vec<u8>,
    ) -> Result<()> {
        memory::reserve(ends, positions.len())?;
        for position in positions {
            let payload = self.payload(position);
            memory::reserve(bytes, payload.len())?;
            bytes.extend_from_slice(payload);
            ends.push(bytes.len() as u64);
        }
        Ok(())
    }
}

/// The key at `position` of keys that [`check_keys`] accepted.
pub(crate) fn key_of<'a>(keys: &BatchKeys<'a>, position: usize) -> &'a [u8] {
    match *keys {
        BatchKeys::Slices(keys) => keys.get(position).copied().unwrap_or_default().as_bytes(),
        BatchKeys::Bytes(keys) => keys.get(position).copied().unwrap_or_default(),
        BatchKeys::Packed { bytes, offsets } => packed(bytes, offsets, position),
    }
}

/// Element `position` of packed bytes whose offsets were checked.
fn packed<'a>(bytes: &'a [u8], offsets: &[u64], position: usize) -> &'a [u8] {
    let at = |which: usize| offsets.get(which).and_then(|&offset| usize::try_from(offset).ok());
    match (at(position), at(position + 1)) {
        (Some(start), Some(end)) => bytes.get(start..end).unwrap_or_default(),
        _ => &[],
    }
}

/// Checks the bytes of a batch, before anything is copied.
fn check_bytes(batch_bytes: usize) -> Result<()> {
    if batch_bytes > MAX_BATCH_BYTES {
        return Err(SynaError::Limit {
            what: "bytes of keys and payloads in one batch (split it)",
            limit: MAX_BATCH_BYTES as u64,
            actual: batch_bytes as u64,
        });
    }
    Ok(())
}

/// Checks the offsets of keys, but not the keys, and returns the number of keys.
///
/// # Errors
/// [`SynaError::InvalidArgument`] that names the offsets.
pub(crate) fn check_keys(keys: &BatchKeys<'_>, offsets_name: &str) -> Result<usize> {
    match *keys {
        BatchKeys::Slices(keys) => Ok(keys.len()),
        BatchKeys::Bytes(keys) => Ok(keys.len()),
        BatchKeys::Packed { bytes, offsets } => check_offsets(offsets, bytes, offsets_name),
    }
}

/// The number of elements of packed bytes.
fn check_offsets(offsets: &[u64], bytes: &[u8], name: &str) -> Result<usize> {
    let Some(&first) = offsets.first() else { return Ok(0) };
    if first != 0 {
        return Err(SynaError::argument(format!("{name}[0] must be 0, not {first}")));
    }
    if let Some(back) = offsets.windows(2).position(|pair| pair.first() > pair.last()) {
        return Err(SynaError::argument(format!(
            "{name}[{}] is less than {name}[{back}]; offsets must not decrease",
            back + 1
        )));
    }
    if offsets.last().is_some_and(|&last| last > bytes.len() as u64) {
        return Err(SynaError::argument(format!(
            "the last of {name} exceeds the {} bytes given",
            bytes.len()
        )));
    }
    Ok(offsets.len() - 1)
}

fn sum_and_longest(lengths: impl Iterator<Item = usize>) -> (usize, u64) {
    let (sum, longest) =
        lengths.fold((0_usize, 0), |(sum, most), length| (sum.saturating_add(length), length.max(most)));
    (sum, longest as u64)
}

/// Checks the key at `position` of its batch.
pub(crate) fn check_key(key: &[u8], position: usize, kind: KeyKind) -> Result<()> {
    if key.len() > MAX_KEY_BYTES {
        let what = format!("it has {} bytes; at most {MAX_KEY_BYTES} are allowed", key.len());
        return Err(SynaError::InvalidKey { position, what });
    }
    match std::str::from_utf8(key) {
        Err(error) if kind == KeyKind::Text => {
            let what = format!(
                "it is not valid UTF-8 ({error}); keys of any bytes need a store that is created for them"
            );
            Err(SynaError::InvalidKey { position, what })
        }
        _ => Ok(()),
    }
}
