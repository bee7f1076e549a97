//! The shared library exports exactly the symbols in `include/symbols.txt`, and the header declares the same ones.
//!
//! Adding or removing a symbol changes the ABI and requires a change of the list.

mod support;

use object::{Object, ObjectSymbol};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use support::c_program;

const LIST: &str = include_str!("../include/symbols.txt");
const HEADER: &str = include_str!("../include/syna_mmap.h");

fn listed() -> BTreeSet<String> {
    LIST.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}

/// The symbols that other programs can link to.
fn exported(library: &[u8]) -> BTreeSet<String> {
    let file = object::File::parse(library).unwrap();
    let symbols = file.dynamic_symbols().filter(|symbol| symbol.is_definition() && !symbol.is_local());
    symbols.map(|symbol| symbol.name().unwrap().to_owned()).collect()
}

/// The differences between two sets of names, for a message.
fn differences(made: &BTreeSet<String>, kept: &BTreeSet<String>) -> Vec<String> {
    let new = made.difference(kept).map(|name| format!("not in the list: {name}"));
    let lost = kept.difference(made).map(|name| format!("only in the list: {name}"));
    new.chain(lost).collect()
}

#[test]
#[cfg(unix)]
fn the_library_exports_exactly_the_listed_symbols() {
    let path = c_program::library_dir().join(c_program::library_name());
    let made = exported(&fs::read(path).unwrap());
    assert!(made.iter().all(|name| name.starts_with("syna_mmap_")), "{made:?}");
    if std::env::var_os("SYNA_MMAP_BLESS").is_some() {
        let names: String = made.iter().map(|name| format!("{name}\n")).collect();
        let text = format!("# All exported functions; see tests/exports.rs.\n{names}");
        fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("include/symbols.txt"), text).unwrap();
        return;
    }
    assert_eq!(differences(&made, &listed()), [""; 0], "review the change, then run with: SYNA_MMAP_BLESS=1");
}

#[test]
fn the_header_declares_exactly_the_listed_symbols() {
    let mut declared = BTreeSet::new();
    let text = &HEADER[HEADER.find("#ifndef").unwrap()..];
    let is_other =
        |line: &&str| line.starts_with("typedef ") || line.trim_start().starts_with(['*', '/', '#', ' ']);
    for line in text.lines().filter(|line| !is_other(line)) {
        if let Some((head, _)) = line.split_once('(') {
            declared.insert(head.rsplit([' ', '*']).next().unwrap().to_owned());
        }
    }
    assert_eq!(differences(&declared, &listed()), [""; 0]);
}

#[test]
fn a_difference_is_detected() {
    let set = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<BTreeSet<_>>();
    let found = differences(&set(&["a", "extra"]), &set(&["a", "lost"]));
    assert_eq!(found, ["not in the list: extra", "only in the list: lost"]);
}

#[test]
#[cfg(unix)]
fn an_extra_export_is_detected() {
    let folder = c_program::Scratch::new();
    let source = folder.path().join("injected.c");
    fs::write(&source, "int syna_mmap_extra(void) { return 0; }\n").unwrap();
    let library = c_program::compile(&source, &["-shared", "-fPIC"]);
    assert!(exported(&fs::read(library).unwrap()).contains("syna_mmap_extra"));
}
