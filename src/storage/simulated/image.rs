//! The possible contents of the disk after a power failure.
//!
//! The model: a sync writes every page of its file, and its length, to the disk. Before the sync, the disk has each
//! page in any of the versions since the last sync, independently of the others. The length is an older or a newer one,
//! and the names are those after some prefix of the changes to the folder. One page may be torn between two of its
//! versions at a multiple of 64 bytes.

use super::disk::{FileId, Operation};
use crate::storage::io::temporary::names_for;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;

const PAGE_BYTES: usize = 4096;
/// Pages may be torn at any multiple of this. Disks guarantee 512, so code that relies on sectors is tested too.
const TEAR_BYTES: usize = 64;

/// The possible contents of a file on the disk.
#[derive(Debug, Clone, Default)]
struct FileHistory {
    /// The content that is known to be on the disk.
    durable: Vec<u8>,
    /// The content that the process sees.
    cached: Vec<u8>,
    /// The versions of each page since the last sync, oldest first, without the durable one.
    versions: BTreeMap<usize, Vec<Vec<u8>>>,
    /// The lengths of the file since the last sync, oldest first, without the durable one.
    lengths: Vec<usize>,
}

impl FileHistory {
    fn page(bytes: &[u8], page: usize) -> Vec<u8> {
        let mut out = bytes.iter().skip(page * PAGE_BYTES).take(PAGE_BYTES).copied().collect::<Vec<_>>();
        out.resize(PAGE_BYTES, 0);
        out
    }

    /// A version of a page; 0 is the durable one.
    fn version(&self, page: usize, number: usize) -> Vec<u8> {
        match number.checked_sub(1) {
            None => Self::page(&self.durable, page),
            Some(number) => self.versions[&page][number].clone(),
        }
    }

    fn write(&mut self, offset: usize, bytes: &[u8]) {
        let end = offset + bytes.len();
        if end > self.cached.len() {
            self.set_length(end);
        }
        self.cached[offset..end].copy_from_slice(bytes);
        for page in offset / PAGE_BYTES..end.div_ceil(PAGE_BYTES) {
            let now = Self::page(&self.cached, page);
            // A page that was written without a change, as zeros after the rows are, adds no version.
            let is_same = match self.versions.get(&page).and_then(|versions| versions.last()) {
                Some(before) => *before == now,
                None => Self::page(&self.durable, page) == now,
            };
            if !is_same {
                self.versions.entry(page).or_default().push(now);
            }
        }
    }

    fn set_length(&mut self, length: usize) {
        self.cached.resize(length, 0);
        self.lengths.push(length);
    }

    /// Only dirty pages are written: what an earlier, failed sync has dropped stays off the disk.
    fn sync(&mut self) {
        self.durable.resize(self.cached.len(), 0);
        for &page in self.versions.keys() {
            let start = page * PAGE_BYTES;
            let end = (start + PAGE_BYTES).min(self.cached.len());
            if start < end {
                self.durable[start..end].copy_from_slice(&self.cached[start..end]);
            }
        }
        self.forget();
    }

    /// Drops what was not written.
    fn forget(&mut self) {
        self.versions.clear();
        self.lengths.clear();
    }
}

/// A page with several possible versions, and how many it has besides the durable one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Unsettled {
    file: FileId,
    page: usize,
    versions: usize,
}

/// The moment of a power failure: everything that may or may not be on the disk.
#[derive(Debug, Clone, Default)]
pub(crate) struct PowerCut {
    files: BTreeMap<FileId, FileHistory>,
    /// The names that are known to be on the disk.
    durable_names: BTreeMap<PathBuf, FileId>,
    /// The names after each change since the last sync of the folder, oldest first.
    later_names: Vec<BTreeMap<PathBuf, FileId>>,
}

/// One possible state of the disk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Choice {
    /// For each unsettled page, in order, its version: 0 is the durable one.
    pub(crate) versions: Vec<usize>,
    /// How many changes of the folder are on the disk.
    pub(crate) names: usize,
    /// How many of each file's later lengths are on the disk; for a file with fewer: its last one.
    pub(crate) lengths: usize,
    /// An unsettled page, by its index, that has the previous version from this place on, in units of 64 bytes.
    pub(crate) tear: Option<(usize, usize)>,
}

/// The content of a disk: names and bytes.
pub(crate) type Image = BTreeMap<PathBuf, Vec<u8>>;

impl PowerCut {
    /// The moment after a machine was restarted with `image` on its disk. The files are now in `folder`, and are
    /// numbered as a new [`super::Simulated`] numbers them: the store first, then the other opened files.
    pub(crate) fn of_image(image: &Image, folder: &std::path::Path) -> Self {
        let mut cut = Self::default();
        // The files that an open accesses, in its order. Other files get other numbers.
        let mut opened = ["store", "store.hnsw"].map(|name| folder.join(name)).to_vec();
        let temporary: Vec<PathBuf> = opened.iter().flat_map(|path| names_for(path)).collect();
        opened.extend(temporary);
        let paths: BTreeMap<_, _> =
            image.iter().map(|(path, bytes)| (folder.join(path.file_name().unwrap()), bytes)).collect();
        opened.retain(|path| paths.contains_key(path));
        for ((path, bytes), stray) in paths.into_iter().zip(1000..) {
            let place = opened.iter().position(|other| *other == path);
            let file = place.map_or(stray, |place| FileId::try_from(place).unwrap());
            let history =
                FileHistory { durable: bytes.clone(), cached: bytes.clone(), ..FileHistory::default() };
            cut.files.insert(file, history);
            cut.durable_names.insert(path, file);
        }
        cut
    }

    /// Applies one more operation.
    pub(crate) fn apply(&mut self, operation: &Operation) {
        let names_now = |cut: &Self| cut.later_names.last().unwrap_or(&cut.durable_names).clone();
        match operation {
            Operation::Create { path, file } => {
                let mut names = names_now(self);
                names.insert(path.clone(), *file);
                self.later_names.push(names);
                self.files.entry(*file).or_default();
            }
            Operation::Write { file, offset_bytes, bytes } => {
                self.files.entry(*file).or_default().write(usize::try_from(*offset_bytes).unwrap(), bytes);
            }
            Operation::Extend { file, length_bytes } => {
                let history = self.files.entry(*file).or_default();
                let length = usize::try_from(*length_bytes).unwrap();
                if length > history.cached.len() {
                    history.set_length(length);
                }
            }
            Operation::Truncate { file, length_bytes } => {
                self.files.entry(*file).or_default().set_length(usize::try_from(*length_bytes).unwrap());
            }
            Operation::Sync { file } => self.files.entry(*file).or_default().sync(),
            Operation::FailedSync { file } => self.files.entry(*file).or_default().forget(),
            Operation::Rename { from, to } => {
                let mut names = names_now(self);
                if let Some(file) = names.remove(from) {
                    names.insert(to.clone(), file);
                }
                self.later_names.push(names);
            }
            Operation::Remove { path } => {
                let mut names = names_now(self);
                names.remove(path);
                self.later_names.push(names);
            }
            Operation::SyncFolder => {
                self.durable_names = names_now(self);
                self.later_names.clear();
            }
            Operation::Mark(_) => {}
        }
    }

    fn unsettled(&self) -> Vec<Unsettled> {
        let of_file = |(&file, history): (&FileId, &FileHistory)| {
            history
                .versions
                .iter()
                .map(move |(&page, versions)| Unsettled { file, page, versions: versions.len() })
                .collect::<Vec<_>>()
        };
        self.files.iter().flat_map(of_file).collect()
    }

    /// How many versions each unsettled page has besides the durable one.
    pub(crate) fn page_versions(&self) -> Vec<usize> {
        self.unsettled().iter().map(|page| page.versions).collect()
    }

    /// How many changes of names are unsettled.
    pub(crate) fn name_changes(&self) -> usize {
        self.later_names.len()
    }

    /// The largest number of lengths of a file besides the durable one.
    pub(crate) fn length_changes(&self) -> usize {
        self.files.values().map(|history| history.lengths.len()).max().unwrap_or(0)
    }

    /// The state after a kill of the process: everything is there.
    pub(crate) fn everything(&self) -> Choice {
        Choice {
            versions: self.page_versions(),
            names: self.name_changes(),
            lengths: self.length_changes(),
            tear: None,
        }
    }

    /// Where version `chosen` of unsettled page `at` can be torn so that the result is neither that version nor the
    /// previous one: after the first 64 bytes that differ, up to the last.
    pub(crate) fn tears(&self, at: usize, chosen: usize) -> Range<usize> {
        let unsettled = self.unsettled();
        let Some((page, before)) = unsettled.get(at).zip(chosen.checked_sub(1)) else { return 0..0 };
        let [new, old] = [chosen, before].map(|number| self.files[&page.file].version(page.page, number));
        let units = new.chunks(TEAR_BYTES).zip(old.chunks(TEAR_BYTES));
        let differ: Vec<usize> =
            units.enumerate().filter(|(_, (new, old))| new != old).map(|(place, _)| place).collect();
        differ.first().map_or(0..0, |first| first + 1..differ[differ.len() - 1] + 1)
    }

    /// The disk in the state `choice`.
    pub(crate) fn image(&self, choice: &Choice) -> Image {
        let names = choice.names.checked_sub(1).map_or(&self.durable_names, |at| &self.later_names[at]);
        let unsettled = self.unsettled();
        let contents = |file: FileId| {
            let history = &self.files[&file];
            let length = match choice.lengths.min(history.lengths.len()).checked_sub(1) {
                None => history.durable.len(),
                Some(at) => history.lengths[at],
            };
            let mut bytes = history.durable.clone();
            bytes.resize(length.max(history.durable.len()).max(history.cached.len()), 0);
            for (at, page) in unsettled.iter().enumerate().filter(|(_, page)| page.file == file) {
                let version = |number: usize| history.version(page.page, number);
                let chosen = choice.versions.get(at).copied().unwrap_or(0);
                let mut page_bytes = version(chosen);
                if let Some((torn, place)) = choice.tear
                    && torn == at
                    && chosen > 0
                {
                    let from = place * TEAR_BYTES;
                    page_bytes[from..].copy_from_slice(&version(chosen - 1)[from..]);
                }
                let start = page.page * PAGE_BYTES;
                let end = (start + PAGE_BYTES).min(bytes.len());
                if start < end {
                    bytes[start..end].copy_from_slice(&page_bytes[..end - start]);
                }
            }
            bytes.truncate(length);
            bytes
        };
        names.iter().map(|(path, &file)| (path.clone(), contents(file))).collect()
    }
}
