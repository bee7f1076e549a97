//! `include/abi.txt` lists what compiled programs depend on: the values of constants, the sizes of structs, the offsets of
//! their members, and the declarations of functions. `tests/exports.rs` checks the symbols.
//!
//! A changed or removed line breaks compiled programs. An added line does not, unless it is a member of a struct that never
//! grows. Review the change, then write the file: `SYNA_MMAP_BLESS=1 cargo test --test abi`.
#![cfg(all(unix, target_pointer_width = "64"))]

mod support;

use std::fs;
use std::path::Path;
use support::c_program;

const HEADER: &str = include_str!("../include/syna_mmap.h");
const TITLE: &str = "# What compiled programs depend on, with 64-bit pointers; see tests/abi.rs.\n";

/// The header's declarations, without comments.
fn code(header: &str) -> String {
    let mut code = String::new();
    let mut rest = &header[header.find("#ifndef").expect("an include guard")..];
    while let Some(start) = rest.find("/*") {
        code.push_str(&rest[..start]);
        let end = rest[start..].find("*/").expect("a comment ends");
        rest = &rest[start + end + 2..];
    }
    code + rest
}

/// A C program that prints the values and sizes that the compiler sees.
fn printer(header: &str) -> String {
    let code = code(header);
    let mut body = String::new();
    for line in code.lines() {
        if let Some((name, value)) = line.strip_prefix("#define SYNA_MMAP_").and_then(|l| l.split_once(' ')) {
            assert!(!value.trim().is_empty(), "SYNA_MMAP_{name} has no value");
            if let Some((structure, _)) = value.strip_prefix("{sizeof(").and_then(|v| v.split_once(')')) {
                body.push_str(&format!(
                    "  {{ {structure} made = SYNA_MMAP_{name}; \
                     printf(\"initializer SYNA_MMAP_{name} of %zu bytes\\n\", made.struct_size); }}\n"
                ));
                continue;
            }
            body.push_str(&format!(
                "  printf(\"constant SYNA_MMAP_{name} %lld\\n\", (long long)SYNA_MMAP_{name});\n"
            ));
        }
    }
    for part in code.split("typedef ").skip(1) {
        let Some((head, members)) = part.split_once(" {") else { continue };
        let Some((kind @ ("struct" | "union"), name)) = head.split_once(' ') else { continue };
        let (members, _) = members.split_once("\n}").expect("a struct ends");
        body.push_str(&format!("  printf(\"{kind} {name} %zu bytes\\n\", sizeof({name}));\n"));
        for member in members.split(';').map(str::trim).filter(|member| !member.is_empty()) {
            let (declaration, _) = member.split_once('[').unwrap_or((member, ""));
            let member = declaration.rsplit([' ', '*']).next().expect("a name");
            body.push_str(&format!(
                "  printf(\"member {name}.{member} at %zu, %zu bytes\\n\", offsetof({name}, {member}), \
                 sizeof((({name} *)0)->{member}));\n"
            ));
        }
    }
    format!("#include <stdio.h>\n#include \"header.h\"\nint main(void) {{\n{body}  return 0;\n}}\n")
}

/// The declarations of functions and callbacks, one a line.
fn declarations(header: &str) -> Vec<String> {
    let code = code(header);
    let lines: Vec<&str> = code.lines().filter(|line| !line.starts_with('#')).collect();
    let joined = lines.join(" ");
    let statements =
        joined.split(';').map(|statement| statement.split_whitespace().collect::<Vec<_>>().join(" "));
    let is_function = |statement: &String| statement.ends_with(')');
    statements
        .filter(is_function)
        .map(|s| format!("function {}", s.trim_start_matches("extern \"C\" { ")))
        .collect()
}

/// The whole interface, in the format of `include/abi.txt`.
fn interface(header: &str) -> String {
    let folder = c_program::Scratch::new();
    fs::write(folder.path().join("header.h"), header).unwrap();
    let source = folder.path().join("abi.c");
    fs::write(&source, printer(header)).unwrap();
    let output = c_program::run(&c_program::compile(&source, &["-Wall", "-Werror"]), &[]);
    assert!(output.status.success(), "{}", c_program::transcript(&output));
    let numbers = String::from_utf8(output.stdout).unwrap();
    TITLE.to_owned() + &numbers + &declarations(header).join("\n") + "\n"
}

/// The lines that only one of the two texts has.
fn differences(made: &str, kept: &str) -> Vec<String> {
    let lacks = |text: &str, line: &str| !text.lines().any(|other| other == line);
    let new = made.lines().filter(|line| lacks(kept, line)).map(|line| format!("new: {line}"));
    let lost = kept.lines().filter(|line| lacks(made, line)).map(|line| format!("lost: {line}"));
    new.chain(lost).collect()
}

#[test]
fn the_interface_matches_the_stored_listing() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("include/abi.txt");
    let made = interface(HEADER);
    if std::env::var_os("SYNA_MMAP_BLESS").is_some() {
        fs::write(&path, &made).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        differences(&made, &kept),
        [""; 0],
        "review the change, then run: SYNA_MMAP_BLESS=1 cargo test --test abi"
    );
}

#[test]
fn the_listing_covers_the_whole_header() {
    let made = interface(HEADER);
    for line in [
        "constant SYNA_MMAP_ERR_LOCKED 8",
        "constant SYNA_MMAP_METRIC_FROM_FILE 4294967295",
        "initializer SYNA_MMAP_ERROR_INIT of 272 bytes",
        "struct syna_mmap_error 272 bytes",
        "member syna_mmap_error.message at 16, 256 bytes",
        "member syna_mmap_hit.row at 32, 8 bytes",
        "union syna_mmap_value 8 bytes",
        "member syna_mmap_value.f64 at 0, 8 bytes",
        "function uint64_t syna_mmap_len(const syna_mmap *store)",
    ] {
        assert!(made.lines().any(|l| l == line), "{line:?} is missing in:\n{made}");
    }
    let functions =
        made.lines().filter(|line| line.starts_with("function ") && !line.contains("typedef")).count();
    let symbols =
        include_str!("../include/symbols.txt").lines().filter(|line| line.starts_with("syna_")).count();
    assert_eq!(functions, symbols);
}

#[test]
fn incompatible_changes_are_detected() {
    let injected = [
        ("#define SYNA_MMAP_ERR_LOCKED 8", "#define SYNA_MMAP_ERR_LOCKED 9"),
        ("  uint32_t hnsw_m;\n", "  uint64_t hnsw_m;\n"),
        ("  float distance;\n", ""),
        ("uint64_t syna_mmap_len(", "uint32_t syna_mmap_len("),
        ("bool syna_mmap_has_index(const syna_mmap *store)", "bool syna_mmap_has_index(syna_mmap *store)"),
    ];
    let kept = interface(HEADER);
    for (line, other) in injected {
        assert!(HEADER.contains(line), "{line}");
        let found = differences(&interface(&HEADER.replacen(line, other, 1)), &kept);
        assert!(found.iter().any(|line| line.starts_with("lost: ")), "{other:?} was not detected: {found:?}");
    }
}

/// Files other than Cargo.toml that contain the version, and the text before it.
const VERSIONS: [(&str, &str); 3] = [
    ("cmake/SynaMmapConfigVersion.cmake", "set(PACKAGE_VERSION "),
    ("bindings/python/pyproject.toml", "\nversion = \""),
    ("bindings/csharp/SynaMmap/SynaMmap.csproj", "<Version>"),
];

#[test]
fn every_package_has_the_crate_version() {
    for (file, before) in VERSIONS {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
        let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("{file} has no {before:?}"));
        assert!(rest.starts_with(env!("CARGO_PKG_VERSION")), "{file} and Cargo.toml have different versions");
    }
}

#[test]
fn the_header_has_the_crate_version() {
    for (part, value) in [
        ("MAJOR", env!("CARGO_PKG_VERSION_MAJOR")),
        ("MINOR", env!("CARGO_PKG_VERSION_MINOR")),
        ("PATCH", env!("CARGO_PKG_VERSION_PATCH")),
    ] {
        let line = format!("#define SYNA_MMAP_VERSION_{part} {value}");
        assert!(
            HEADER.lines().any(|l| l == line),
            "the header and Cargo.toml have different versions: no {line:?}"
        );
    }
}
