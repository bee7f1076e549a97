//! What a file says about itself: the kind of its keys, and the user block.

mod support;

use support::{TempFolder, quiet};
use syna_mmap::{
    BatchKeys, BatchVectors, DistanceMetric, Filter, KeyKind, Label, MmapVectorConfig, MmapVectorStore,
    OpenMode, SearchOptions, SearchResults, SynaError, UserBlock, WriteBatch,
};

const NUMBERS: [u64; 5] = [0, 1, 255, 1 << 40, u64::MAX];

fn bytes() -> MmapVectorConfig {
    MmapVectorConfig { key_kind: KeyKind::Bytes, ..quiet(64, DistanceMetric::Euclidean) }
}

fn read_only(config: MmapVectorConfig) -> MmapVectorConfig {
    MmapVectorConfig { open: OpenMode { read_only: true, ..OpenMode::default() }, ..config }
}

#[test]
fn any_bytes_are_keys() {
    let folder = TempFolder::new("byte-keys");
    let path = folder.file("store");
    let store = MmapVectorStore::new(&path, bytes()).unwrap();
    let keys: Vec<[u8; 8]> = NUMBERS.map(u64::to_le_bytes).to_vec();
    let slices: Vec<&[u8]> = keys.iter().map(<[u8; 8]>::as_slice).collect();
    let vectors: Vec<f32> = (0..5_u8).flat_map(|n| [f32::from(n); 64]).collect();
    let batch = WriteBatch {
        keys: BatchKeys::Bytes(&slices),
        vectors: BatchVectors::RowMajor(&vectors),
        ..WriteBatch::default()
    };
    assert_eq!(store.write(&batch).unwrap().rows, 5);
    store.insert(b"\xff\xfe", &[9.0; 64]).unwrap();
    store.insert([], &[10.0; 64]).unwrap();
    let check = |store: &MmapVectorStore| {
        assert_eq!(store.key_kind(), KeyKind::Bytes);
        for (number, key) in (0..5_u8).zip(&keys) {
            assert_eq!(store.get(key).unwrap().unwrap()[0], f32::from(number));
        }
        let mut results = SearchResults::default();
        store.search_with(&[9.1; 64], 2, &SearchOptions::default(), &mut results).unwrap();
        let found: Vec<&[u8]> = (0..2).map(|hit| results.key_bytes(hit).unwrap()).collect();
        assert_eq!(found, [&b"\xff\xfe"[..], b""]);
        assert_eq!(results.key(0), None);
        let entry = store.iterate(5).next().unwrap().unwrap();
        assert_eq!(format!("{:?} {}", entry.key, entry.key), "b\"\\xff\\xfe\" \u{fffd}\u{fffd}");
        let filter = Filter { key_prefix: b"\xff", ..Filter::default() };
        let options = SearchOptions { filter, ..SearchOptions::default() };
        store.search_with(&[0.0; 64], 9, &options, &mut results).unwrap();
        assert_eq!(results.hits().len(), 3, "two numbers and one other key begin with 0xff");
        let error = store.keys().unwrap_err().to_string();
        assert!(error.contains("keys_bytes()"), "{error}");
        assert_eq!(store.keys_bytes().len(), store.len());
    };
    check(&store);
    assert!(store.delete([]).unwrap());
    store.insert([], &[10.0; 64]).unwrap();
    store.close().unwrap();
    check(&MmapVectorStore::new(&path, bytes()).unwrap());
    let saved = folder.file("saved");
    assert_eq!(MmapVectorStore::salvage(&path, &saved).unwrap().lost, 0);
    check(&MmapVectorStore::new(&saved, bytes()).unwrap());
}

#[test]
fn the_kind_of_keys_belongs_to_the_file() {
    let folder = TempFolder::new("key-kind");
    let (text, binary) = (folder.file("text"), folder.file("bytes"));
    let plain = quiet(64, DistanceMetric::Euclidean);
    let store = MmapVectorStore::new(&text, plain.clone()).unwrap();
    for refused in [&b"\xff"[..], b"ab\xc3"] {
        let error = store.insert(refused, &[1.0; 64]).unwrap_err();
        assert!(matches!(error, SynaError::InvalidKey { .. }), "{error}");
        assert!(store.get(refused).is_err() && store.delete(refused).is_err());
    }
    store.insert("a", &[1.0; 64]).unwrap();
    store.close().unwrap();
    MmapVectorStore::new(&binary, bytes()).unwrap().close().unwrap();
    for (path, config) in [(&text, bytes()), (&binary, plain.clone())] {
        let before = std::fs::read(path).unwrap();
        let error = MmapVectorStore::new(path, config.clone()).unwrap_err();
        assert!(matches!(error, SynaError::KeyKindMismatch { .. }), "{error}");
        assert!(error.to_string().contains("text") && error.to_string().contains("bytes"), "{error}");
        let any = MmapVectorConfig { key_kind_from_file: true, ..config };
        MmapVectorStore::new(path, any).unwrap().close().unwrap();
        assert_eq!(std::fs::read(path).unwrap().len(), before.len());
    }
    // There is no file to take the kind from.
    let any = MmapVectorConfig { key_kind_from_file: true, ..plain };
    let missing = folder.file("none");
    assert!(matches!(MmapVectorStore::new(&missing, any), Err(SynaError::NotFound { .. })));
    assert!(!missing.exists());
}

#[test]
fn a_user_block_is_stored_in_the_file() {
    let folder = TempFolder::new("user-block");
    let path = folder.file("store");
    let label = Label::new("all-MiniLM-L6-v2").unwrap();
    let user_block = UserBlock { application_id: 0x6d61_7073, user_version: 3, label };
    let plain = quiet(64, DistanceMetric::Cosine);
    let created = MmapVectorConfig { user_block, ..plain.clone() };
    let store = MmapVectorStore::new(&path, created.clone()).unwrap();
    assert_eq!(store.user_block(), user_block);
    store.insert("a", &[1.0; 64]).unwrap();
    let reader = MmapVectorStore::new(&path, read_only(plain.clone())).unwrap();
    assert_eq!(reader.user_block(), user_block, "readable without opening for writing");
    let newer = UserBlock { user_version: 4, ..user_block };
    store.set_user_block(newer).unwrap();
    assert_eq!((store.user_block(), store.is_dirty()), (newer, false));
    assert!(reader.refresh().unwrap() && !reader.refresh().unwrap());
    assert_eq!(reader.user_block(), newer);
    assert!(matches!(reader.set_user_block(user_block).unwrap_err(), SynaError::ReadOnly { .. }));
    let copy = folder.file("copy");
    store.snapshot_to(&copy, &mut |_, _| std::ops::ControlFlow::Continue(())).unwrap();
    store.compact(&mut |_, _| std::ops::ControlFlow::Continue(())).unwrap();
    assert_eq!(store.user_block(), newer);
    store.close().unwrap();
    // The block of the configuration is for new files only.
    for path in [&path, &copy] {
        assert_eq!(MmapVectorStore::new(path, created.clone()).unwrap().user_block(), newer);
    }
    let saved = folder.file("saved");
    MmapVectorStore::salvage(&path, &saved).unwrap();
    assert_eq!(MmapVectorStore::new(&saved, plain).unwrap().user_block(), newer);
}

#[test]
fn a_store_with_another_label_is_refused() {
    let folder = TempFolder::new("label");
    let path = folder.file("store");
    let plain = quiet(64, DistanceMetric::Cosine);
    let expecting = |text: &str| MmapVectorConfig {
        expected_label: Some(Label::new(text).unwrap()),
        ..quiet(64, DistanceMetric::Cosine)
    };
    let label = Label::new("model-1").unwrap();
    let created = MmapVectorConfig { user_block: UserBlock { label, ..UserBlock::default() }, ..plain };
    MmapVectorStore::new(&path, created).unwrap().close().unwrap();
    let before = std::fs::read(&path).unwrap();
    for wrong in ["model-2", "", "model-1 "] {
        for config in [expecting(wrong), read_only(expecting(wrong))] {
            let error = MmapVectorStore::new(&path, config).unwrap_err();
            assert!(matches!(error, SynaError::LabelMismatch { .. }), "{error}");
            assert!(error.to_string().contains("\"model-1\""), "{error}");
        }
    }
    assert_eq!(std::fs::read(&path).unwrap(), before);
    MmapVectorStore::new(&path, expecting("model-1")).unwrap().close().unwrap();
}
