//! Rules for the sources as a whole: imports run downward, some constructs appear in one file only, files stay short.

mod support;

use support::sources::sources;

/// What the index may use of the storage layer: memory without a file, because mappings are there, and threads, because
/// they depend on the platform.
const FOR_THE_INDEX: [&str; 2] = ["crate::storage::HugePages", "crate::storage::spawn_scoped"];

/// The modules at the crate's root and their layers.
const LAYERS: [(&str, u32); 21] = [
    ("sync", 0),
    ("memory", 0),
    ("error", 0),
    ("short_path", 0),
    ("float_environment", 0),
    ("metric", 0),
    ("element", 0),
    ("column", 0),
    ("key_kind", 0),
    ("user_block", 0),
    ("kernel", 0),
    ("distance", 0),
    ("append_table", 0),
    ("chunk_layout", 0),
    ("checksum", 0),
    ("failpoint", 0),
    ("fixed_text", 0),
    ("storage", 1),
    ("index", 2),
    ("store", 3),
    ("ffi", 4),
];

/// The names that the crate's root re-exports, and the layer of each.
const RE_EXPORTS: [(u32, &[&str]); 3] = [
    (
        0,
        &[
            "Result",
            "SynaError",
            "DistanceMetric",
            "Column",
            "ColumnKind",
            "ColumnValues",
            "ElementType",
            "KeyKind",
            "Label",
            "MAX_COLUMNS",
            "MAX_COLUMN_NAME_BYTES",
            "MAX_LABEL_BYTES",
            "UserBlock",
            "Value",
            "Values",
        ],
    ),
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
            "Key",
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
            "UpdateBatch",
            "VerifyReport",
            "WriteBatch",
            "RowData",
            "WriteMode",
            "Written",
        ],
    ),
];

const MAX_LINES: usize = 350;

/// The violations in one file; `path` is relative to `src`, with slashes.
fn faults(path: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if path != "lib.rs" {
        layer_faults(path, text, &mut faults);
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

/// Paths from the crate's root that lead to a higher layer, or from the index to the storage.
fn layer_faults(path: &str, text: &str, faults: &mut Vec<String>) {
    let own = path.split(['/', '.']).next().unwrap_or("");
    let Some(own_layer) = layer_of(own) else {
        faults.push(format!("{path}: the module `{own}` has no layer; add it to LAYERS"));
        return;
    };
    for name in root_names(text) {
        let Some(layer) = layer_of(&name) else {
            faults.push(format!("{path}: `crate::{name}` has no layer; add it to LAYERS or RE_EXPORTS"));
            continue;
        };
        if layer > own_layer {
            faults.push(format!("{path}: layer {own_layer} uses `crate::{name}` of layer {layer}"));
        }
        let is_allowed = |rest: &str| FOR_THE_INDEX.iter().any(|allowed| rest.starts_with(allowed));
        let mut uses = text.match_indices("crate::storage").map(|(at, _)| &text[at..]);
        if own == "index" && name == "storage" && !uses.all(is_allowed) {
            faults.push(format!("{path}: the index must not use `crate::{name}`"));
        }
    }
}

fn layer_of(name: &str) -> Option<u32> {
    let module = LAYERS.iter().find(|(module, _)| *module == name).map(|(_, layer)| *layer);
    module.or_else(|| RE_EXPORTS.iter().find(|(_, names)| names.contains(&name)).map(|(layer, _)| *layer))
}

/// The names after `crate::`, also in braces.
fn root_names(text: &str) -> Vec<String> {
    let code: String =
        text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut names = Vec::new();
    for (at, matched) in code.match_indices("crate::") {
        // `$crate::` is the same; `other_crate::` is not.
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

/// Files whose code contains a word, comments excluded.
fn files_naming<'a>(files: &'a [(String, String)], word: &str) -> Vec<&'a str> {
    let names =
        |text: &str| text.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(word));
    files.iter().filter(|(_, text)| names(text)).map(|(path, _)| path.as_str()).collect()
}

#[test]
fn the_sources_follow_the_rules() {
    let faults: Vec<String> = sources().iter().flat_map(|(path, text)| faults(path, text)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn memory_is_mapped_in_two_files() {
    let sources = sources();
    let mut files = files_naming(&sources, "memmap2");
    files.sort_unstable();
    assert_eq!(files, ["storage/io/huge_pages.rs", "storage/io/region.rs"]);
    let injected = [("a.rs", "use memmap2::Mmap;"), ("b.rs", "x: memmap2::Mmap"), ("c.rs", "// memmap2")];
    let injected: Vec<_> =
        injected.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    assert_eq!(files_naming(&injected, "memmap2"), ["a.rs", "b.rs"]);
}

/// Files whose code starts threads directly, tests excluded.
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
    let injected = [
        ("a.rs", "scope.spawn(|| 1)"),
        ("b.rs", "use std::thread::Builder;"),
        ("c.rs", "spawn_scoped(scope, \"x\", f)"),
    ];
    let injected: Vec<_> =
        injected.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    assert_eq!(files_with_spawns(&injected), ["a.rs", "b.rs"]);
}

#[test]
fn injected_faults_are_detected() {
    let long = "\n".repeat(MAX_LINES + 1);
    let injected = [
        ("kernel/scalar.rs", "use crate::storage::Layout;"),
        ("storage/log.rs", "use crate::index::Graph;"),
        ("storage/log.rs", "fn f(s: &crate::store::Store) {}"),
        ("index/graph.rs", "use crate::storage::Extent;"),
        ("index/graph.rs", "use crate::{Result, store::{self, Hit}};"),
        ("index/graph.rs", "use crate::{\n    Result,\n    WriteBatch,\n};"),
        ("store/open.rs", "use crate::ffi::boundary;"),
        ("store/open.rs", "$crate::ffi::boundary!()"),
        ("store/open.rs", "use crate::unheard_of::Thing;"),
        ("unknown.rs", ""),
        ("store/open.rs", "#[cfg(target_os = \"linux\")]"),
        ("store/open.rs", "#[cfg(all(unix, not(target_os = \"linux\")))]"),
        ("store/open.rs", "    todo!()"),
        ("store/open.rs", "    unimplemented!()"),
        ("store/open.rs", "    #[ignore = \"slow\"]"),
        ("store/open.rs", &long),
    ];
    for (path, text) in injected {
        assert_eq!(faults(path, text).len(), 1, "{path}: {text:?}: {:?}", faults(path, text));
    }
}

#[test]
fn allowed_code_passes() {
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
