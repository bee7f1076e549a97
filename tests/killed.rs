//! A process killed with SIGKILL loses nothing that was acknowledged, although it never made a checkpoint.
#![cfg(unix)]

mod support;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use support::{TempFolder, quiet};
use syna_mmap::{DistanceMetric, MmapVectorStore};

const DIMENSIONS: u16 = 70;
const BATCH: usize = 500;

/// The test program calls itself with this set: then it is the child.
const CHILD: &str = "SYNA_MMAP_KILLED_CHILD";

fn vector_of(number: usize) -> Vec<f32> {
    (0..DIMENSIONS).map(|i| (number * 31 % 9973) as f32 + f32::from(i)).collect()
}

/// Writes batch after batch and tells of each on standard output, until it is killed.
fn be_the_child(path: &Path) {
    let store = MmapVectorStore::new(path, quiet(DIMENSIONS, DistanceMetric::Euclidean)).unwrap();
    for batch in store.len() / BATCH.. {
        let numbers = batch * BATCH..(batch + 1) * BATCH;
        let keys: Vec<String> = numbers.clone().map(|number| format!("v{number}")).collect();
        let vectors: Vec<Vec<f32>> = numbers.map(vector_of).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let vectors: Vec<&[f32]> = vectors.iter().map(Vec::as_slice).collect();
        store.insert_batch(&keys, &vectors).unwrap();
        println!("acknowledged {}", (batch + 1) * BATCH);
    }
}

#[test]
fn every_acknowledged_row_is_there_after_a_kill() {
    if let Some(path) = std::env::var_os(CHILD) {
        return be_the_child(Path::new(&path));
    }
    let folder = TempFolder::new("killed");
    let path = folder.file("store");
    let mut rows_before = 0;
    for round in 1..=8 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["every_acknowledged_row_is_there_after_a_kill", "--exact", "--nocapture"])
            .env(CHILD, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let acknowledged: Vec<usize> = lines
            .map_while(Result::ok)
            .filter_map(|line| line.strip_prefix("acknowledged ").and_then(|n| n.parse().ok()))
            .take(3 * round)
            .collect();
        child.kill().unwrap();
        child.wait().unwrap();
        let acknowledged = *acknowledged.last().expect("a child that writes");
        assert!(acknowledged >= rows_before + 3 * round * BATCH);
        let store = MmapVectorStore::new(&path, quiet(DIMENSIONS, DistanceMetric::Euclidean)).unwrap();
        assert!(store.len() >= acknowledged, "{} of {acknowledged}", store.len());
        assert_eq!(store.len() % BATCH, 0, "a batch is there whole or not at all");
        for number in 0..store.len() {
            let key = format!("v{number}");
            assert_eq!(store.get_slice(&key), Some(&vector_of(number)[..]), "{key}");
        }
        rows_before = store.len();
        if round % 2 == 0 {
            store.close().unwrap();
        }
    }
}
