//! Generates the C header from `src/ffi` into OUT_DIR; `tests/header.rs` compares it with the one in `include/`.
//!
//! cbindgen puts all constants first, then all types, then all functions. Readers need them by subject, so each section's
//! file is converted separately, and the sections are concatenated here in reading order.

use std::path::Path;
use std::{env, fs};

/// The sections of the header: title, file.
const SECTIONS: [(&str, &str); 28] = [
    ("Statuses and errors", "boundary/status.rs"),
    ("Limits", "limits.rs"),
    ("Metrics, keys, element types", "kinds.rs"),
    ("Columns", "columns.rs"),
    ("Options of a store", "options.rs"),
    ("Opening, closing, checkpoints", "store.rs"),
    ("The user block", "user_block.rs"),
    ("Stores in memory and inside larger files", "places.rs"),
    ("Path, options in effect, settings", "settings.rs"),
    ("Readers of a file that another process writes", "refresh.rs"),
    ("Batches", "rows/batch.rs"),
    ("Writing", "rows/write.rs"),
    ("Tags, payloads and values of existing rows", "rows/update.rs"),
    ("Reading", "rows/read.rs"),
    ("Columns of a store, and the values of a key", "rows/values.rs"),
    ("Iterating", "rows/iterate.rs"),
    ("Reading without copies, by row number, many keys", "rows/view.rs"),
    ("Results", "query/results.rs"),
    ("Vectors and values of hits", "query/hit_vectors.rs"),
    ("Search options and filters", "query/search_options.rs"),
    ("Rows that meet conditions", "query/selection.rs"),
    ("Searching, and building the index", "query/search.rs"),
    ("Building the index with progress or in steps", "maintenance/indexing.rs"),
    ("Compaction and backup", "maintenance/compact.rs"),
    ("Statistics", "maintenance/stats.rs"),
    ("Verification, recall, salvage", "maintenance/verify.rs"),
    ("Logging", "log.rs"),
    ("Versions", "library.rs"),
];

/// Structs with an initializer macro: struct, macro.
const INITIALIZED: [(&str, &str); 5] = [
    ("syna_mmap_error", "SYNA_MMAP_ERROR_INIT"),
    ("syna_mmap_batch", "SYNA_MMAP_BATCH_INIT"),
    ("syna_mmap_stats", "SYNA_MMAP_STATS_INIT"),
    ("syna_mmap_view", "SYNA_MMAP_VIEW_INIT"),
    ("syna_mmap_user_block", "SYNA_MMAP_USER_BLOCK_INIT"),
];

const INTRODUCTION: &str = "src/ffi/introduction.h";

const START: &str = "
#ifndef SYNA_MMAP_H
#define SYNA_MMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern \"C\" {
#endif
";

const END: &str = "
#ifdef __cplusplus
}
#endif

#endif /* SYNA_MMAP_H */
";

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=src/ffi");
    wrap_allocator();
    let out_dir = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    let mut header = fs::read_to_string(INTRODUCTION).expect("the header's introduction exists");
    header.push_str(START);
    for (title, file) in SECTIONS {
        header.push_str(&format!("\n/* ---- {title} {} */\n\n", "-".repeat(104 - title.len())));
        header.push_str(&section(&Path::new("src/ffi").join(file)));
    }
    header.push_str(END);
    fs::write(Path::new(&out_dir).join("syna_mmap.h"), header).expect("OUT_DIR is writable");
}

/// Makes the shared library, and nothing else, allocate through `src/memory/wrap.rs`, on platforms where this is tested.
fn wrap_allocator() {
    println!("cargo:rustc-check-cfg=cfg(small_reserve)");
    let of_target = |name: &str| env::var(name).unwrap_or_default();
    if of_target("CARGO_CFG_TARGET_OS") != "linux" || of_target("CARGO_CFG_TARGET_ARCH") != "x86_64" {
        return;
    }
    println!("cargo:rustc-cfg=small_reserve");
    for name in ["malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc", "free"] {
        println!("cargo:rustc-cdylib-link-arg=-Wl,--wrap={name}");
    }
}

/// The items of one file as C declarations.
fn section(file: &Path) -> String {
    let mut config = cbindgen::Config {
        language: cbindgen::Language::C,
        no_includes: true,
        usize_is_size_t: true,
        style: cbindgen::Style::Type,
        documentation_style: cbindgen::DocumentationStyle::Doxy,
        tab_width: 2,
        line_length: 110,
        ..cbindgen::Config::default()
    };
    // Listed because no function of their own sections refers to them.
    let unused = [
        "syna_mmap_error",
        "syna_mmap_batch",
        "syna_mmap_column",
        "syna_mmap_value",
        "syna_mmap_column_values",
    ];
    config.export.include = unused.map(str::to_owned).to_vec();
    let bindings = cbindgen::Builder::new()
        .with_config(config)
        .with_src(file)
        .generate()
        .unwrap_or_else(|e| panic!("{} as a C header: {e}", file.display()));
    let mut text = Vec::new();
    bindings.write(&mut text);
    let text = String::from_utf8(text).expect("cbindgen writes UTF-8");
    let lines = without_safety(text.trim().lines().map(str::to_owned).collect());
    let source = fs::read_to_string(file).expect("the section's file exists");
    initialized(tagged(unsigned(short_comments(lines), &source))).join("\n") + "\n"
}

/// Removes the `# Safety` part at the end of each comment, which is for Rust callers.
fn without_safety(lines: Vec<String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    let mut is_inside = false;
    for line in lines {
        if line.trim() == "* # Safety" {
            is_inside = true;
            // The empty line before the title.
            if kept.last().is_some_and(|last| last.trim() == "*") {
                kept.pop();
            }
        }
        is_inside &= line.trim() != "*/";
        if !is_inside {
            kept.push(line);
        }
    }
    kept
}

/// Writes one-line comments on one line.
fn short_comments(lines: Vec<String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for line in lines {
        if line.trim() == "*/"
            && let [.., start, text] = kept.as_slice()
            && start.trim() == "/**"
        {
            let short = format!("{start} {} */", text.trim().trim_start_matches("* "));
            kept.truncate(kept.len() - 2);
            kept.push(short);
        } else {
            kept.push(line);
        }
    }
    kept
}

/// Adds a tag to each struct and union, so that programs can forward-declare it.
fn tagged(mut lines: Vec<String>) -> Vec<String> {
    for i in 0..lines.len() {
        if let Some(start) = lines[i].strip_suffix(" {").filter(|start| start.starts_with("typedef ")) {
            let end = lines[i..].iter().find(|line| line.starts_with("} ")).expect("a struct ends");
            lines[i] = format!("{start} {} {{", end.trim_start_matches("} ").trim_end_matches(';'));
        }
    }
    lines
}

/// Appends `U` to constants that are `u32` in the source, so that they are unsigned in C too.
fn unsigned(mut lines: Vec<String>, source: &str) -> Vec<String> {
    for line in &mut lines {
        if let Some((name, _)) = line.strip_prefix("#define ").and_then(|define| define.split_once(' '))
            && source.contains(&format!("pub const {name}: u32 "))
        {
            line.push('U');
        }
    }
    lines
}

/// Adds a macro after each struct of [`INITIALIZED`]. It sets every member, because C++ and `-Wextra` require that.
fn initialized(lines: Vec<String>) -> Vec<String> {
    let mut made = Vec::new();
    let mut values: Vec<&str> = Vec::new();
    for line in lines {
        let member = line.trim();
        if member.starts_with("typedef struct ") {
            values.clear();
        } else if member.ends_with(';') && !member.starts_with(['/', '*', '}']) {
            values.push(match member {
                _ if member.contains('*') => "NULL",
                _ if member.contains('[') => "\"\"",
                _ => "0",
            });
        }
        let ended = INITIALIZED.iter().find(|(name, _)| line == format!("}} {name};"));
        made.push(line);
        if let Some((name, macro_name)) = ended {
            let others = values.get(1..).expect("the first member is struct_size").join(", ");
            made.push(String::new());
            made.push(format!(
                "/** Initializes a {name} in C and C++: sets struct_size; all other members are zero. */"
            ));
            made.push(format!("#define {macro_name} {{sizeof({name}), {others}}}"));
        }
    }
    made
}
