//! Two power failures. Between them, the batch that the first one broke is written again.
//!
//! The same bytes go to the same place, so leftovers of the lost writes could become valid again.

use super::change::{Change, Contents, Row, stored};
use super::check::check_prefix;
use super::cuts::materialise;
use super::trace::{Writing, config_of};
use super::{Random, scratch_folder};
use crate::storage::simulated::{Choice, PowerCut, Simulated};
use crate::{Column, ColumnKind, Durability, ElementType, MmapVectorConfig, MmapVectorStore, Result, Value};
use std::path::Path;
use std::sync::Arc;

const BATCHES: usize = 3;
/// Rows of 128 or 256 bytes, so many that a batch has its own pages.
const ROWS: usize = 40;

fn batch(element: ElementType, columns: usize, number: usize) -> Vec<Row> {
    let row = |i: usize| {
        let component = |at: usize| f32::from(u16::try_from(1 + number * 1000 + i * 7 + at).unwrap());
        let vector: Vec<f32> = (0..64).map(component).collect();
        let (key, stored) = (format!("{number}.{i}").into_bytes(), stored(element, &vector));
        let value = |column| Value::U64(u64::try_from(1 + number * 1000 + i * 7 + column).unwrap());
        let values = (0..columns).map(value).collect();
        Row { key, vector, stored, tags: 0, payload: Vec::new(), values }
    };
    (0..ROWS).map(row).collect()
}

/// The image with all pages, those with one page missing, and those with only the first pages. The zeros that are
/// written after the rows of a batch overwrite leftovers there, unless the zeros are lost themselves.
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

/// Writes batches and is killed. Returns the contents after each.
fn write(
    disk: &Simulated,
    store: MmapVectorStore,
    after: &[Contents],
    batches: &[Vec<Row>],
) -> std::result::Result<Vec<Contents>, String> {
    let mut writing = Writing::new(disk, store, after.to_vec(), Durability::Process);
    let mut all =
        || -> Result<()> { batches.iter().try_for_each(|rows| writing.change(&Change::insert(rows))) };
    all().map_err(|error| format!("UNUSABLE: {error}"))?;
    writing.store.abandon();
    Ok(writing.after)
}

/// Loses each page of three batches that were not checkpointed, writes the first lost batch again, and loses each page
/// at each moment of that write.
///
/// # Errors
/// The violated guarantee.
pub(super) fn lose_a_page_twice(element: ElementType, columns: usize) -> std::result::Result<u64, String> {
    let folder = scratch_folder("twice");
    let config = MmapVectorConfig { dimensions: 64, index_threshold: 0, ..config_of(&mut Random::new(1)) };
    let column = |number| Column::new(&format!("column {number}"), ColumnKind::U64).unwrap();
    let config = MmapVectorConfig {
        durability: Durability::Process,
        element,
        columns: (0..columns).map(column).collect(),
        ..config
    };
    let batches: Vec<Vec<Row>> = (0..BATCHES).map(|number| batch(element, columns, number)).collect();

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
fn writing_a_lost_batch_again_restores_nothing_else() {
    for (element, columns) in [(ElementType::F32, 0), (ElementType::F16, 2), (ElementType::I8, 0)] {
        let opened = lose_a_page_twice(element, columns).unwrap_or_else(|what| panic!("{what}"));
        println!("{}, {columns} columns: {opened} images after a second power failure", element.name());
        assert!(opened > 100, "{opened}");
    }
}
