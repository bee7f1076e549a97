//! A process that is killed with SIGKILL loses no acknowledged write and leaves no partial one (P2).
//!
//! ```text
//!   child: operations 0, 1, 2, ... from a seed, each acknowledged ---> parent: kills it inside a system call,
//!          on the file of the previous child                              opens the file, compares with the model
//! ```
//!
//! `SYNA_MMAP_KILLS` sets the number of kills (60; 500 with `SYNA_MMAP_FULL=1`), `SYNA_MMAP_SEED` the operations.
#![cfg(target_os = "linux")]

#[path = "../../fuzz/src/elements.rs"]
mod elements;
mod model;
mod script;
#[path = "../support/mod.rs"]
mod support;
mod tracer;

use elements::ELEMENTS;
use model::Model;
use script::{DIMENSIONS, Operation, apply, operation};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use support::{Random, TempFolder, quiet, seed, size};
use syna_mmap::{
    Column, ColumnKind, DistanceMetric, ElementType, HnswConfig, MmapVectorConfig, MmapVectorStore, OpenMode,
};
use tracer::{KillPoint, Moment, Traced};

/// The test program starts itself with these variables set: then it is the child.
const CHILD_PATH: &str = "SYNA_MMAP_KILLED_PATH";
const CHILD_SEED: &str = "SYNA_MMAP_KILLED_SEED";
const CHILD_FIRST: &str = "SYNA_MMAP_KILLED_FIRST";
const CHILD_ELEMENT: &str = "SYNA_MMAP_KILLED_ELEMENT";

/// Kills on one file.
const KILLS_A_FILE: u64 = 20;

/// Seconds after which a child that is not killed ends itself, which fails the test.
const LONGEST_LIFE_SECONDS: u32 = 120;

fn config(element: ElementType) -> MmapVectorConfig {
    MmapVectorConfig {
        // It has the same values as the tags.
        columns: vec![Column::new("tags", ColumnKind::U64).unwrap()],
        element,
        initial_capacity: 1000,
        // A graph that is fast to build: the test is about its file.
        hnsw_config: HnswConfig { ef_construction: 12, ..HnswConfig::with_m(4) },
        ..quiet(DIMENSIONS, DistanceMetric::Euclidean)
    }
}

/// Runs operations and reports each on standard error, until it is killed.
fn run_child(path: &Path) -> ! {
    // SAFETY: a system call; the signal that it requests ends this process.
    unsafe { libc::alarm(LONGEST_LIFE_SECONDS) };
    let number = |name: &str| -> u64 { std::env::var(name).unwrap().parse().unwrap() };
    let say = |text: String| std::io::stderr().write_all(text.as_bytes()).unwrap();
    // `PID/task/TID`: the parent traces this thread; the harness has others.
    let thread = std::fs::read_link("/proc/thread-self").unwrap();
    say(format!("thread {}\n", thread.file_name().unwrap().to_str().unwrap()));
    std::io::stdin().read_exact(&mut [0]).unwrap();
    let (seed, first) = (number(CHILD_SEED), number(CHILD_FIRST));
    let element = ELEMENTS[number(CHILD_ELEMENT) as usize];
    let mut store = MmapVectorStore::new(path, config(element)).unwrap();
    for number in first.. {
        match operation(seed, number) {
            Operation::Reopen => {
                // Closed with its checkpoint, or without it, as by a process that ends early.
                store.close().unwrap();
                store = MmapVectorStore::new(path, config(element)).unwrap();
            }
            other => apply(&store, &other).unwrap(),
        }
        say(format!("acknowledged {number}\n"));
    }
    unreachable!("operations have no end")
}

/// A child that is ready to start at operation `first`, its output, and its thread id.
fn start_child(
    path: &Path,
    element: ElementType,
    seed: u64,
    first: u64,
) -> (Child, BufReader<std::process::ChildStderr>, i32) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["killed_writers_lose_nothing", "--exact", "--nocapture"])
        .env(CHILD_PATH, path)
        .env(CHILD_SEED, seed.to_string())
        .env(CHILD_FIRST, first.to_string())
        .env(CHILD_ELEMENT, element.number().to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    let thread = line.trim().strip_prefix("thread ").and_then(|text| text.parse().ok());
    (child, said, thread.unwrap_or_else(|| panic!("the child said {line:?}")))
}

/// Runs a child until it is killed; returns the kill point, and the number of operations acknowledged so far.
fn run_and_kill(
    path: &Path,
    element: ElementType,
    seed: u64,
    first: u64,
    random: &mut Random,
) -> (Option<KillPoint>, u64) {
    let (mut child, mut said, thread) = start_child(path, element, seed, first);
    let process = i32::try_from(child.id()).unwrap();
    let mut go = child.stdin.take().unwrap();
    let kill_point = if random.below(10) == 0 {
        // Any moment, also between two calls.
        go.write_all(&[1]).unwrap();
        std::thread::sleep(Duration::from_micros(random.next() % 30_000));
        child.kill().unwrap();
        None
    } else {
        let traced = Traced::attach(process, thread).expect("this test must be permitted to trace its child");
        go.write_all(&[1]).unwrap();
        let ordinal = match random.below(3) {
            0 => random.next() % 12,
            _ => random.next() % 120,
        };
        let moment = (random.below(12) > 0).then(|| random.next());
        Some(traced.kill_in_call(ordinal, moment).unwrap())
    };
    // A traced thread has already been reaped; its process has not.
    let status = child.wait().unwrap();
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    assert_eq!(status.signal(), Some(libc::SIGKILL), "the child ended by itself:\n{rest}");
    // An incomplete line is not an acknowledgement.
    let lines = rest.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    let mut numbers = lines.filter_map(|line| line.trim().strip_prefix("acknowledged ")?.parse::<u64>().ok());
    let acknowledged = numbers.next_back().map_or(first, |last| last + 1);
    (kill_point, acknowledged)
}

/// The fate of the operation in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InFlight {
    Done,
    NotDone,
    /// It leaves no trace: a checkpoint, or a write that changes nothing.
    Traceless,
}

/// Compares a store with the model of the acknowledged operations. The store may also contain all of the next one.
fn check_store(store: &MmapVectorStore, model: &mut Model, next: &Operation) -> Result<InFlight, String> {
    let mut after = model.clone();
    after.apply(next);
    let is_traceless = after.live().eq(model.live());
    let Some(without) = model.difference(store) else {
        return Ok(if is_traceless { InFlight::Traceless } else { InFlight::NotDone });
    };
    match after.difference(store) {
        None => {
            *model = after;
            Ok(InFlight::Done)
        }
        Some(with) => Err(format!("without the operation in flight: {without}; with it: {with}")),
    }
}

/// Opens the file in one of several ways; the first changes nothing, so that the next child recovers by itself.
fn open(path: &Path, element: ElementType, random: &mut Random) -> Option<MmapVectorStore> {
    let mode = match random.below(4) {
        0 | 1 => OpenMode { read_only: true, ..OpenMode::default() },
        2 => OpenMode { verify: true, ..OpenMode::default() },
        _ => OpenMode::default(),
    };
    if !path.exists() {
        return None;
    }
    Some(
        MmapVectorStore::new(path, MmapVectorConfig { open: mode, ..config(element) })
            .expect("a killed store opens"),
    )
}

/// Counts of the kills.
#[derive(Debug, Default)]
struct Tally {
    kills: u64,
    moments: [u64; 3],
    calls: BTreeMap<&'static str, u64>,
    in_flight: [u64; 3],
    acknowledged: u64,
}

impl Tally {
    fn add(&mut self, kill_point: Option<KillPoint>, in_flight: InFlight, acknowledged: u64) {
        self.kills += 1;
        if let Some(KillPoint { call, moment }) = kill_point {
            self.moments[moment as usize] += 1;
            *self.calls.entry(call).or_default() += 1;
        }
        self.in_flight[in_flight as usize] += 1;
        self.acknowledged += acknowledged;
    }

    /// Kills after the program entered a call and before it returned.
    fn inside(&self) -> u64 {
        self.moments.iter().sum()
    }

    fn print(&self) {
        let share = |part: u64| part as f64 * 100.0 / self.kills as f64;
        let [at_entry, within, at_exit] = self.moments;
        println!(
            "{} kills, {} ({:.1} %) inside a system call, as ptrace saw: {at_entry} at its entry, {within} \
             ({:.1} %) within, {at_exit} done but not answered; the others at any moment",
            self.kills,
            self.inside(),
            share(self.inside()),
            share(within),
        );
        let [done, not_done, traceless] = self.in_flight;
        println!("calls: {:?}", self.calls);
        println!(
            "{} operations acknowledged, none lost; the one in flight: {done} times whole, {not_done} times \
             not at all, {traceless} times without a trace",
            self.acknowledged
        );
    }
}

/// The element type of the file of a kill.
fn element_of(kill: u64) -> ElementType {
    ELEMENTS[(kill / KILLS_A_FILE % 3) as usize]
}

#[test]
fn killed_writers_lose_nothing() {
    if let Some(path) = std::env::var_os(CHILD_PATH) {
        run_child(Path::new(&path));
    }
    let kills = size("SYNA_MMAP_KILLS", 500, 60) as u64;
    let seed = seed(7);
    let mut random = Random::new(seed);
    let folder = TempFolder::new("killed");
    let mut tally = Tally::default();
    let mut file = (folder.file("store-0"), seed, 0, Model::default());
    for kill in 0..kills {
        if kill % KILLS_A_FILE == 0 {
            let path = folder.file(&format!("store-{kill}"));
            file = (path, random.next(), 0, Model::default());
        }
        let (path, file_seed, first, model) = &mut file;
        // Each file has another element type than the one before.
        let element = element_of(kill);
        let (kill_point, acknowledged) = run_and_kill(path, element, *file_seed, *first, &mut random);
        let at = format!(
            "kill {kill} of seed {seed}, {element:?}, {kill_point:?}, {acknowledged} acknowledged, {path:?}"
        );
        for number in *first..acknowledged {
            model.apply(&operation(*file_seed, number));
        }
        let mut in_flight = InFlight::NotDone;
        match open(path, element, &mut random) {
            None => assert_eq!(acknowledged, 0, "{at}: the file is missing"),
            Some(store) => {
                in_flight = check_store(&store, model, &operation(*file_seed, acknowledged))
                    .unwrap_or_else(|difference| panic!("{at}: {difference}"));
                if let Some(fault) = model.unfindable(&store, &mut random) {
                    panic!("{at}: {fault}");
                }
            }
        }
        tally.add(kill_point, in_flight, acknowledged - *first);
        *first = acknowledged + u64::from(in_flight == InFlight::Done);
    }
    tally.print();
    // The next open for writing removes the files that the killed processes left.
    for kill in (0..kills).step_by(usize::try_from(KILLS_A_FILE).unwrap()) {
        let config = config(element_of(kill));
        drop(MmapVectorStore::new(folder.file(&format!("store-{kill}")), config).unwrap());
    }
    let names = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<_> =
        names.filter(|name| name.to_str().is_some_and(|name| name.ends_with(".tmp"))).collect();
    assert!(left.is_empty(), "left behind: {left:?}");
    for call in ["pwritev", "fdatasync"] {
        assert!(tally.calls.contains_key(call), "no kill hit {call}: does the store use other calls now?");
    }
    assert!(tally.inside() * 100 >= tally.kills * 80, "too few kills inside a call");
    // The write of a few values takes so little time that few kills meet it.
    assert!(tally.moments[Moment::Within as usize] * 100 >= tally.kills * 5, "too few kills within a call");
}

#[test]
fn a_lost_or_torn_operation_is_detected() {
    let folder = TempFolder::new("judged");
    let store = MmapVectorStore::new(folder.file("store"), config(ElementType::I8)).unwrap();
    let mut model = Model::default();
    let writes: Vec<Operation> = (0..)
        .map(|number| operation(1, number))
        .filter(|o| matches!(o, Operation::Write { .. }))
        .take(40)
        .collect();
    for (number, operation) in writes.iter().enumerate() {
        let next = writes.get(number + 1).unwrap_or(&Operation::Checkpoint);
        model.apply(operation);
        let mut acknowledged_more = model.clone();
        let verdict = check_store(&store, &mut acknowledged_more, next);
        apply(&store, operation).unwrap();
        if number == 0 {
            assert!(verdict.is_err(), "a store without an acknowledged operation passes");
        }
        assert_ne!(check_store(&store, &mut model.clone(), next), Ok(InFlight::Done));
    }
    let Operation::Write { rows, .. } = operation(1, 0) else { return };
    let mut torn = rows.clone();
    torn[0].key.push('x');
    script::write(&store, &torn, syna_mmap::WriteMode::Insert, &[]).unwrap();
    assert!(
        check_store(&store, &mut model, &Operation::Checkpoint).is_err(),
        "a store with an extra row passes"
    );
}
