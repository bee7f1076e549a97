//! What holds for the source as a whole: imports run downward, some things stand in one place only, files stay short.

mod support;

use support::sources::sources;

/// All that the index uses of the storage: memory without a file, which comes from there since mappings do, and threads,
/// which differ from platform to platform.
const FOR_THE_INDEX: [&str; 2] = ["crate::storage::HugePages", "crate::storage::spawn_scoped"];

/// A module of the crate's root and the floor that it is on.
const FLOORS: [(&str, u32); 16] = [
    ("sync", 0),
    ("memory", 0),
    ("error", 0),
    ("short_path", 0),
    ("float_environment", 0),
    ("metric", 0),
    ("kernel", 0),
    ("distance", 0),
    ("append_table", 0),
    ("chunk_layout", 0),
    ("checksum", 0),
    ("failpoint", 0),
    ("storage", 1),
    ("index", 2),
    ("store", 3),
    ("ffi", 4),
];

/// What the crate's root re-exports, and from which floor.
const RE_EXPORTS: [(u32, &[&str]); 3] = [
    (0, &["Result", "SynaError", "DistanceMetric"]),
    (2, &["IndexProfile"]),
    (
        3,
        &[
            "BatchKeys",
            "BatchPayloads",
            "BatchVectors",
            "Cursor",
            "Durability",
            "Entries",
            "Entry",
            "Filter",
            "Finding",
            "Hit",
            "HnswConfig",
            "MAX_BATCH_BYTES",
            "MAX_EF",
            "MAX_K",
            "MAX_KEY_BYTES",
            "MAX_PAYLOAD_BYTES",
            "MmapSearchResult",
            "MmapVectorConfig",
            "MmapVectorStore",
            "OpenMode",
            "Problem",
            "RowTest",
            "SalvageReport",
            "SearchOptions",
            "SearchResults",
            "StoreStats",
            "VerifyReport",
            "WriteBatch",
            "WriteMode",
        ],
    ),
];

const MAX_LINES: usize = 350;

/// What is wrong with one file; `path` is relative to `src`, with slashes.
fn faults(path: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if path != "lib.rs" {
        floor_faults(path, text, &mut faults);
    }
    for (number, line) in text.lines().enumerate() {
        let mut fault = |what: &str| faults.push(format!("{path}:{}: {what}", number + 1));
        if line.contains("(target_os =") && !path.starts_with("storage/platform") {
            fault("target_os outside storage/platform");
        }
        for word in ["todo!", "unimplemented!", "#[ignore"] {
            if line.contains(word) {
                fault(&format!("{word} is unfinished work"));
            }
        }
    }
    let line_count = text.lines().count();
    if line_count > MAX_LINES {
        faults.push(format!("{path}: {line_count} lines; at most {MAX_LINES}"));
    }
    faults
}

/// Paths that begin at the crate's root and lead to a higher floor, or from the index to the storage.
fn floor_faults(path: &str, text: &str, faults: &mut Vec<String>) {
    let own = path.split(['/', '.']).next().unwrap_or("");
    let Some(own_floor) = floor_of(own) else {
        faults.push(format!("{path}: the module `{own}` is on no floor; add it to FLOORS"));
        return;
    };
    for name in root_names(text) {
        let Some(floor) = floor_of(&name) else {
            faults.push(format!("{path}: `crate::{name}` is on no floor; add it to FLOORS or RE_EXPORTS"));
            continue;
        };
        if floor > own_floor {
            faults.push(format!("{path}: floor {own_floor} uses `crate::{name}` of floor {floor}"));
        }
        let is_allowed = |rest: &str| FOR_THE_INDEX.iter().any(|allowed| rest.starts_with(allowed));
        let mut uses = text.match_indices("crate::storage").map(|(at, _)| &text[at..]);
        if own == "index" && name == "storage" && !uses.all(is_allowed) {
            faults.push(format!("{path}: the index knows no files, but uses `crate::{name}`"));
        }
    }
}

fn floor_of(name: &str) -> Option<u32> {
    let module = FLOORS.iter().find(|(module, _)| *module == name).map(|(_, floor)| *floor);
    module.or_else(|| RE_EXPORTS.iter().find(|(_, names)| names.contains(&name)).map(|(floor, _)| *floor))
}

/// The names that stand right after `crate::`, in braces too.
fn root_names(text: &str) -> Vec<String> {
    let code: String =
        text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut names = Vec::new();
    for (at, matched) in code.match_indices("crate::") {
        // `$crate::` is the same; `other_crate::` is another one.
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = &code[at + matched.len()..];
        match rest.strip_prefix('{') {
            None => names.extend(first_name(rest)),
            Some(list) => {
                let mut depth = 0;
                let mut is_start = true;
                for (i, character) in list.char_indices() {
                    match character {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => is_start = true,
                        c if is_start && depth == 0 && !c.is_whitespace() => {
                            names.extend(first_name(&list[i..]));
                            is_start = false;
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    names
}

fn first_name(text: &str) -> Option<String> {
    let name: String = text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!name.is_empty()).then_some(name)
}

/// Files in which a word of code stands, comments aside.
fn files_naming<'a>(files: &'a [(String, String)], word: &str) -> Vec<&'a str> {
    let names =
        |text: &str| text.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(word));
    files.iter().filter(|(_, text)| names(text)).map(|(path, _)| path.as_str()).collect()
}

#[test]
fn the_source_keeps_the_rules() {
    let faults: Vec<String> = sources().iter().flat_map(|(path, text)| faults(path, text)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn memory_is_mapped_in_two_files() {
    let sources = sources();
    let mut files = files_naming(&sources, "memmap2");
    files.sort_unstable();
    assert_eq!(files, ["storage/io/huge_pages.rs", "storage/io/region.rs"]);
    let planted = [("a.rs", "use memmap2::Mmap;"), ("b.rs", "x: memmap2::Mmap"), ("c.rs", "// memmap2")];
    let planted: Vec<_> =
        planted.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    assert_eq!(files_naming(&planted, "memmap2"), ["a.rs", "b.rs"]);
}

/// Files of the library proper that start a thread by themselves, outside their tests.
fn files_with_spawns(files: &[(String, String)]) -> Vec<&str> {
    let words = ["scope.spawn", "thread::Builder", "thread::{Builder", "thread.spawn"];
    let starts = |text: &str| {
        let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        words.iter().any(|word| code.contains(word))
    };
    let found = files.iter().filter(|(path, text)| !path.contains("tests") && starts(text));
    let mut found: Vec<&str> = found.map(|(path, _)| path.as_str()).collect();
    found.sort_unstable();
    found
}

#[test]
fn threads_are_started_in_one_file() {
    assert_eq!(files_with_spawns(&sources()), ["storage/platform/threads.rs"]);
    let planted = [
        ("a.rs", "scope.spawn(|| 1)"),
        ("b.rs", "use std::thread::Builder;"),
        ("c.rs", "spawn_scoped(scope, \"x\", f)"),
    ];
    let planted: Vec<_> =
        planted.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    assert_eq!(files_with_spawns(&planted), ["a.rs", "b.rs"]);
}

#[test]
fn planted_faults_are_found() {
    let long = "\n".repeat(MAX_LINES + 1);
    let planted = [
        ("kernel/scalar.rs", "use crate::storage::Layout;"),
        ("storage/log.rs", "use crate::index::Graph;"),
        ("storage/log.rs", "fn f(s: &crate::store::Store) {}"),
        ("index/graph.rs", "use crate::storage::Extent;"),
        ("index/graph.rs", "use crate::{Result, store::{self, Hit}};"),
        ("index/graph.rs", "use crate::{\n    Result,\n    WriteBatch,\n};"),
        ("store/open.rs", "use crate::ffi::boundary;"),
        ("store/open.rs", "$crate::ffi::boundary!()"),
        ("store/open.rs", "use crate::unheard_of::Thing;"),
        ("unheard_of.rs", ""),
        ("store/open.rs", "#[cfg(target_os = \"linux\")]"),
        ("store/open.rs", "#[cfg(all(unix, not(target_os = \"linux\")))]"),
        ("store/open.rs", "    todo!()"),
        ("store/open.rs", "    unimplemented!()"),
        ("store/open.rs", "    #[ignore = \"slow\"]"),
        ("store/open.rs", &long),
    ];
    for (path, text) in planted {
        assert_eq!(faults(path, text).len(), 1, "{path}: {text:?}: {:?}", faults(path, text));
    }
}

#[test]
fn what_is_allowed_passes() {
    let allowed = [
        ("ffi/store.rs", "use crate::{MmapVectorStore, Result};\nuse crate::store::Thing;"),
        (
            "index/graph.rs",
            "use crate::{DistanceMetric, Result, kernel::{Table, dot}};\n// use crate::store::X;",
        ),
        ("storage/platform/linux.rs", "#[cfg(target_os = \"linux\")]"),
        ("storage/log.rs", "use other_crate::store::Thing;"),
    ];
    for (path, text) in allowed {
        assert_eq!(faults(path, text), [""; 0], "{path}");
    }
}
