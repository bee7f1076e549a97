//! The compact profile of an index.

use crate::support::numbered::{assert_found, indexed, insert, vectors};
use crate::support::{Random, TempFolder, seed};
use crate::{DIMENSIONS, config};
use std::ops::ControlFlow;
use syna_mmap::{IndexProfile, MmapVectorConfig, MmapVectorStore};

#[test]
fn a_compact_index_is_smaller_finds_every_row_and_stays_compact() {
    let folder = TempFolder::new("compact-profile");
    let rows = vectors(&mut Random::new(seed(9)), 2_600, DIMENSIONS);
    let bytes = [IndexProfile::Fast, IndexProfile::Compact].map(|index_profile| {
        let path = folder.file(&format!("{index_profile:?}"));
        let config = MmapVectorConfig { index_profile, ..config(0, 512) };
        let store = MmapVectorStore::new(&path, config).unwrap();
        insert(&store, &rows[..2_300], 0);
        store.build_index().unwrap();
        insert(&store, &rows[2_300..], 2_300);
        assert_found(&store, &rows, 0);
        store.close().unwrap();
        // An existing index keeps its profile, whatever is configured; only a compaction changes it.
        let store = MmapVectorStore::new(&path, fast_config()).unwrap();
        store.build_index().unwrap();
        assert_eq!(indexed(&store), 2_600);
        assert_found(&store, &rows, 0);
        store.stats().unwrap().index_bytes
    });
    println!("fast {} bytes, compact {} bytes", bytes[0], bytes[1]);
    assert!(bytes[1] * 3 < bytes[0], "{bytes:?}");
    let store = MmapVectorStore::new(folder.file("Compact"), fast_config()).unwrap();
    store.compact(&mut |_, _| ControlFlow::Continue(())).unwrap();
    store.build_index().unwrap();
    assert_found(&store, &rows, 0);
    assert!(store.stats().unwrap().index_bytes > bytes[1] * 2);
}

fn fast_config() -> MmapVectorConfig {
    MmapVectorConfig { index_profile: IndexProfile::Fast, ..config(0, 512) }
}
