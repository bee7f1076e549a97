//! Two power cuts, and the batch that the first one broke written once more between them.
//!
//! The same bytes go to the same place, so what the first cut has left of an abandoned future could become whole by them.

use super::check::check_prefix;
use super::cuts::materialise;
use super::trace::{Contents, Row, Writing, config_of};
use super::{Random, scratch_folder};
use crate::storage::simulated::{Choice, PowerCut, Simulated};
use crate::{Durability, MmapVectorConfig, MmapVectorStore, Result, WriteMode};
use std::path::Path;
use std::sync::Arc;

const BATCHES: usize = 3;
/// Of 256 bytes each, so that a batch has pages for itself.
const ROWS: usize = 40;

fn batch(number: usize) -> Vec<Row> {
    let row = |i: usize| {
        let component = |at: usize| f32::from(u16::try_from(1 + number * 1000 + i * 7 + at).unwrap());
        Row {
            key: format!("{number}.{i}"),
            vector: (0..64).map(component).collect(),
            tags: 0,
            payload: Vec::new(),
        }
    };
    (0..ROWS).map(row).collect()
}

/// Everything on the disk, everything but one page, for each page, and the first so many pages alone: zeros that were
/// written ahead of a batch's rows wipe what an abandoned future has left there, unless they are lost themselves.
fn all_and_each_missing(cut: &PowerCut) -> Vec<Choice> {
    let everything = cut.everything();
    let missing = |page: usize| {
        let mut choice = everything.clone();
        choice.versions[page] = 0;
        choice
    };
    let mut choices: Vec<Choice> = (0..everything.versions.len()).map(missing).collect();
    choices.extend((0..everything.versions.len()).map(|there| {
        let mut choice = everything.clone();
        choice.versions.iter_mut().skip(there).for_each(|version| *version = 0);
        choice
    }));
    choices.push(everything);
    choices
}

fn open(
    disk: &Simulated,
    folder: &Path,
    config: &MmapVectorConfig,
) -> std::result::Result<MmapVectorStore, String> {
    MmapVectorStore::open_on(Arc::new(disk.clone()), &folder.join("store"), config.clone())
        .map_err(|error| format!("UNOPENABLE: {error}"))
}

/// Writes these batches and is killed; returns what the store holds after each.
fn write(
    disk: &Simulated,
    store: MmapVectorStore,
    after: &[Contents],
    batches: &[Vec<Row>],
) -> std::result::Result<Vec<Contents>, String> {
    let mut writing = Writing::new(disk, store, after.to_vec(), Durability::Process);
    let mut all =
        || -> Result<()> { batches.iter().try_for_each(|rows| writing.write(rows, WriteMode::Insert)) };
    all().map_err(|error| format!("UNUSABLE: {error}"))?;
    writing.store.abandon();
    Ok(writing.after)
}

/// Loses each page of three batches that were not checkpointed, writes the first batch that is gone, and loses each page
/// at each moment of that.
///
/// # Errors
/// The promise that did not hold.
pub(super) fn lose_a_page_twice() -> std::result::Result<u64, String> {
    let folder = scratch_folder("twice");
    let config = MmapVectorConfig { dimensions: 64, index_threshold: 0, ..config_of(&mut Random(1)) };
    let config = MmapVectorConfig { durability: Durability::Process, ..config };
    let batches: Vec<Vec<Row>> = (0..BATCHES).map(batch).collect();

    let disk = Simulated::new(1);
    let store = open(&disk, &folder, &config)?;
    store.checkpoint().map_err(|error| format!("UNUSABLE: {error}"))?;
    let after = write(&disk, store, &[vec![]], &batches)?;
    let mut first = PowerCut::default();
    disk.operations().iter().for_each(|operation| first.apply(operation));

    let mut opened = 0;
    for choice in all_and_each_missing(&first) {
        let image = first.image(&choice);
        materialise(&image, &folder);
        let disk = Simulated::new(2);
        let store = open(&disk, &folder, &config)?;
        let found = check_prefix(&store, &after, 0, BATCHES, 37)?;
        let lost = &batches[found..];
        let after = write(&disk, store, &after[..=found], &lost[..lost.len().min(1)])?;
        let mut second = PowerCut::of_image(&image, &folder);
        for operation in disk.operations() {
            second.apply(&operation);
            for choice in all_and_each_missing(&second) {
                materialise(&second.image(&choice), &folder);
                let store = open(&Simulated::new(3), &folder, &config)?;
                check_prefix(&store, &after, 0, after.len() - 1, 37)?;
                store.abandon();
                opened += 1;
            }
        }
    }
    Ok(opened)
}

#[test]
fn a_batch_written_once_more_brings_nothing_else_back() {
    let opened = lose_a_page_twice().unwrap_or_else(|what| panic!("{what}"));
    println!("{opened} images after a second power cut");
    assert!(opened > 100, "{opened}");
}
