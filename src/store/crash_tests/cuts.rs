//! Power failures: which disk images are tested, and how.

use super::check::{check_prefix, check_version};
use super::trace::{History, Trace, Writing, record};
use super::{Random, scratch_folder, setting, size};
use crate::storage::simulated::{Choice, Image, Mark, Operation, PowerCut, Simulated};
use crate::{Durability, MmapVectorConfig, MmapVectorStore};
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// With at most this many unsettled pages, every subset is tested.
const EXHAUSTIVE_PAGES: usize = 12;

/// The guarantees that hold at a moment of a trace.
#[derive(Debug, Clone, Copy, Default)]
struct Promises {
    submitted: usize,
    acknowledged: usize,
    durable: usize,
}

impl Promises {
    fn apply(&mut self, operation: &Operation) {
        match *operation {
            Operation::Mark(Mark::Submitted(batches)) => self.submitted = batches,
            Operation::Mark(Mark::Acknowledged(batches)) => self.acknowledged = batches,
            Operation::Mark(Mark::Durable(batches)) => self.durable = batches,
            _ => {}
        }
    }
}

/// Disk images after a power failure at this moment. With few unsettled pages: every subset. Otherwise each page alone,
/// each page missing, and random subsets. Some have a torn page. If there are more than `limit`, they are sampled.
fn choices(cut: &PowerCut, random: &mut Random, limit: usize) -> Vec<Choice> {
    let everything = cut.everything();
    let pages = &everything.versions;
    let mut subsets: Vec<Vec<usize>> = Vec::new();
    if pages.len() <= EXHAUSTIVE_PAGES && 1 << pages.len() <= 4 * limit {
        let chosen = |mask: usize| {
            pages.iter().enumerate().map(move |(at, &n)| if mask >> at & 1 == 1 { n } else { 0 })
        };
        subsets.extend((0..1 << pages.len()).map(|mask| chosen(mask).collect()));
    } else {
        for at in 0..pages.len().min(limit) {
            let page = random.below(pages.len());
            let mut alone = vec![0; pages.len()];
            alone[page] = pages[page];
            let mut missing = pages.clone();
            missing[page] = random.below(pages[page]);
            subsets.push(if at % 2 == 0 { alone } else { missing });
        }
        subsets.extend((0..limit.min(64)).map(|_| pages.iter().map(|&n| random.below(n + 1)).collect()));
    }
    let mut out = Vec::new();
    while out.len() < limit && !subsets.is_empty() {
        let versions = subsets.swap_remove(random.below(subsets.len()));
        let names = random.below(everything.names + 1);
        let lengths =
            if random.below(3) == 0 { random.below(everything.lengths + 1) } else { everything.lengths };
        let is_torn = !versions.is_empty() && random.below(3) == 0;
        let mut tear = None;
        if is_torn {
            let (torn, place) = (random.below(versions.len()), random.below(1 << 20));
            let tears = cut.tears(torn, versions[torn]);
            tear = (!tears.is_empty()).then(|| (torn, tears.start + place % tears.len()));
        }
        out.push(Choice { versions, names, lengths, tear });
    }
    out
}

/// Replaces the files in `folder` by those of an image. File names are kept.
pub(super) fn materialise(image: &Image, folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        std::fs::remove_file(entry.unwrap().path()).unwrap();
    }
    for (path, bytes) in image {
        std::fs::write(folder.join(path.file_name().unwrap()), bytes).unwrap();
    }
}

#[derive(Debug, Default)]
pub(super) struct Tally {
    images: HashSet<u64>,
    opened: u64,
    nested: u64,
    recovered_beyond_checkpoint: u64,
    lost_unpromised: u64,
}

impl Tally {
    fn with(mut self, other: Tally) -> Tally {
        self.images.extend(other.images);
        self.opened += other.opened;
        self.nested += other.nested;
        self.recovered_beyond_checkpoint += other.recovered_beyond_checkpoint;
        self.lost_unpromised += other.lost_unpromised;
        self
    }
}

/// Opens and checks images in a folder.
struct Bench {
    folder: PathBuf,
    tally: Tally,
}

impl Bench {
    /// Opens an image, checks it and writes to it, unless the same image was tested before. Returns the operations of
    /// the writes.
    fn examine(
        &mut self,
        image: &Image,
        config: &MmapVectorConfig,
        history: &History,
        promises: Promises,
        random: &mut Random,
    ) -> Result<Option<(Vec<Operation>, History)>, String> {
        let mut hasher = DefaultHasher::new();
        image.hash(&mut hasher);
        (promises.durable, promises.submitted).hash(&mut hasher);
        if !self.tally.images.insert(hasher.finish()) {
            return Ok(None);
        }
        materialise(image, &self.folder);
        let path = self.folder.join("store");
        if !path.exists() && promises.durable == 0 && promises.submitted == 0 {
            return Ok(None); // the power failed while the store was being created
        }
        let seed = random.next();
        let disk = Simulated::new(seed);
        let mode = crate::OpenMode { must_exist: true, ..config.open };
        let config = MmapVectorConfig { open: mode, ..config.clone() };
        let store = MmapVectorStore::open_on(Arc::new(disk.clone()), &path, config.clone())
            .map_err(|error| format!("UNOPENABLE: {error}"))?;
        self.tally.opened += 1;
        let stride = if self.tally.opened.is_multiple_of(16) { 1 } else { 37 };
        let History { after, submissions, .. } = history;
        let batches = check_prefix(&store, after, promises.durable, promises.submitted, stride)?;
        check_version(&store, history, batches, promises.durable)?;
        self.tally.recovered_beyond_checkpoint += u64::from(batches > promises.durable);
        self.tally.lost_unpromised += u64::from(batches < promises.submitted);
        let mut writing = Writing::new(&disk, store, after[..=batches].to_vec(), Durability::Process);
        disk.mark(Mark::Submitted(batches));
        disk.mark(Mark::Durable(promises.durable.min(batches)));
        // A program that finds a batch missing writes it again: the same bytes to the same place.
        if let Some(Some(change)) = submissions.get(batches + 1)
            && random.below(2) == 0
        {
            writing.change(change).map_err(|error| format!("UNUSABLE: {error}"))?;
        }
        for _ in 0..2 {
            writing.step(random, 8).map_err(|error| format!("UNUSABLE: {error}"))?;
        }
        let most = writing.after.len() - 1;
        check_prefix(&writing.store, &writing.after, most, most, 37)?;
        writing.checkpoint().map_err(|error| format!("UNUSABLE: {error}"))?;
        let Writing { store, after, submissions, versions, .. } = writing;
        store.abandon();
        let store = MmapVectorStore::open_on(Arc::new(Simulated::new(seed + 1)), &path, config)
            .map_err(|error| format!("UNOPENABLE after a clean write: {error}"))?;
        check_prefix(&store, &after, most, most, 37)?;
        store.abandon();
        Ok(Some((disk.operations(), History { after, submissions, versions })))
    }

    /// Simulates a second power failure during the writes after a recovery.
    fn cut_again(
        &mut self,
        image: &Image,
        operations: &[Operation],
        config: &MmapVectorConfig,
        history: &History,
        random: &mut Random,
    ) -> Result<(), String> {
        let mut cut = PowerCut::of_image(image, &self.folder);
        let mut promises = Promises::default();
        let stop = random.below(operations.len() + 1);
        for operation in &operations[..stop] {
            cut.apply(operation);
            promises.apply(operation);
        }
        if promises.submitted == 0 {
            return Ok(());
        }
        for choice in choices(&cut, random, 2) {
            self.tally.nested += 1;
            self.examine(&cut.image(&choice), config, history, promises, random)
                .map_err(|what| format!("cut again at operation {stop}, {choice:?}: {what}"))?;
        }
        Ok(())
    }
}

/// Simulates power failures at many moments of a trace, with several images each.
fn examine_trace(bench: &mut Bench, trace: &Trace, random: &mut Random, images: usize) -> Result<(), String> {
    let mut cut = PowerCut::default();
    let mut promises = Promises::default();
    let moments = trace.operations.len();
    let per_moment = images.div_ceil(moments).max(2);
    for (at, operation) in trace.operations.iter().enumerate() {
        cut.apply(operation);
        promises.apply(operation);
        if matches!(operation, Operation::Mark(_)) || random.below(moments * per_moment) > images {
            continue;
        }
        // A kill keeps all writes, so every acknowledged batch must be there.
        let killed = Promises { durable: promises.acknowledged.max(promises.durable), ..promises };
        let mut looks = vec![(cut.everything(), killed)];
        looks.extend(choices(&cut, random, per_moment).into_iter().map(|choice| (choice, promises)));
        for (choice, promises) in looks {
            let image = cut.image(&choice);
            let named = |what| format!("operation {at}, {choice:?}: {what}");
            let written =
                bench.examine(&image, &trace.config, &trace.history, promises, random).map_err(named)?;
            if let Some((operations, history)) = written
                && random.below(6) == 0
            {
                bench.cut_again(&image, &operations, &trace.config, &history, random).map_err(named)?;
            }
        }
    }
    Ok(())
}

/// Runs `traces` traces with about `images` images each.
///
/// # Errors
/// The first violation, with the seed that reproduces it.
pub(super) fn run(first_seed: u64, traces: u64, images: usize) -> Result<Tally, String> {
    let folder = scratch_folder(&format!("cuts-{first_seed}"));
    let (live_folder, image_folder) = (folder.join("live"), folder.join("image"));
    std::fs::create_dir_all(&live_folder).unwrap();
    std::fs::create_dir_all(&image_folder).unwrap();
    let mut bench = Bench { folder: image_folder, tally: Tally::default() };
    for seed in first_seed..first_seed + traces {
        materialise(&Image::new(), &live_folder);
        let trace = record(seed, &live_folder);
        assert!(trace.path.starts_with(&live_folder));
        examine_trace(&mut bench, &trace, &mut Random::new(seed), images)
            .map_err(|what| format!("SYNA_MMAP_SEED={seed}: {what}"))?;
    }
    Ok(bench.tally)
}

#[test]
fn no_power_cut_loses_what_was_promised() {
    let seed = setting("SYNA_MMAP_SEED", 1);
    let traces = size("SYNA_MMAP_CRASH_TRACES", 40, 16);
    let images = setting("SYNA_MMAP_CRASH_IMAGES", 120);
    let images = usize::try_from(images).unwrap();
    let processors = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    let share = traces.div_ceil(processors).max(1);
    let tally = std::thread::scope(|scope| {
        let first_seeds = (seed..seed + traces).step_by(usize::try_from(share).unwrap());
        let shares: Vec<_> = first_seeds
            .map(|first| scope.spawn(move || run(first, share.min(seed + traces - first), images)))
            .collect();
        shares.into_iter().fold(Tally::default(), |tally, share| {
            tally.with(share.join().unwrap().unwrap_or_else(|what| panic!("{what}")))
        })
    });
    println!(
        "{traces} traces, {} distinct images, {} opened, {} after a second power failure; {} held more than was promised, \
         {} lost batches that were not promised",
        tally.images.len(),
        tally.opened,
        tally.nested,
        tally.recovered_beyond_checkpoint,
        tally.lost_unpromised
    );
    assert!(
        tally.recovered_beyond_checkpoint > 0 && tally.lost_unpromised > 0,
        "the power failures had no effect"
    );
}
