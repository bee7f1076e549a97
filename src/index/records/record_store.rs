//! Fixed-size records that readers look at without a lock while writers replace them: a record that can be seen never
//! changes, a new version takes a new slot, and a slot is used again once nobody can be looking at it any more.
//!
//! ```text
//!   take ----> fresh record, written by its owner alone ----> seen through a word that names its slot
//!    ^                                                             |  another version takes its place
//!    +---- two epochs later: every reader of then has left <---- retired
//! ```
//! The epochs are those of `epoch.rs`.

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

/// A slot that belongs to whoever holds this; dropped, it is lost until the store is.
#[derive(Debug)]
pub(crate) struct Fresh {
    slot: u32,
}

/// In an item's word: the owner's flag.
const FLAG: u32 = 1 << 31;
/// In an item's word: the record lies in the file, and the rest is its cell plus one instead of its slot plus one.
const IN_FILE: u32 = 1 << 30;
/// The most records that there can be.
pub(crate) const MOST_RECORDS: u32 = IN_FILE - 1;

/// Lines that are allocated once and never move.
struct Chunk {
    /// What the lines lie in.
    memory: HugePages,
    count: usize,
}

// SAFETY: a chunk owns its memory as a Box of lines would; who reads and writes which of them is the store's affair.
unsafe impl Sync for Chunk {}

impl Chunk {
    fn new(count: usize) -> Result<Self> {
        let bytes = count.checked_mul(size_of::<Line>());
        let memory = bytes.and_then(|bytes| HugePages::new(bytes).ok());
        let memory = memory.ok_or(SynaError::NoMemory { needed_bytes: (count as u64).saturating_mul(64) })?;
        debug_assert_eq!(memory.start().align_offset(align_of::<Line>()), 0);
        Ok(Self { memory, count })
    }

    /// The first line; zeroed memory is lines, and a page's address is a line's.
    fn lines(&self) -> *mut Line {
        self.memory.start().cast()
    }
}

/// Slots that can be had.
#[derive(Debug, Default)]
struct Free {
    /// Slots under this one were taken at some time.
    next: u32,
    ready: Vec<u32>,
    /// Slots that are seen no more, with the epoch in which that came to be.
    retired: VecDeque<(u32, u32)>,
}

/// See the module. Each item has a record or none, and a flag that its owner uses as it likes.
pub(crate) struct RecordStore {
    /// Lines of a record.
    width: usize,
    /// Of each item the name of its record plus one, with [`FLAG`] and [`IN_FILE`].
    words: Chunks,
    /// Of each item the cell of the file that holds what its record is now, plus one; 0: none does.
    cells: Chunks,
    /// What lies in the file.
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

    /// A view of the records. Slots that are replaced meanwhile are not used again before it is dropped: keep it short.
    pub(crate) fn read(&self) -> RecordView<'_> {
        RecordView { counted: self.readers.enter(), store: self }
    }

    /// Makes room for items `0..end`, without records.
    ///
    /// # Errors
    /// `NoMemory`.
    pub(crate) fn reserve(&self, end: u32) -> Result<()> {
        self.words.reserve(end)?;
        self.cells.reserve(end)
    }

    /// The word of an item that [`RecordStore::reserve`] has made room for.
    #[inline]
    fn reserved(words: &Chunks, item: u32) -> Option<&AtomicU32> {
        let word = words.word(item);
        debug_assert!(word.is_some(), "item {item} was not reserved");
        word
    }

    /// Lets items have records that lie in a file. Once, before any does.
    pub(crate) fn read_from(&self, saved: SavedRecords) {
        self.saved.get_or_init(|| saved);
    }

    /// Makes what lies in a cell of the file the item's record.
    pub(crate) fn adopt(&self, item: u32, cell: u32) {
        if let Some(word) = Self::reserved(&self.words, item) {
            word.store((cell + 1) | IN_FILE, Release);
        }
        self.set_cell(item, cell);
    }

    /// The cell of the file that holds an item's record as it is now.
    pub(crate) fn cell(&self, item: u32) -> Option<u32> {
        self.cells.word(item)?.load(Acquire).checked_sub(1)
    }

    /// Notes that a cell of the file holds an item's record as it is now.
    pub(crate) fn set_cell(&self, item: u32, cell: u32) {
        if let Some(word) = Self::reserved(&self.cells, item) {
            word.store(cell + 1, Release);
        }
    }

    /// Notes that no cell of the file holds an item's record.
    pub(crate) fn forget_cell(&self, item: u32) {
        if let Some(word) = Self::reserved(&self.cells, item) {
            word.store(0, Release);
        }
    }

    /// Whether a record of the file proved not to be what was saved.
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

    /// Makes `fresh` the item's record; the flag stays.
    pub(crate) fn publish(&self, item: u32, fresh: Fresh) {
        self.replace(item, fresh.slot + 1);
    }

    /// Takes an item's record away.
    pub(crate) fn remove(&self, item: u32) {
        self.replace(item, 0);
    }

    fn replace(&self, item: u32, name: u32) {
        let Some(word) = Self::reserved(&self.words, item) else { return };
        self.forget_cell(item);
        let before = word.fetch_update(AcqRel, Acquire, |before| Some(before & FLAG | name));
        let before = before.ok().filter(|before| before & IN_FILE == 0);
        if let Some(slot) = before.and_then(|before| (before & !FLAG).checked_sub(1)) {
            // The word was the slot's only name, and exactly one replacement has taken it away.
            let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
            let epoch = self.readers.epoch.load(SeqCst);
            free.retired.push_back((slot, epoch));
        }
    }

    /// A record of its own for the caller; what is in it is left over or zero.
    ///
    /// # Errors
    /// `NoMemory`.
    pub(crate) fn take(&self) -> Result<Fresh> {
        self.take_from(&mut self.free.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn take_from(&self, free: &mut Free) -> Result<Fresh> {
        if free.ready.is_empty() && !free.retired.is_empty() {
            let epoch = self.readers.advance();
            while let Some(&(slot, retired)) = free.retired.front()
                && epoch.wrapping_sub(retired) >= 2
            {
                free.retired.pop_front();
                free.ready.push(slot);
            }
        }
        if let Some(slot) = free.ready.pop() {
            return Ok(Fresh { slot });
        }
        let slot = free.next;
        let Position { chunk, chunk_len, .. } = Layout::position(slot.into());
        let cell = self.chunks.get(chunk).filter(|_| slot < MOST_RECORDS).ok_or(SynaError::Limit {
            what: "records in an index",
            limit: MOST_RECORDS.into(),
            actual: u64::from(slot) + 1,
        })?;
        if cell.get().is_none() {
            let fresh = Chunk::new(chunk_len * self.width)?;
            cell.get_or_init(|| fresh);
        }
        free.next += 1;
        Ok(Fresh { slot })
    }

    /// What lies in the file as `word` says, if it is what was saved: brought into memory, so that it is looked at in
    /// the file once. Where another thread is at the memory, or there is none, it is read where it lies.
    ///
    /// `reading` shows that the caller is counted as a reader.
    #[cold]
    fn bring<'r>(
        &'r self,
        _reading: &'r Counted<'_>,
        item: u32,
        word: u32,
        is_right: impl FnOnce(&[Line]) -> bool,
    ) -> Option<&'r [Line]> {
        let saved = self.saved.get()?;
        let lines = saved.record((word & !(FLAG | IN_FILE)).checked_sub(1)?)?;
        let fresh = self.free.try_lock().ok().and_then(|mut free| self.take_from(&mut free).ok());
        let Some(mut fresh) = fresh else { return saved.is_good(item, lines, is_right).then_some(lines) };
        // What is checked is what is used from then on, whoever changes the file.
        let copy = self.lines_mut(&mut fresh);
        copy.copy_from_slice(lines);
        let is_good = saved.is_good(item, copy, is_right);
        let name = fresh.slot + 1;
        let takes_place = |now: u32| (is_good && now & !FLAG == word & !FLAG).then_some(now & FLAG | name);
        match self.words.word(item)?.fetch_update(AcqRel, Acquire, takes_place) {
            Ok(_) => {
                let start = self.start(name - 1)?;
                // SAFETY: `width` initialised lines that live as long as the store. As in `RecordView::record`: the word
                // names their slot, nobody has its `Fresh` any more, and this reader was counted before it was named.
                Some(unsafe { std::slice::from_raw_parts(start, self.width) })
            }
            Err(_) => {
                self.free.lock().unwrap_or_else(PoisonError::into_inner).ready.push(name - 1);
                is_good.then_some(lines)
            }
        }
    }

    fn start(&self, slot: u32) -> Option<*mut Line> {
        let Position { chunk, offset, .. } = Layout::position(slot.into());
        let chunk = self.chunks.get(chunk)?.get()?;
        let first = offset * self.width;
        debug_assert!(first + self.width <= chunk.count);
        // SAFETY: a slot's chunk has `width` lines for each of its items, so the offset lies within the allocation.
        Some(unsafe { chunk.lines().add(first) })
    }

    /// The lines of a record of one's own.
    pub(crate) fn lines_mut<'s>(&'s self, fresh: &'s mut Fresh) -> &'s mut [Line] {
        match self.start(fresh.slot) {
            // SAFETY: `width` initialised lines that live as long as `self`. `Fresh` is not cloned, is borrowed for
            // writing here, and its slot is named by no word yet: nobody else has a reference to these lines.
            Some(start) => unsafe { std::slice::from_raw_parts_mut(start, self.width) },
            None => &mut [],
        }
    }
}

/// A record that was looked up.
pub(crate) struct Found<'a> {
    pub(crate) lines: &'a [Line],
    pub(crate) flag: bool,
}

/// A view of the records: what it has shown stays as it is while it lives.
pub(crate) struct RecordView<'a> {
    counted: Counted<'a>,
    store: &'a RecordStore,
}

impl RecordView<'_> {
    /// The lines of an item's record, and its flag. Of one that lies in the file `is_right` is asked whether it can be one.
    #[inline]
    pub(crate) fn record(&self, item: u32, is_right: impl FnOnce(&[Line]) -> bool) -> Option<Found<'_>> {
        let word = self.store.words.word(item)?.load(Acquire);
        let flag = word & FLAG != 0;
        if word & IN_FILE != 0 {
            let lines = self.store.bring(&self.counted, item, word, is_right)?;
            return Some(Found { lines, flag });
        }
        let slot = (word & !FLAG).checked_sub(1)?;
        let start = self.store.start(slot)?;
        // SAFETY: `width` initialised lines that live as long as the store. The word named their slot while this reader
        // was counted: so their content was written before (`publish` releases what this load acquires), nobody has a
        // `Fresh` of the slot, and none is made of it before this reader has left (`take` waits two epochs).
        let lines = unsafe { std::slice::from_raw_parts(start, self.store.width) };
        Some(Found { lines, flag })
    }

    /// Brings the word that names an item's record into the cache.
    #[inline]
    pub(crate) fn prefetch_word(&self, item: u32) {
        if let Some(word) = self.store.words.word(item) {
            prefetch_line(word);
        }
    }
}
