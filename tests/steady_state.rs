//! Handle lookups and searches into reused results do not allocate.
#![expect(unsafe_code, reason = "calls the C API and counts allocations")]

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::ffi::{CString, c_char, c_void};
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};
use support::{Random, TempFolder, quiet, seed};
use syna_mmap::{
    BatchKeys, BatchPayloads, BatchVectors, DistanceMetric, ElementType, Entry, Filter, MmapVectorConfig,
    MmapVectorStore, SearchOptions, SearchResults, WriteBatch, WriteMode,
};

struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: forwards to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as the caller guarantees.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as the caller guarantees.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

unsafe extern "C" {
    fn syna_mmap_open(
        path: *const c_char,
        options: *const c_void,
        store: *mut *mut c_void,
        error: *mut c_void,
    ) -> i32;
    fn syna_mmap_close(store: *mut c_void, error: *mut c_void) -> i32;
    fn syna_mmap_len(store: *const c_void) -> u64;
    fn syna_mmap_results_new(results: *mut *mut c_void, error: *mut c_void) -> i32;
    fn syna_mmap_results_free(results: *mut c_void);
    fn syna_mmap_results_hits(results: *const c_void, count: *mut usize) -> *const c_void;
    fn syna_mmap_search(
        store: *const c_void,
        query: *const f32,
        k: usize,
        options: *const c_void,
        results: *mut c_void,
        error: *mut c_void,
    ) -> i32;
}

#[test]
fn warm_searches_do_not_allocate() {
    through_the_c_api();
    for (element, dimensions) in [(ElementType::F32, 200), (ElementType::I8, 200), (ElementType::F16, 27)] {
        with_filters_within_a_distance_and_by_key(element, dimensions);
    }
}

fn with_filters_within_a_distance_and_by_key(element: ElementType, dimensions: u16) {
    let mut random = Random::new(seed(12));
    let config =
        MmapVectorConfig { element, small_dimensions: true, ..quiet(dimensions, DistanceMetric::Cosine) };
    let store = MmapVectorStore::in_memory(config).unwrap();
    let vectors: Vec<Vec<f32>> = (0..4000).map(|_| random.vector(dimensions.into())).collect();
    let keys: Vec<String> = (0..4000).map(|n| format!("key {n}")).collect();
    let written = store.write(&WriteBatch {
        keys: BatchKeys::Slices(&keys.iter().map(String::as_str).collect::<Vec<_>>()),
        vectors: BatchVectors::Slices(&vectors.iter().map(Vec::as_slice).collect::<Vec<_>>()),
        tags: Some(&(0..4000).collect::<Vec<u64>>()),
        payloads: BatchPayloads::None,
        mode: WriteMode::Insert,
        ..WriteBatch::default()
    });
    assert_eq!(written.unwrap().rows, 4000);
    store.build_index().unwrap();
    let bitmap = vec![0x0101_0101_0101_0101; 63];
    let test = |entry: &Entry<'_>| entry.key.as_bytes().ends_with(b"7") || entry.tags.is_multiple_of(2);
    let none = Filter::default();
    let filters = [
        Filter { tags_all: 2, ..none },
        Filter { tags_any: 1, tags_none: 2046, ..none },
        Filter { key_prefix: b"key 1", ..none },
        Filter { rows: Some(&bitmap), ..none },
        Filter { callback: Some(&test), ..none },
        Filter { callback: Some(&|entry| entry.row == 5), ..none },
    ];
    let mut results = SearchResults::default();
    let mut search_all = || {
        for query in vectors.iter().step_by(100) {
            for filter in filters {
                let options = SearchOptions { filter, ..Default::default() };
                store.search_with(query, 10, &options, &mut results).unwrap();
                assert!(!results.hits().is_empty());
                store.search_range(query, 0.9, &options, &mut results).unwrap();
                store.search_key("key 5", 10, &options, &mut results).unwrap();
                let after = results.hits().last().copied();
                let page = SearchOptions { after, max_distance: 1.0, ..options };
                store.search_key("key 5", 10, &page, &mut results).unwrap();
            }
            for approximate in [false, true] {
                let options = SearchOptions { approximate, ..Default::default() };
                store.search_range(query, 0.8, &options, &mut results).unwrap();
                assert!(!results.hits().is_empty());
            }
        }
    };
    search_all();
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    search_all();
    assert_eq!(ALLOCATIONS.load(Ordering::Relaxed) - before, 0);
}

fn through_the_c_api() {
    let folder = TempFolder::new("steady");
    let path = folder.file("store");
    let mut random = Random::new(seed(11));
    let store = MmapVectorStore::new(&path, quiet(768, DistanceMetric::Cosine)).unwrap();
    for n in 0..3000 {
        store.insert(format!("key {n}"), &random.vector(768)).unwrap();
    }
    store.build_index().unwrap();
    store.close().unwrap();

    let path = CString::new(path.to_str().unwrap()).unwrap();
    let queries: Vec<Vec<f32>> = (0..50).map(|_| random.vector(768)).collect();
    let (mut store, mut results, mut count) = (ptr::null_mut(), ptr::null_mut(), 0);
    // SAFETY: every pointer is valid for the function, or NULL where that is allowed; the defaults are the store's.
    unsafe {
        assert_eq!(syna_mmap_open(path.as_ptr(), ptr::null(), &mut store, ptr::null_mut()), 0);
        assert_eq!(syna_mmap_results_new(&mut results, ptr::null_mut()), 0);
        let mut search_all = || {
            for query in &queries {
                let found =
                    syna_mmap_search(store, query.as_ptr(), 10, ptr::null(), results, ptr::null_mut());
                assert_eq!((found, syna_mmap_len(store)), (0, 3000));
                assert!(!syna_mmap_results_hits(results, &mut count).is_null());
                assert_eq!(count, 10);
            }
        };
        search_all();
        let before = ALLOCATIONS.load(Ordering::Relaxed);
        search_all();
        assert_eq!(ALLOCATIONS.load(Ordering::Relaxed) - before, 0);
        syna_mmap_results_free(results);
        assert!(ALLOCATIONS.load(Ordering::Relaxed) > 3000, "allocations are counted");
        assert_eq!(syna_mmap_close(store, ptr::null_mut()), 0);
    }
}
