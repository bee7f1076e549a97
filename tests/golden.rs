//! Files of released formats can always be opened (P10).

mod support;

use std::path::Path;
use support::{TempFolder, quiet};
use syna_mmap::{DistanceMetric, MmapVectorConfig, MmapVectorStore, OpenMode};

fn check(store: &MmapVectorStore) {
    let (mut a, mut bc) = ([0.0; 64], [0.0; 64]);
    (a[0], bc[63]) = (1.0, 2.0);
    assert_eq!(store.keys().unwrap(), ["a", "bc"]);
    assert_eq!(store.get_slice("a"), Some(&a[..]));
    assert_eq!(store.get_slice("bc"), Some(&bc[..]));
    assert_eq!(store.search(&bc, 1).unwrap()[0].key, "bc");
}

#[test]
fn format_4_opens_for_reading_and_for_writing() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/format-4.syna");
    let config = quiet(64, DistanceMetric::Euclidean);
    let open = OpenMode { read_only: true, verify: true, ..OpenMode::default() };
    check(&MmapVectorStore::new(&golden, MmapVectorConfig { open, ..config.clone() }).unwrap());
    let folder = TempFolder::new("golden");
    let copy = folder.file("store");
    std::fs::copy(&golden, &copy).unwrap();
    let store = MmapVectorStore::new(&copy, config.clone()).unwrap();
    check(&store);
    store.insert("new", &[9.0; 64]).unwrap();
    store.close().unwrap();
    assert_eq!(MmapVectorStore::new(&copy, config).unwrap().keys().unwrap(), ["a", "bc", "new"]);
}
