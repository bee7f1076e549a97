//! A store in a container: the file is in the lower layer of an overlayfs until the first write.
#![cfg(target_os = "linux")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::numbered::{assert_found, insert, vectors};
use support::{Random, TempFolder, quiet, seed};
use syna_mmap::{DistanceMetric, MmapVectorConfig, MmapVectorStore, OpenMode};

/// A mounted overlay; it is unmounted at the end.
struct Overlay {
    merged: PathBuf,
}

impl Overlay {
    /// `None`, with a message, if mounting is not permitted.
    fn mount(folder: &Path) -> Option<Self> {
        let part = |name: &str| folder.join(name);
        for name in ["lower", "upper", "work", "merged"] {
            fs::create_dir_all(part(name)).unwrap();
        }
        let shown = |name: &str| part(name).display().to_string();
        let options =
            format!("lowerdir={},upperdir={},workdir={}", shown("lower"), shown("upper"), shown("work"));
        let mounted = Command::new("mount")
            .args(["-t", "overlay", "overlay", "-o", &options])
            .arg(part("merged"))
            .output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self { merged: part("merged") }),
            refused => {
                println!("skipped: no overlay can be mounted here: {refused:?}");
                None
            }
        }
    }
}

impl Drop for Overlay {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.merged).status();
    }
}

#[test]
fn a_reader_of_the_lower_file_follows_the_writer_to_its_copy() {
    let folder = TempFolder::new("overlay");
    let Some(overlay) = Overlay::mount(folder.path()) else { return };
    let (lower, path) = (folder.file("lower").join("store"), overlay.merged.join("store"));
    let rows = vectors(&mut Random::new(seed(31)), 1_200, 64);
    let config = quiet(64, DistanceMetric::Euclidean);
    let store = MmapVectorStore::new(&lower, config.clone()).unwrap();
    insert(&store, &rows[..100], 0);
    store.close().unwrap();
    let open = OpenMode { read_only: true, ..OpenMode::default() };
    let reader = MmapVectorStore::new(&path, MmapVectorConfig { open, ..config.clone() }).unwrap();
    assert!(!reader.refresh().unwrap());
    assert_found(&reader, &rows[..100], 0);
    // The first write copies the file to the upper layer.
    let store = MmapVectorStore::new(&path, config).unwrap();
    assert!(!reader.refresh().unwrap());
    let mut there = 100;
    for (end, is_checkpointed) in [(120, false), (150, true), (1_000, false), (1_200, true)] {
        insert(&store, &rows[there..end], there);
        if is_checkpointed {
            store.checkpoint().unwrap();
        }
        there = end;
        assert!(reader.refresh().unwrap());
        assert_eq!(reader.len(), there);
        assert_found(&reader, &rows[..there], 0);
        for (row, key) in reader.keys().unwrap().iter().enumerate() {
            assert_eq!(key, &row.to_string());
            assert_eq!(reader.get_slice(key), Some(&rows[row][..]));
        }
    }
    store.close().unwrap();
    drop(reader);
    drop(overlay);
}
