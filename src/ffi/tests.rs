//! Panics inside calls, which no C program can cause. Everything else is tested in `c-tests/`.
#![expect(unsafe_code, reason = "calls the C API")]

use super::boundary;
use super::boundary::status::*;
use super::boundary::structs::Versioned;
use super::options::{syna_mmap_options, syna_mmap_options_init};
use super::query::results::{
    syna_mmap_results_free, syna_mmap_results_hits, syna_mmap_results_new, with_results,
};
use super::query::search::syna_mmap_search;
use super::rows::read::syna_mmap_len;
use super::store::{syna_mmap, syna_mmap_checkpoint, syna_mmap_close, syna_mmap_open, with_store};
use crate::{Result, SynaError};
use std::ffi::{CStr, CString};
use std::path::PathBuf;
use std::process::Command;
use std::ptr;

fn no_error() -> syna_mmap_error {
    syna_mmap_error::defaults()
}

fn message(error: &syna_mmap_error) -> String {
    let bytes: Vec<u8> = error.message.iter().map(|c| c.to_ne_bytes()[0]).collect();
    CStr::from_bytes_until_nul(&bytes).unwrap().to_str().unwrap().to_owned()
}

/// Calls the boundary with a caller's error struct.
fn call(error: &mut syna_mmap_error, work: impl FnOnce() -> Result<()>) -> syna_mmap_status {
    // SAFETY: the struct exists and its size is set.
    unsafe { boundary::call(error, work) }
}

struct Opened {
    store: *mut syna_mmap,
    path: PathBuf,
}

fn open(name: &str) -> Opened {
    let path = std::env::temp_dir().join(format!("syna-mmap-ffi-{name}-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let text = CString::new(path.to_str().unwrap()).unwrap();
    let mut options = syna_mmap_options::defaults();
    let mut store = ptr::null_mut();
    // SAFETY: all pointers are valid for the functions.
    let status = unsafe {
        syna_mmap_options_init(&mut options, size_of::<syna_mmap_options>());
        options.dimensions = 64;
        syna_mmap_open(text.as_ptr(), &options, &mut store, ptr::null_mut())
    };
    assert_eq!(status, SYNA_MMAP_OK);
    Opened { store, path }
}

impl Drop for Opened {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

#[test]
fn a_panic_is_an_error_and_poisons_the_store() {
    let opened = open("panic");
    let store = opened.store;
    let mut error = no_error();
    let status = call(&mut error, || with_store(store, |_| panic!("injected")));
    assert_eq!((status, error.status), (SYNA_MMAP_ERR_INTERNAL, SYNA_MMAP_ERR_INTERNAL));
    assert!(
        message(&error).contains("injected") && message(&error).contains("tests.rs"),
        "{}",
        message(&error)
    );

    // SAFETY: the error struct is valid.
    assert_eq!(unsafe { syna_mmap_checkpoint(store, &mut error) }, SYNA_MMAP_ERR_POISONED);
    assert!(message(&error).contains("open it again"), "{}", message(&error));
    assert_eq!(syna_mmap_len(store), 0);
    // SAFETY: as above.
    assert_eq!(unsafe { syna_mmap_close(store, &mut error) }, SYNA_MMAP_OK);
    // SAFETY: as above.
    assert_eq!(unsafe { syna_mmap_close(store, &mut error) }, SYNA_MMAP_ERR_INVALID_HANDLE);
}

#[test]
fn a_panic_in_a_search_poisons_the_results_too() {
    let opened = open("results");
    let (mut results, mut error) = (ptr::null_mut(), no_error());
    // SAFETY: all pointers are valid for the function.
    assert_eq!(unsafe { syna_mmap_results_new(&mut results, &mut error) }, SYNA_MMAP_OK);
    let status = call(&mut error, || with_results(results, |found| found.fill(|_| panic!("injected"))));
    assert_eq!(status, SYNA_MMAP_ERR_INTERNAL);
    let (query, mut count) = ([0.0_f32; 64], 7);
    // SAFETY: as above.
    unsafe {
        let status = syna_mmap_search(opened.store, query.as_ptr(), 1, ptr::null(), results, &mut error);
        assert_eq!(status, SYNA_MMAP_ERR_POISONED);
        assert!(syna_mmap_results_hits(results, &mut count).is_null());
        assert_eq!(count, 0);
        syna_mmap_results_free(results);
        let status = syna_mmap_search(opened.store, query.as_ptr(), 1, ptr::null(), results, &mut error);
        assert_eq!(status, SYNA_MMAP_ERR_INVALID_HANDLE);
        assert_eq!(syna_mmap_close(opened.store, &mut error), SYNA_MMAP_OK);
    }
}

#[test]
fn a_function_without_a_status_returns_its_fallback() {
    assert_eq!(boundary::value(3, || panic!("injected")), 3);
    assert_eq!(boundary::value(3, || Err(SynaError::Cancelled)), 3);
    assert_eq!(boundary::value(3, || Ok(4)), 4);
}

/// Runs in a separate process, for the test below.
#[test]
fn panics_here() {
    if std::env::var_os("SYNA_MMAP_TEST_PANICS").is_some() {
        assert_eq!(call(&mut no_error(), || panic!("injected")), SYNA_MMAP_ERR_INTERNAL);
        let worker = std::thread::Builder::new().name("syna-mmap-worker".to_owned());
        assert!(worker.spawn(|| panic!("injected")).unwrap().join().is_err());
        if std::env::var("SYNA_MMAP_TEST_PANICS").unwrap() == "elsewhere" {
            assert!(std::thread::spawn(|| panic!("not the library's")).join().is_err());
        }
    }
}

#[test]
fn only_panics_of_the_host_are_printed() {
    let stderr_of = |what: &str| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "ffi::tests::panics_here", "--nocapture"])
            .env("SYNA_MMAP_TEST_PANICS", what);
        let output = command.output().unwrap();
        assert!(output.status.success());
        assert!(String::from_utf8(output.stdout).unwrap().contains("1 passed"));
        String::from_utf8(output.stderr).unwrap()
    };
    assert_eq!(stderr_of("inside"), "");
    let host = stderr_of("elsewhere");
    assert!(host.contains("not the library's") && !host.contains("injected"), "{host}");
}

#[test]
fn messages_are_cut_between_characters_and_contain_no_nul() {
    for length in 0..300 {
        let what: String = "x".repeat(length) + "é\0€🦀".repeat(30).as_str();
        let mut error = no_error();
        let full = SynaError::NotFound { what: what.clone() }.to_string().replace('\0', "\u{FFFD}");
        assert_eq!(call(&mut error, || Err(SynaError::NotFound { what })), SYNA_MMAP_ERR_NOT_FOUND);
        let cut = message(&error);
        assert!(full.starts_with(&cut) && (252..=255).contains(&cut.len()), "{length}: {cut}");
    }
}

#[test]
fn system_errors_contain_errno() {
    let refused = |source| SynaError::Io { path: PathBuf::from("file"), doing: "reading", source };
    let mut error = no_error();
    let status = call(&mut error, || Err(refused(std::io::Error::from_raw_os_error(5))));
    assert_eq!((status, error.os_errno), (SYNA_MMAP_ERR_IO, 5));
    let status = call(&mut error, || Err(refused(std::io::Error::other("injected"))));
    assert_eq!((status, error.os_errno), (SYNA_MMAP_ERR_IO, 0));
}
