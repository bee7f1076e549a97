//! Runs the C programs in `c-tests/`, each in a temporary folder. They use the header only.
#![cfg(unix)]

mod support;

use std::path::Path;
use support::{TempFolder, c_program};

/// The second argument of every program; the conformance program reads it.
const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/bindings/conformance/cases.txt");

fn run(name: &str) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("c-tests").join(name).with_extension("c");
    // C11 and POSIX (XSI): the tests need fork, pipes, threads and limits; the header does not.
    let flags =
        ["-std=c11", "-D_XOPEN_SOURCE=700", "-Wall", "-Wextra", "-Werror", "-pedantic", "-pthread", "-lm"];
    let program = c_program::compile(&source, &flags);
    let folder = TempFolder::new(name);
    let output = c_program::run(&program, &[folder.path().to_str().expect("a path that is text"), CASES]);
    assert!(output.status.success(), "{}", c_program::transcript(&output));
    // P7: the library prints nothing, on failures either.
    assert!(output.stdout.is_empty() && output.stderr.is_empty(), "{}", c_program::transcript(&output));
}

#[test]
fn lifecycle() {
    run("lifecycle");
}

#[test]
fn errors() {
    run("errors");
}

#[test]
fn search() {
    run("search");
}

#[test]
fn elements() {
    run("elements");
}

#[test]
fn columns() {
    run("columns");
}

#[test]
fn borrowed() {
    run("borrowed");
}

#[test]
fn reading() {
    run("reading");
}

#[test]
fn float_environment() {
    run("float_environment");
}

#[test]
fn filters() {
    run("filters");
}

#[test]
fn paging() {
    run("paging");
}

#[test]
fn range() {
    run("range");
}

#[test]
fn batch_search() {
    run("batch_search");
}

#[test]
fn persistence() {
    run("persistence");
}

#[test]
fn null_arguments() {
    run("null_arguments");
}

#[test]
fn options() {
    run("options");
}

#[test]
fn log() {
    run("log");
}

#[test]
fn handles() {
    run("handles");
}

#[test]
fn threads() {
    run("threads");
}

#[test]
fn own_threads() {
    run("own_threads");
}

#[test]
fn interrupt() {
    run("interrupt");
}

#[test]
fn stack() {
    run("stack");
}

#[test]
fn batches() {
    run("batches");
}

#[test]
fn mixed_batches() {
    run("mixed_batches");
}

#[test]
fn identity() {
    run("identity");
}

#[test]
fn bad_files() {
    run("bad_files");
}

#[test]
fn verify() {
    run("verify");
}

#[test]
fn iterate() {
    run("iterate");
}

#[test]
fn indexing() {
    run("indexing");
}

#[test]
fn compact() {
    run("compact");
}

#[test]
fn places() {
    run("places");
}

#[test]
fn limits() {
    run("limits");
}

#[test]
fn descriptors() {
    run("descriptors");
}

#[test]
fn scarce() {
    run("scarce");
}

#[test]
fn allocations() {
    if cfg!(not(all(target_os = "linux", target_env = "gnu"))) {
        eprintln!("skipped: the program replaces glibc's allocator");
    }
    run("allocations");
}

#[test]
fn small_stores() {
    if cfg!(not(target_os = "linux")) {
        eprintln!("skipped: the program reads /proc for the amount of private memory");
    }
    run("small_stores");
}

#[test]
fn conformance() {
    run("conformance");
}

#[test]
fn every_program_is_run() {
    let own = include_str!("c_api.rs");
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("c-tests")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "c") {
            let name = path.file_stem().unwrap().to_str().unwrap();
            assert!(own.contains(&format!("run(\"{name}\");")), "{name} is not run by any test");
        }
    }
}

#[test]
fn a_failed_check_fails_the_test() {
    let folder = c_program::Scratch::new();
    let source = folder.path().join("injected.c");
    let include = format!("-I{}/c-tests", env!("CARGO_MANIFEST_DIR"));
    let text = "#include \"check.h\"\nint main(int argc, char **argv) {\n  begin(argc, argv);\n  \
                FAILS(LOCKED, syna_mmap_checkpoint(NULL, &error));\n  return 0;\n}\n";
    std::fs::write(&source, text).unwrap();
    let output = c_program::run(&c_program::compile(&source, &[&include]), &["."]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said.contains("injected.c:4:")
            && said.contains("SYNA_MMAP_ERR_INVALID_HANDLE, not SYNA_MMAP_ERR_LOCKED")
    );
}
