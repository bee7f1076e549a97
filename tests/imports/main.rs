//! Imports between the files of a layer: no cycles, and no imports from a higher folder.
//!
//! An import is resolved to the file that defines the item: a name that a `mod.rs` re-exports is followed to its origin.
//! Test code may import anything.

mod sources;
#[path = "../support/mod.rs"]
mod support;

use sources::Sources;
use std::collections::{BTreeMap, BTreeSet};

/// The parts of each layer, lowest first: folders, and files directly in the layer. A part imports from itself and from
/// the parts before it.
const ORDER: [(&str, &[&str]); 5] = [
    (
        "kernel",
        &[
            "isa",
            "line",
            "rows",
            "table",
            "scalar",
            "lanes",
            "sweep",
            "table_macro",
            "avx2",
            "avx512",
            "neon",
            "detect",
            "codes",
            "elements",
            "ranges",
        ],
    ),
    ("storage", &["platform", "io", "format", "file", "append", "simulated"]),
    (
        "index",
        &[
            "params",
            "neighbour",
            "rows",
            "codes",
            "records",
            "graph",
            "search",
            "work",
            "link",
            "build",
            "index",
            "file",
        ],
    ),
    ("store", &["config", "state", "search", "upkeep", "write", "open", "inner", "copy", "api"]),
    (
        "ffi",
        &[
            "boundary",
            "library",
            "limits",
            "listener",
            "log",
            "kinds",
            "columns",
            "options",
            "store",
            "user_block",
            "places",
            "settings",
            "refresh",
            "maintenance",
            "rows",
            "query",
        ],
    ),
];

/// The highest number of source files in a folder, `mod.rs` excluded.
const MOST_FILES: usize = 12;

/// The layer of a file, and its part of the layer.
fn part_of(path: &str) -> Option<(&str, &str)> {
    let (layer, rest) = path.split_once('/')?;
    let part = rest.split('/').next()?;
    Some((layer, part.trim_end_matches(".rs")))
}

fn is_map(path: &str) -> bool {
    path.ends_with("/mod.rs") || path == "lib.rs"
}

/// Imports from a later part of the same layer, and parts that are not listed.
fn upward(imports: &BTreeMap<&str, BTreeSet<&str>>, order: &[(&str, &[&str])]) -> Vec<String> {
    let mut found = Vec::new();
    for (&file, of_file) in imports {
        let Some((layer, part)) = part_of(file) else { continue };
        let Some((_, parts)) = order.iter().find(|(name, _)| *name == layer) else { continue };
        if part == "mod" {
            continue;
        }
        let place = |part: &str| parts.iter().position(|name| *name == part);
        let Some(own) = place(part) else {
            found.push(format!("{file}: `{part}` is not listed for {layer}/"));
            continue;
        };
        for &to in of_file {
            let Some((of_layer, of_part)) = part_of(to) else { continue };
            if of_layer == layer && of_part == "mod" {
                found.push(format!("{file} imports {to}, which only re-exports"));
            } else if of_layer == layer && place(of_part).is_some_and(|other| other > own) {
                found.push(format!("{file} imports {to}, which is higher"));
            }
        }
    }
    found
}

/// Sets of files that import each other, directly or indirectly; each set once.
fn cycles(imports: &BTreeMap<&str, BTreeSet<&str>>, order: &[(&str, &[&str])]) -> Vec<String> {
    let is_ours = |file: &str| {
        part_of(file).is_some_and(|(layer, _)| order.iter().any(|(name, _)| *name == layer)) && !is_map(file)
    };
    let reached = |from: &str| {
        let (mut reached, mut queue) = (BTreeSet::new(), vec![from]);
        while let Some(file) = queue.pop() {
            for &to in imports.get(file).into_iter().flatten().filter(|to| is_ours(to)) {
                if reached.insert(to) {
                    queue.push(to);
                }
            }
        }
        reached
    };
    let mut sets: BTreeSet<Vec<&str>> = BTreeSet::new();
    for file in imports.keys().copied().filter(|file| is_ours(file)) {
        let from_file = reached(file);
        if from_file.contains(file) {
            sets.insert(from_file.into_iter().filter(|other| reached(other).contains(file)).collect());
        }
    }
    sets.into_iter().map(|files| format!("these import each other: {}", files.join(", "))).collect()
}

/// Folders with too many files.
fn crowded<'a>(files: impl Iterator<Item = &'a str>, order: &[(&str, &[&str])]) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for file in files.filter(|file| !is_map(file)) {
        let is_ours = part_of(file).is_some_and(|(layer, _)| order.iter().any(|(name, _)| *name == layer));
        if let Some((folder, _)) = file.rsplit_once('/').filter(|_| is_ours) {
            *counts.entry(folder).or_default() += 1;
        }
    }
    let crowded = counts.into_iter().filter(|(_, count)| *count > MOST_FILES);
    crowded.map(|(folder, count)| format!("{folder}/: {count} files; at most {MOST_FILES}")).collect()
}

fn faults(sources: &Sources, order: &[(&str, &[&str])]) -> Vec<String> {
    let imports = sources.imports();
    let files = sources.modules.values().map(|(file, _)| file.as_str());
    [upward(&imports, order), cycles(&imports, order), crowded(files, order)].concat()
}

#[test]
fn no_file_imports_from_a_higher_folder_or_in_a_cycle() {
    let sources = Sources::read();
    let imports = sources.imports();
    let arrows: usize = imports.values().map(BTreeSet::len).sum();
    println!("{} files, {arrows} imports", imports.len());
    assert!(arrows > 300, "the imports were found");
    let faults = faults(&sources, &ORDER);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn injected_imports_are_detected() {
    const ORDER: [(&str, &[&str]); 1] = [("index", &["params", "codes", "graph", "search"])];
    let sound = [
        ("index/mod.rs", "mod codes;\nmod graph;\nmod search;\npub(crate) use graph::nodes::Nodes;\n"),
        ("index/params.rs", "pub struct Params;"),
        ("index/codes/mod.rs", "mod byte;\npub use byte::Byte;"),
        ("index/codes/byte.rs", "use super::super::params::Params;"),
        ("index/graph/mod.rs", "pub mod nodes;\npub mod links;"),
        ("index/graph/nodes.rs", "use crate::index::codes::Byte;\nuse super::links::{self, Links};"),
        (
            "index/graph/links.rs",
            "use super::super::codes::Byte;\n#[cfg(test)]\nmod tests {\n    use super::super::nodes::X;\n}\n",
        ),
        ("index/search/mod.rs", "mod walk;"),
        (
            "index/search/walk.rs",
            "use crate::index::{graph::nodes::Nodes, params::Params};\npub(in crate::index) fn f() {}",
        ),
        ("store/x.rs", "use crate::index::Nodes;"),
    ];
    assert_eq!(faults(&Sources::of(&sound), &ORDER), [""; 0]);
    let injected: [(&str, &str, &[&str]); 8] = [
        // A higher folder: by its path, through a re-export, in braces, in an expression.
        (
            "index/codes/byte.rs",
            "use crate::index::graph::links::Links;",
            &["index/codes/byte.rs imports index/graph/links.rs", "each other"],
        ),
        (
            "index/codes/byte.rs",
            "use crate::index::Nodes;",
            &["byte.rs imports index/graph/nodes.rs", "each other: index/codes/byte.rs"],
        ),
        (
            "index/params.rs",
            "use super::{codes::{Byte}};",
            &["params.rs imports index/codes/byte.rs", "each other"],
        ),
        (
            "index/params.rs",
            "fn f() { super::search::walk::go() }",
            &["params.rs imports index/search/walk.rs", "each other"],
        ),
        // A cycle within a folder, of two files and through a third.
        (
            "index/graph/links.rs",
            "use super::nodes::Nodes;",
            &["these import each other: index/graph/links.rs, index/graph/nodes.rs"],
        ),
        (
            "index/graph/links.rs",
            "use super::third::T;",
            &["links.rs, index/graph/nodes.rs, index/graph/third.rs"],
        ),
        ("index/new.rs", "", &["`new` is not listed"]),
        ("index/graph/crowd", "", &["index/graph/: 14 files"]),
    ];
    for (path, text, expected) in injected {
        let mut files: Vec<(String, &str)> = sound
            .iter()
            .map(|(file, code)| ((*file).to_owned(), if *file == path { text } else { *code }))
            .collect();
        if !sound.iter().any(|(file, _)| *file == path) {
            let count = if path.ends_with("crowd") { 12 } else { 1 };
            files.extend(
                (0..count).map(|n| (if count > 1 { format!("{path}{n}.rs") } else { path.to_owned() }, text)),
            );
        }
        files.push((
            "index/graph/third.rs".to_owned(),
            if text.contains("third") { "use super::nodes::Nodes;" } else { "" },
        ));
        let files: Vec<(&str, &str)> = files
            .iter()
            .filter(|(file, _)| !(file.ends_with("third.rs") && path.ends_with("crowd")))
            .map(|(file, code)| (file.as_str(), *code))
            .collect();
        let found = faults(&Sources::of(&files), &ORDER);
        assert_eq!(found.len(), expected.len(), "{path}: {text}: {found:#?}");
        for part in expected {
            assert!(
                found.iter().any(|fault| fault.contains(part)),
                "{path}: {text}: no `{part}` in {found:#?}"
            );
        }
    }
}
