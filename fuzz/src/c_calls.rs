//! Target: C calls in any order, with handles that are NULL, closed, of another type, or made up. Data pointers are NULL
//! or valid, as the header requires.

use super::bases::vector;
pub(super) use super::c_header::Status;
use super::c_header::*;
use super::c_rows::COLUMNS;
use super::elements::{ELEMENTS, element_of_length};
use super::injected::{is_fault_injected, read_freed};
use super::scratch::Scratch;
use super::source::Source;
use std::ffi::CString;
use std::ptr;

pub(super) const DIMENSIONS: usize = 64;
const MOST_CALLS: usize = 300;
/// The size of two extents, in rows: allocating space in the file system is not what is tested.
const MOST_RESERVED: u16 = 600;

pub(super) const OK: Status = 0;
const INVALID_ARGUMENT: Status = 1;
const INVALID_HANDLE: Status = 16;
const INTERNAL: Status = 18;
const LAST_STATUS: Status = 24;

/// The type of a handle.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Store,
    Results,
    Cursor,
}

/// See the module.
pub(super) struct Host {
    pub(super) scratch: Scratch,
    /// For each type the handles in the order in which they were issued, and whether they are still valid.
    handles: [Vec<(Handle, bool)>; 3],
    pub(super) error: CError,
}

impl Host {
    /// A handle, valid for this type of object or not, and whether it is.
    pub(super) fn handle(&self, source: &mut Source<'_>, kind: Kind) -> (Handle, bool) {
        let right = &self.handles[kind as usize];
        let wrong = &self.handles[(kind as usize + 1) % 3];
        let pick = |list: &[(Handle, bool)], at: u8| {
            list.get(usize::from(at) % list.len().max(1)).map_or(0, |(handle, _)| handle.addr())
        };
        let (way, at) = (source.byte(), source.byte());
        let number = match way % 16 {
            0..11 => pick(right, at),
            11 => 0,
            12 => pick(wrong, at),
            13 => source.long() as usize,
            // Next to a valid one.
            14 => pick(right, at) ^ 1 << (source.byte() % 64),
            _ => at.into(),
        };
        let handle = ptr::without_provenance_mut(number);
        (handle, right.contains(&(handle, true)))
    }

    /// Records a handle that the library issued.
    pub(super) fn give_out(&mut self, kind: Kind, handle: Handle) {
        let is_new = self.handles.iter().flatten().all(|(old, _)| *old != handle);
        assert!(is_new, "a handle is issued once");
        self.handles[kind as usize].push((handle, true));
    }

    /// Records that a handle was closed or freed.
    pub(super) fn take_back(&mut self, kind: Kind, handle: Handle) {
        let of_kind = self.handles[kind as usize].iter_mut();
        of_kind.filter(|(open, _)| *open == handle).for_each(|(_, is_good)| *is_good = false);
    }

    /// Checks a status: a call with an invalid handle reports it, and no call reports an internal error.
    pub(super) fn expect(&self, status: Status, is_good: bool, what: &str) {
        assert!((OK..=LAST_STATUS).contains(&status) && status != INTERNAL, "{what}: status {status}");
        if !is_good {
            assert!(
                status == INVALID_HANDLE || status == INVALID_ARGUMENT,
                "{what}: status {status} for an invalid handle"
            );
        }
        if status != OK {
            let message = &self.error.message;
            let end = message.iter().position(|&byte| byte == 0).expect("a message is terminated");
            assert!(
                std::str::from_utf8(&message[..end]).is_ok_and(|text| text.len() > 10),
                "{what}: no message"
            );
        }
    }

    fn open(&mut self, source: &mut Source<'_>) {
        let path = self.scratch.file(&format!("store{}", source.byte() % 3));
        let path = CString::new(path.to_str().unwrap()).unwrap();
        // SAFETY: numbers, for which zeros are valid.
        let mut options: COptions = unsafe { std::mem::zeroed() };
        // SAFETY: the struct has `struct_size` bytes.
        unsafe { syna_mmap_options_init(&mut options, size_of::<COptions>()) };
        options.dimensions = 64;
        options.index_threshold = u64::from(source.byte() % 64);
        // The default would reserve memory for 100,000 keys at each open.
        options.initial_capacity = options.index_threshold * 16;
        let flags = source.byte();
        options.words[1] = u32::from(flags & 0x9B);
        options.element = [0, 1, 2, u32::MAX][usize::from(flags >> 5 & 3)];
        if flags & 4 != 0 {
            (options.columns, options.column_count) = (COLUMNS.as_ptr(), COLUMNS.len());
        }
        options.most_unindexed_rows = 16;
        options.index_worker = u32::from(source.one_in(4));
        options.fixed_ef = u32::from(source.one_in(4));
        if source.one_in(8) {
            // Any value of any member, except for two that would exhaust the machine if granted.
            options.struct_size = usize::from(source.byte()) % (size_of::<COptions>() + 1);
            options.metric = source.word();
            options.dimensions = source.word();
            options.initial_capacity = source.long();
            options.words[2] = source.byte().into();
            options.words[4] = source.word();
            options.element = options.words[4] % 8;
        }
        let mut store = ptr::null_mut();
        let in_memory = source.one_in(16);
        // SAFETY: all pointers are valid; the options have at least `struct_size` bytes.
        let status = unsafe {
            if in_memory {
                syna_mmap_open_in_memory(&options, &mut store, &mut self.error)
            } else {
                syna_mmap_open(path.as_ptr(), &options, &mut store, &mut self.error)
            }
        };
        self.expect(status, true, "open");
        assert_eq!(status == OK, !store.is_null());
        if status == OK {
            self.give_out(Kind::Store, store);
            // A truncated options struct has default dimensions, for which this program's vectors are too short.
            // SAFETY: the handle is a number.
            if unsafe { syna_mmap_dimensions(store) } != DIMENSIONS as u32 {
                // SAFETY: the handle is a number; no error struct.
                assert_eq!(unsafe { syna_mmap_close(store, ptr::null_mut()) }, OK);
                self.take_back(Kind::Store, store);
            }
        }
    }

    fn close(&mut self, source: &mut Source<'_>) {
        let (store, is_good) = self.handle(source, Kind::Store);
        // SAFETY: the handle is a number; the error struct is valid.
        let status = unsafe { syna_mmap_close(store, &mut self.error) };
        self.expect(status, is_good || store.is_null(), "close");
        if is_good && is_fault_injected() {
            read_freed();
        }
        self.take_back(Kind::Store, store);
    }

    fn write(&mut self, source: &mut Source<'_>) {
        let (store, is_good) = self.handle(source, Kind::Store);
        let keys: Vec<u8> = (0..source.below(24)).map(|_| source.byte()).collect();
        let vector = vector(DIMENSIONS as u16, source.byte().into());
        let pointer = if source.one_in(16) { ptr::null() } else { vector.as_ptr() };
        let (mut flag, mut out) = (false, [0.0_f32; DIMENSIONS]);
        let (key, length) = (keys.as_ptr(), keys.len());
        let error = &mut self.error;
        let which = source.byte();
        // SAFETY: the handle is a number; the pointers are NULL or valid for the given lengths.
        let status = unsafe {
            match which % 5 {
                0 => syna_mmap_insert(store, key, length, pointer, &mut flag, error),
                1 => syna_mmap_upsert(store, key, length, pointer, error),
                2 => syna_mmap_delete(store, key, length, &mut flag, error),
                3 => syna_mmap_get(store, key, length, out.as_mut_ptr(), error),
                _ => {
                    // Arbitrary offsets: most are refused.
                    let offsets = [0, u64::from(source.byte() % 25), length as u64];
                    let twice = [vector.clone(), vector.clone()].concat();
                    let mut count = 0;
                    let (floats, rows) = (twice.as_ptr(), usize::from(source.byte() % 3));
                    let is_inside = offsets[..=rows].iter().all(|&offset| offset <= length as u64);
                    let rows = if is_inside { rows } else { 0 };
                    syna_mmap_insert_batch(store, key, offsets.as_ptr(), floats, rows, &mut count, error)
                }
            }
        };
        self.expect(status, is_good, "a write");
    }

    fn get(&mut self, source: &mut Source<'_>) {
        let (store, is_good) = self.handle(source, Kind::Store);
        // SAFETY: the handle is a number; a key of length 0 is not read.
        let answers = unsafe {
            [
                syna_mmap_len(store),
                syna_mmap_dimensions(store).into(),
                syna_mmap_metric(store).into(),
                syna_mmap_element(store).into(),
                syna_mmap_vector_bytes(store) as u64,
                syna_mmap_has_index(store).into(),
                syna_mmap_is_dirty(store).into(),
                syna_mmap_last_durable_seq(store),
                syna_mmap_contains(store, ptr::null(), 0).into(),
            ]
        };
        if is_good {
            assert_eq!(answers[1], DIMENSIONS as u64);
            let element = element_of_length(DIMENSIONS, answers[4] as usize);
            assert_eq!(element, Some(ELEMENTS[answers[3] as usize]));
        } else {
            assert_eq!(answers, [0; 9], "an invalid handle gives zeros");
        }
    }

    fn maintain(&mut self, source: &mut Source<'_>) {
        let (store, is_good) = self.handle(source, Kind::Store);
        let which = source.byte();
        let count = u64::from(source.short() % MOST_RESERVED);
        let error = &mut self.error;
        // SAFETY: the handle is a number; the error struct is valid.
        let status = unsafe {
            match which % 4 {
                0 => syna_mmap_checkpoint(store, error),
                1 => syna_mmap_flush(store, error),
                2 => syna_mmap_build_index(store, error),
                _ => syna_mmap_reserve(store, count, error),
            }
        };
        self.expect(status, is_good, "maintenance");
    }

    fn search(&mut self, source: &mut Source<'_>) {
        let (store, store_is_good) = self.handle(source, Kind::Store);
        let (results, results_are_good) = self.handle(source, Kind::Results);
        let query = vector(DIMENSIONS as u16, source.byte().into());
        let k = if source.one_in(32) { usize::MAX } else { usize::from(source.byte()) };
        let error = &mut self.error;
        // SAFETY: the handles are numbers; the query has the dimensions of every store here.
        let status = unsafe { syna_mmap_search(store, query.as_ptr(), k, ptr::null(), results, error) };
        self.expect(status, store_is_good && results_are_good, "search");
        self.read_hits(results, results_are_good);
    }

    fn results(&mut self, source: &mut Source<'_>) {
        if source.one_in(2) {
            let mut results = ptr::null_mut();
            // SAFETY: the pointers are valid.
            let status = unsafe { syna_mmap_results_new(&mut results, &mut self.error) };
            assert_eq!(status, OK);
            self.give_out(Kind::Results, results);
        } else {
            let (results, is_good) = self.handle(source, Kind::Results);
            self.read_hits(results, is_good);
            // SAFETY: the handle is a number.
            unsafe { syna_mmap_results_free(results) };
            self.take_back(Kind::Results, results);
        }
    }
}

/// Makes the calls that `bytes` encode, then closes everything.
pub fn run(bytes: &[u8]) {
    let mut source = Source(bytes);
    let error = CError { struct_size: size_of::<CError>(), status: 0, os_errno: 0, message: [0; 256] };
    let mut host = Host { scratch: Scratch::new(), handles: Default::default(), error };
    for _ in 0..MOST_CALLS {
        if source.is_empty() {
            break;
        }
        match source.byte() % 16 {
            0..3 => host.open(&mut source),
            3 => host.close(&mut source),
            4..9 => host.write(&mut source),
            9 => host.get(&mut source),
            10 => host.maintain(&mut source),
            11..14 => host.search(&mut source),
            14 => host.results(&mut source),
            _ => match source.byte() % 16 {
                0..3 => host.search_otherwise(&mut source),
                3 | 4 => host.walk(&mut source),
                5 => host.write_batch(&mut source),
                6 | 7 => host.maintain_otherwise(&mut source),
                8..12 => host.read_rows(&mut source),
                12 => host.settings(&mut source),
                13 | 14 => host.put(&mut source),
                _ => host.open_memory(&mut source),
            },
        }
    }
    let [stores, results, cursors] = std::mem::take(&mut host.handles);
    for (store, is_open) in stores {
        // SAFETY: the handle is a number; no error struct.
        let status = unsafe { syna_mmap_close(store, ptr::null_mut()) };
        assert_eq!(status, if is_open { OK } else { INVALID_HANDLE });
    }
    for (results, is_open) in results {
        host.read_hits(results, is_open);
        // SAFETY: the handle is a number.
        unsafe { syna_mmap_results_free(results) };
    }
    for (cursor, _) in cursors {
        // SAFETY: the handle is a number.
        unsafe { syna_mmap_cursor_free(cursor) };
    }
}
