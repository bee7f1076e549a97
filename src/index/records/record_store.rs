//! Fixed-size records that are read without a lock while writers replace them. A published record never changes. A new
//! version goes into a new buffer, and a buffer is reused only when no reader can still access it.
//!
//! ```text
//!   allocate --> unpublished record, written by its owner ----> published: an item's word names its buffer
//!      ^                                                             |  replaced by another version
//!      +---- two epochs later: all readers of that time have left <-- retired
//! ```
//! Epochs: see `epoch.rs`.

use std::collections::VecDeque;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Release};

use super::chunks::{Chunks, Layout};
use super::epoch::{Counted, Readers};
use super::mapped_records::SavedRecords;
use crate::chunk_layout::Position;
use crate::kernel::codes::{Line, prefetch_line};
use crate::storage::HugePages;
use crate::sync::{Mutex, OnceLock, Ordering::SeqCst};
use crate::{Result, SynaError};

/// An unpublished record, owned by the holder. If it is dropped, its buffer is unused until the store is dropped.
#[derive(Debug)]
pub(crate) struct NewRecord {
    buffer: u32,
}

/// In an item's word: the caller's flag.
const FLAG: u32 = 1 << 31;
/// In an item's word: the record is in the file, and the low bits are its cell plus one, not its buffer plus one.
const IN_FILE: u32 = 1 << 30;
/// The maximum number of records.
pub(crate) const MOST_RECORDS: u32 = IN_FILE - 1;

/// Lines that are allocated once and never move.
struct Chunk {
    /// The memory of the lines.
    memory: HugePages,
    count: usize,
}

// SAFETY: a chunk owns its memory as a Box of lines does. `RecordStore` synchronizes the accesses to the lines.
unsafe impl Sync for Chunk {}

impl Chunk {
    fn new(count: usize) -> Result<Self> {
        let bytes = count.checked_mul(size_of::<Line>());
        let memory = bytes.and_then(|bytes| HugePages::new(bytes).ok());
        let memory = memory.ok_or(SynaError::NoMemory { needed_bytes: (count as u64).saturating_mul(64) })?;
        debug_assert_eq!(memory.start().align_offset(align_of::<Line>()), 0);
        Ok(Self { memory, count })
    }

    /// The first line. The memory is zeroed, which is valid for lines, and page-aligned.
    fn lines(&self) -> *mut Line {
        self.memory.start().cast()
    }
}

/// Buffers that are free or retired.
#[derive(Debug, Default)]
struct Free {
    /// Buffers below this one have been allocated.
    next: u32,
    ready: Vec<u32>,
    /// Buffers that are no longer named by a word, with the epoch of their retirement.
    retired: VecDeque<(u32, u32)>,
}

/// See the module. Each item has one record or none, and a flag for the caller.
pub(crate) struct RecordStore {
    /// Lines per record.
    width: usize,
    /// For each item: its buffer or its cell, plus one, with [`FLAG`] and [`IN_FILE`]; 0: no record.
    words: Chunks,
    /// For each item: the cell of the file that holds its current record, plus one; 0: none.
    cells: Chunks,
    /// The records in the file.
    saved: OnceLock<SavedRecords>,
    chunks: Box<[OnceLock<Chunk>]>,
    readers: Readers,
    free: Mutex<Free>,
}

impl RecordStore {
    pub(crate) fn new(width: usize) -> Self {
        Self {
            width,
            words: Chunks::new(),
            cells: Chunks::new(),
            saved: OnceLock::default(),
            chunks: (0..Layout::CHUNKS).map(|_| OnceLock::default()).collect(),
            readers: Readers::default(),
            free: Mutex::default(),
        }
    }

    /// Returns a view of the records. Buffers retired meanwhile are not reused until it is dropped: keep it short.
    pub(crate) fn read(&self) -> RecordView<'_> {
        RecordView { counted: self.readers.enter(), store: self }
    }

    /// Allocates items `0..end`, without records.
    ///
    /// # Errors
    /// `NoMemory`.
    pub(crate) fn reserve(&self, end: u32) -> Result<()> {
        self.words.reserve(end)?;
        self.cells.reserve(end)
    }

    /// Returns the word of an item below the end of [`RecordStore::reserve`].
    #[inline]
    fn reserved(words: &Chunks, item: u32) -> Option<&AtomicU32> {
        let word = words.word(item);
        debug_assert!(word.is_some(), "item {item} was not reserved");
        word
    }

    /// Sets the file that items may have their records in. Called once, before [`Self::adopt`].
    pub(crate) fn read_from(&self, saved: SavedRecords) {
        self.saved.get_or_init(|| saved);
    }

    /// Makes the record in a cell of the file the item's record.
    pub(crate) fn adopt(&self, item: u32, cell: u32) {
        if let Some(word) = Self::reserved(&self.words, item) {
            word.store((cell + 1) | IN_FILE, Release);
        }
        self.set_cell(item, cell);
    }

    /// Returns the cell of the file that holds the item's current record.
    pub(crate) fn cell(&self, item: u32) -> Option<u32> {
        self.cells.word(item)?.load(Acquire).checked_sub(1)
    }

    /// Sets the cell of the file that holds the item's current record.
    pub(crate) fn set_cell(&self, item: u32, cell: u32) {
        if let Some(word) = Self::reserved(&self.cells, item) {
            word.store(cell + 1, Release);
        }
    }

    /// Marks the item's current record as not in the file.
    pub(crate) fn forget_cell(&self, item: u32) {
        if let Some(word) = Self::reserved(&self.cells, item) {
            word.store(0, Release);
        }
    }

    /// Whether a damaged record was found in the file.
    pub(crate) fn is_damaged(&self) -> bool {
        self.saved.get().is_some_and(SavedRecords::is_damaged)
    }

    /// Whether an item has a record.
    pub(crate) fn has_record(&self, item: u32) -> bool {
        self.words.word(item).is_some_and(|word| word.load(Acquire) & !FLAG != 0)
    }

    pub(crate) fn set_flag(&self, item: u32) {
        if let Some(word) = Self::reserved(&self.words, item) {
            word.fetch_or(FLAG, AcqRel);
        }
    }

    /// Makes the record visible as the item's record; keeps the flag.
    pub(crate) fn publish(&self, item: u32, new_record: NewRecord) {
        self.replace(item, new_record.buffer + 1);
    }

    /// Removes an item's record.
    pub(crate) fn remove(&self, item: u32) {
        self.replace(item, 0);
    }

    fn replace(&self, item: u32, name: u32) {
        let Some(word) = Self::reserved(&self.words, item) else { return };
        self.forget_cell(item);
        let before = word.fetch_update(AcqRel, Acquire, |before| Some(before & FLAG | name));
        let before = before.ok().filter(|before| before & IN_FILE == 0);
        if let Some(buffer) = before.and_then(|before| (before & !FLAG).checked_sub(1)) {
            // The word was the buffer's only name, and exactly one replacement removed it: the buffer is retired once.
            let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
            let epoch = self.readers.epoch.load(SeqCst);
            free.retired.push_back((buffer, epoch));
        }
    }

    /// Allocates an unpublished record. Its content is zero or left over from an earlier record.
    ///
    /// # Errors
    /// `NoMemory`.
    pub(crate) fn allocate(&self) -> Result<NewRecord> {
        self.allocate_from(&mut self.free.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn allocate_from(&self, free: &mut Free) -> Result<NewRecord> {
        if free.ready.is_empty() && !free.retired.is_empty() {
            let epoch = self.readers.advance();
            while let Some(&(buffer, retired)) = free.retired.front()
                && epoch.wrapping_sub(retired) >= 2
            {
                free.retired.pop_front();
                free.ready.push(buffer);
            }
        }
        if let Some(buffer) = free.ready.pop() {
            return Ok(NewRecord { buffer });
        }
        let buffer = free.next;
        let Position { chunk, chunk_len, .. } = Layout::position(buffer.into());
        let lock = self.chunks.get(chunk).filter(|_| buffer < MOST_RECORDS).ok_or(SynaError::Limit {
            what: "records in an index",
            limit: MOST_RECORDS.into(),
            actual: u64::from(buffer) + 1,
        })?;
        if lock.get().is_none() {
            let new_chunk = Chunk::new(chunk_len * self.width)?;
            lock.get_or_init(|| new_chunk);
        }
        free.next += 1;
        Ok(NewRecord { buffer })
    }

    /// Loads a record from the file, checks it, and publishes the copy, so that the file is read once. If another
    /// thread holds the free list or there is no memory, returns the record in the mapping instead.
    ///
    /// `_reading` proves that the caller is registered as a reader.
    #[cold]
    fn load<'r>(
        &'r self,
        _reading: &'r Counted<'_>,
        item: u32,
        word: u32,
        is_valid: impl FnOnce(&[Line]) -> bool,
    ) -> Option<&'r [Line]> {
        let saved = self.saved.get()?;
        let lines = saved.record((word & !(FLAG | IN_FILE)).checked_sub(1)?)?;
        let new_record = self.free.try_lock().ok().and_then(|mut free| self.allocate_from(&mut free).ok());
        let Some(mut new_record) = new_record else {
            return saved.is_intact(item, lines, is_valid).then_some(lines);
        };
        // The copy is checked, not the mapping: another process may change the file after the check.
        let copy = self.lines_mut(&mut new_record);
        copy.copy_from_slice(lines);
        let is_intact = saved.is_intact(item, copy, is_valid);
        let name = new_record.buffer + 1;
        let replace_unchanged =
            |now: u32| (is_intact && now & !FLAG == word & !FLAG).then_some(now & FLAG | name);
        match self.words.word(item)?.fetch_update(AcqRel, Acquire, replace_unchanged) {
            Ok(_) => {
                let start = self.start(name - 1)?;
                // SAFETY: `width` initialised lines that live as long as the store. As in `RecordView::record`: the
                // word names their buffer, nobody holds its unpublished record any more, and this reader was registered
                // before the buffer was named.
                Some(unsafe { std::slice::from_raw_parts(start, self.width) })
            }
            Err(_) => {
                self.free.lock().unwrap_or_else(PoisonError::into_inner).ready.push(name - 1);
                is_intact.then_some(lines)
            }
        }
    }

    fn start(&self, buffer: u32) -> Option<*mut Line> {
        let Position { chunk, offset, .. } = Layout::position(buffer.into());
        let chunk = self.chunks.get(chunk)?.get()?;
        let first = offset * self.width;
        debug_assert!(first + self.width <= chunk.count);
        // SAFETY: a buffer's chunk has `width` lines for each of its items, so the offset is within the allocation.
        Some(unsafe { chunk.lines().add(first) })
    }

    /// Returns the lines of an unpublished record.
    pub(crate) fn lines_mut<'s>(&'s self, new_record: &'s mut NewRecord) -> &'s mut [Line] {
        match self.start(new_record.buffer) {
            // SAFETY: `width` initialised lines that live as long as `self`. `NewRecord` is not cloned, is borrowed
            // mutably here, and no word names its buffer yet: there is no other reference to these lines.
            Some(start) => unsafe { std::slice::from_raw_parts_mut(start, self.width) },
            None => &mut [],
        }
    }
}

/// A record with its flag.
pub(crate) struct RecordRef<'a> {
    pub(crate) lines: &'a [Line],
    pub(crate) flag: bool,
}

/// A view of the records. Records returned by it stay unchanged while it exists.
pub(crate) struct RecordView<'a> {
    counted: Counted<'a>,
    store: &'a RecordStore,
}

impl RecordView<'_> {
    /// Returns the lines and the flag of an item's record. A record from the file must also pass `is_valid`.
    #[inline]
    pub(crate) fn record(&self, item: u32, is_valid: impl FnOnce(&[Line]) -> bool) -> Option<RecordRef<'_>> {
        let word = self.store.words.word(item)?.load(Acquire);
        let flag = word & FLAG != 0;
        if word & IN_FILE != 0 {
            let lines = self.store.load(&self.counted, item, word, is_valid)?;
            return Some(RecordRef { lines, flag });
        }
        let buffer = (word & !FLAG).checked_sub(1)?;
        let start = self.store.start(buffer)?;
        // SAFETY: `width` initialised lines that live as long as the store. The word named their buffer while this
        // reader was registered. So their content was written before (`publish` releases what this load acquires),
        // nobody holds an unpublished record of the buffer, and none is made of it before this reader leaves
        // (`allocate` waits two epochs).
        let lines = unsafe { std::slice::from_raw_parts(start, self.store.width) };
        Some(RecordRef { lines, flag })
    }

    /// Prefetches the word that names an item's record.
    #[inline]
    pub(crate) fn prefetch_word(&self, item: u32) {
        if let Some(word) = self.store.words.word(item) {
            prefetch_line(word);
        }
    }
}
