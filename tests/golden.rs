//! Files of released formats can always be opened (P10).

mod support;

use std::path::Path;
use support::{TempFolder, quiet};
use syna_mmap::{DistanceMetric, ElementType, MmapVectorConfig, MmapVectorStore, OpenMode};

/// Checks that a file of two vectors opens for reading and for writing.
fn check(name: &str, element: ElementType, first: &[f32], second: &[f32]) {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    let dimensions = u16::try_from(first.len()).unwrap();
    let config = MmapVectorConfig { element, ..quiet(dimensions, DistanceMetric::Euclidean) };
    let check = |store: &MmapVectorStore| {
        assert_eq!(store.keys().unwrap(), ["a", "bc"]);
        assert_eq!(store.get("a").unwrap().unwrap(), first);
        assert_eq!(store.get("bc").unwrap().unwrap(), second);
        let nearest = &store.search(second, 1).unwrap()[0];
        assert_eq!((nearest.key.as_str(), nearest.score), ("bc", 0.0));
    };
    let open = OpenMode { read_only: true, verify: true, ..OpenMode::default() };
    check(&MmapVectorStore::new(&golden, MmapVectorConfig { open, ..config.clone() }).unwrap());
    let folder = TempFolder::new("golden");
    let copy = folder.file("store");
    std::fs::copy(&golden, &copy).unwrap();
    let store = MmapVectorStore::new(&copy, config.clone()).unwrap();
    check(&store);
    store.insert("new", &vec![9.0; first.len()]).unwrap();
    store.close().unwrap();
    assert_eq!(MmapVectorStore::new(&copy, config).unwrap().keys().unwrap(), ["a", "bc", "new"]);
}

#[test]
fn format_4_opens_for_reading_and_for_writing() {
    let (mut a, mut bc) = ([0.0; 64], [0.0; 64]);
    (a[0], bc[63]) = (1.0, 2.0);
    check("format-4.syna", ElementType::F32, &a, &bc);
}

/// The vectors (1, -0.5, 0.1, 0, ...) and (0, ..., 0, 2) were written.
#[test]
fn format_4_with_16_bit_floats_opens_for_reading_and_for_writing() {
    let (mut a, mut bc) = ([0.0; 67], [0.0; 67]);
    // 0.1 is rounded to 1638 / 2^14.
    a[..3].copy_from_slice(&[1.0, -0.5, 1638.0 / 16384.0]);
    bc[66] = 2.0;
    check("format-4-f16.syna", ElementType::F16, &a, &bc);
}

/// The same vectors were written.
#[test]
fn format_4_with_integers_opens_for_reading_and_for_writing() {
    let (mut a, mut bc) = ([0.0; 67], [0.0; 67]);
    let step = 1.0_f32 / 127.0;
    a[..3].copy_from_slice(&[127.0 * step, -64.0 * step, 13.0 * step]);
    bc[66] = 127.0 * (2.0_f32 / 127.0);
    check("format-4-i8.syna", ElementType::I8, &a, &bc);
}
