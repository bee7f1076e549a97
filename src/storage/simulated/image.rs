//! What may be on the disk after a power cut.
//!
//! The model: a sync puts every page of its file, and its length, on the disk. Before that each page is there in any
//! of the versions it had since the last sync, each independent of the others, the length is an older or a newer one,
//! and names are as they were after some prefix of the folder's changes. One page may be torn between two of its
//! versions at a multiple of 64 bytes.

use super::disk::{FileId, Operation};
use crate::storage::io::temporary::names_for;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;

const PAGE_BYTES: usize = 4096;
/// Pages may be torn at any multiple of this; disks promise 512, so a promise that rests on sectors shows too.
const TEAR_BYTES: usize = 64;

/// What a file may have on the disk.
#[derive(Debug, Clone, Default)]
struct FileHistory {
    /// On the disk for certain.
    durable: Vec<u8>,
    /// As the process sees it.
    cached: Vec<u8>,
    /// The versions that each page had since the last sync, oldest first; the durable one is not among them.
    versions: BTreeMap<usize, Vec<Vec<u8>>>,
    /// The lengths that the file had since the last sync, the durable one first.
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
            // Written as it was before, as zeros ahead of the rows are: no other image comes of it.
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

    /// Only what is dirty is written: what an earlier, failed sync forgot stays off the disk.
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

    /// What was not written stays unwritten, and nobody knows of it any more.
    fn forget(&mut self) {
        self.versions.clear();
        self.lengths.clear();
    }
}

/// A page that may differ, and how many versions it has beside the durable one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Unsettled {
    file: FileId,
    page: usize,
    versions: usize,
}

/// The moment of a power cut: everything that may or may not have reached the disk by then.
#[derive(Debug, Clone, Default)]
pub(crate) struct PowerCut {
    files: BTreeMap<FileId, FileHistory>,
    /// Names on the disk for certain.
    durable_names: BTreeMap<PathBuf, FileId>,
    /// Names after each change since the last sync of the folder, oldest first.
    later_names: Vec<BTreeMap<PathBuf, FileId>>,
}

/// One way in which the unsettled may have settled.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Choice {
    /// For each unsettled page, in order, which version: 0 is the durable one.
    pub(crate) versions: Vec<usize>,
    /// How many of the folder's changes are there.
    pub(crate) names: usize,
    /// How many of each file's later lengths are there; the last for files behind the end.
    pub(crate) lengths: usize,
    /// A page, counted among the unsettled, that holds the version before its own from this place on, in 64 bytes.
    pub(crate) tear: Option<(usize, usize)>,
}

/// What is on the disk: names and contents.
pub(crate) type Image = BTreeMap<PathBuf, Vec<u8>>;

impl PowerCut {
    /// The moment after a machine came up with `image` on its disk; the files lie in `folder` now, and are numbered
    /// as a new [`super::Simulated`] numbers them: the store first, then whatever is opened.
    pub(crate) fn of_image(image: &Image, folder: &std::path::Path) -> Self {
        let mut cut = Self::default();
        // Those that an open looks at, in its order; what nobody opens has numbers of its own.
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

    /// Takes one more operation into account.
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

    /// How many versions each unsettled page has beside the durable one.
    pub(crate) fn page_versions(&self) -> Vec<usize> {
        self.unsettled().iter().map(|page| page.versions).collect()
    }

    /// How many changes of names are unsettled.
    pub(crate) fn name_changes(&self) -> usize {
        self.later_names.len()
    }

    /// How many lengths the file with the most of them may have beside the durable one.
    pub(crate) fn length_changes(&self) -> usize {
        self.files.values().map(|history| history.lengths.len()).max().unwrap_or(0)
    }

    /// As if the process had been killed and the machine gone on: everything is there.
    pub(crate) fn everything(&self) -> Choice {
        Choice {
            versions: self.page_versions(),
            names: self.name_changes(),
            lengths: self.length_changes(),
            tear: None,
        }
    }

    /// Where the version `chosen` of an unsettled page, counted among them, may be torn so that it is neither that version
    /// nor the one before: behind the first 64 bytes that differ, up to the last.
    pub(crate) fn tears(&self, at: usize, chosen: usize) -> Range<usize> {
        let unsettled = self.unsettled();
        let Some((page, before)) = unsettled.get(at).zip(chosen.checked_sub(1)) else { return 0..0 };
        let [new, old] = [chosen, before].map(|number| self.files[&page.file].version(page.page, number));
        let units = new.chunks(TEAR_BYTES).zip(old.chunks(TEAR_BYTES));
        let differ: Vec<usize> =
            units.enumerate().filter(|(_, (new, old))| new != old).map(|(place, _)| place).collect();
        differ.first().map_or(0..0, |first| first + 1..differ[differ.len() - 1] + 1)
    }

    /// The disk as `choice` says.
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
