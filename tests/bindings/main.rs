//! Tests the bindings of all languages. Each binding is built, its tests are run, and it replays
//! `bindings/conformance/cases.txt`.
//!
//! ```text
//! cargo test --test bindings                      # all bindings whose toolchain is installed
//! cargo test --test bindings -- Go                # one of them
//! cargo test --release --test bindings -- --table # measures, and writes the table of bindings/README.md
//! ```
//!
//! The test prints one line a binding: passed, or not run and why. If `SYNA_MMAP_ALL_BINDINGS` is set, a binding that is
//! not run is a failure, except for those that cannot be run here at all. The installs (`-- install`) run only then or by
//! name: they build the release libraries.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `conformance.rs` | the conformance cases, and the checks of a replayer's output |
//! | `coverage.rs` | functions that a binding does not call |
//! | `toolchain.rs` | finding and running the languages' tools |
//! | `readme.rs` | the programs in the bindings' READMEs |
//! | `examples.rs` | the examples, which print the same in every language |
//! | `table.rs` | the table of bindings/README.md |
//! | the others | one binding each |
#![cfg_attr(not(unix), allow(dead_code, reason = "the bindings are tested on Unix so far"))]

#[path = "../support/mod.rs"]
mod support;

mod conformance;
mod coverage;
mod cpp;
mod csharp;
mod examples;
mod go;
mod install;
mod python;
mod readme;
mod swift;
mod table;
mod toolchain;

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The outcome of one binding.
pub enum Outcome {
    /// All its tests passed; the text says which.
    Passed(String),
    /// A tool is missing; the text says which, and how to install it.
    NotRun(String),
    /// It cannot be run here; the text says what was checked instead.
    Unrunnable(String),
}

/// An error message.
type Failure = String;

/// A binding and its tests.
struct Binding {
    name: &'static str,
    test: fn() -> Result<Outcome, Failure>,
}

const BINDINGS: &[Binding] = &[
    Binding { name: "C", test: conformance::test_c },
    Binding { name: "C++ (g++)", test: || cpp::test("g++") },
    Binding { name: "C++ (clang++)", test: || cpp::test("clang++") },
    Binding { name: "Python", test: python::test },
    Binding { name: "Go", test: go::test },
    Binding { name: "C#", test: csharp::test },
    Binding { name: "Swift", test: swift::test },
    Binding { name: "game loop", test: examples::test_game_loop },
    Binding { name: "install (CMake)", test: install::test_cmake },
    Binding { name: "install (cargo-c)", test: install::test_cargo_c },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // Options that cargo and editors pass to every test program: there are no single tests to list.
    if arguments.iter().any(|argument| argument == "--list") {
        return ExitCode::SUCCESS;
    }
    if arguments.iter().any(|argument| argument == "--table") {
        return match table::write() {
            Ok(()) => ExitCode::SUCCESS,
            Err(why) => {
                println!("table: {why}");
                ExitCode::FAILURE
            }
        };
    }
    let filters: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let is_wanted = |name: &str| filters.is_empty() || filters.iter().any(|filter| name.contains(*filter));
    let must_run = std::env::var_os("SYNA_MMAP_ALL_BINDINGS").is_some();
    let is_skipped = |name: &str| name.starts_with("install") && filters.is_empty() && !must_run;
    let wanted = BINDINGS.iter().filter(|binding| is_wanted(binding.name));
    let (skipped, wanted): (Vec<&Binding>, Vec<&Binding>) =
        wanted.partition(|binding| is_skipped(binding.name));
    for binding in skipped {
        println!(
            "binding {}: not run, since it builds the release libraries for a minute; name it, or set \
             SYNA_MMAP_ALL_BINDINGS",
            binding.name
        );
    }
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    // Two at a time: most of the work uses one core.
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(binding) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if !passes(binding, must_run) {
                        failed.store(true, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    if failed.into_inner() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Tests one binding and prints its line; returns whether it passes.
fn passes(binding: &Binding, must_run: bool) -> bool {
    let began = std::time::Instant::now();
    let (is_fine, line) = match (binding.test)() {
        Ok(Outcome::Passed(what)) => (true, format!("passed: {what}")),
        Ok(Outcome::Unrunnable(why)) => (true, format!("not run: {why}")),
        Ok(Outcome::NotRun(why)) if must_run => {
            (false, format!("FAILED: not run, and SYNA_MMAP_ALL_BINDINGS is set: {why}"))
        }
        Ok(Outcome::NotRun(why)) => (true, format!("not run: {why}")),
        Err(why) => (false, format!("FAILED: {why}")),
    };
    println!("binding {}: {line} ({:.1} s)", binding.name, began.elapsed().as_secs_f64());
    is_fine
}
