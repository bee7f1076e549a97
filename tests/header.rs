//! The header in `include/` is the generated one, and C and C++ compilers accept it.
//!
//! `SYNA_MMAP_BLESS=1 cargo test --test header` copies the generated header into `include/`.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use support::c_program;

const MADE: &str = include_str!(concat!(env!("OUT_DIR"), "/syna_mmap.h"));

fn in_repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The first differing line, for a message.
fn difference(made: &str, kept: &str) -> Option<String> {
    if made == kept {
        return None;
    }
    let place = made.lines().zip(kept.lines()).position(|(a, b)| a != b);
    let line = place.unwrap_or_else(|| made.lines().count().min(kept.lines().count()));
    let shown = |text: &str| text.lines().nth(line).unwrap_or("(the end)").to_owned();
    Some(format!("line {}:\n  made: {}\n  kept: {}", line + 1, shown(made), shown(kept)))
}

#[test]
fn the_header_is_up_to_date() {
    let path = in_repository("include/syna_mmap.h");
    if std::env::var_os("SYNA_MMAP_BLESS").is_some() {
        fs::write(&path, MADE).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    if let Some(difference) = difference(MADE, &kept) {
        panic!(
            "include/syna_mmap.h is not what src/ffi says, {difference}\n\
             look at the change, then run: SYNA_MMAP_BLESS=1 cargo test --test header"
        );
    }
}

#[test]
fn differences_are_detected() {
    assert_eq!(difference("a\nb\n", "a\nb\n"), None);
    assert!(difference("a\nb\n", "a\nc\n").unwrap().starts_with("line 2:"));
    assert!(difference("a\n", "a\nb\n").unwrap().starts_with("line 2:"));
    assert!(difference("a\n", "a").is_some());
}

/// Compiles the header alone, included twice.
fn header_alone(extension: &str, standard: &str) {
    let folder = c_program::Scratch::new();
    let source = folder.path().join(format!("alone.{extension}"));
    let text = "#include \"syna_mmap.h\"\n#include \"syna_mmap.h\"\n\
                int main(void) { return syna_mmap_abi_version() == SYNA_MMAP_ABI_VERSION ? 0 : 1; }\n";
    fs::write(&source, text).unwrap();
    let flags = [standard, "-Wall", "-Wextra", "-Werror", "-pedantic", "-Wundef"];
    let output = c_program::run(&c_program::compile(&source, &flags), &[]);
    assert!(output.status.success(), "{}", c_program::transcript(&output));
}

#[test]
fn the_header_compiles_alone_as_c99() {
    header_alone("c", "-std=c99");
}

#[test]
fn the_header_compiles_alone_as_c11() {
    header_alone("c", "-std=c11");
}

#[test]
fn the_header_compiles_alone_as_cpp11() {
    header_alone("cpp", "-std=c++11");
}

#[test]
fn a_warning_fails_the_compilation() {
    let folder = c_program::Scratch::new();
    let source = folder.path().join("injected.c");
    fs::write(&source, "int main(void) { int unused; return 0; }\n").unwrap();
    let made = c_program::try_compile(&source, &["-Wall", "-Werror"], &c_program::library_dir());
    assert!(made.unwrap_err().contains("unused variable"));
}

/// The example in the opening comment, without the comment's margin.
fn example() -> String {
    let lines = MADE.lines().skip_while(|line| *line != " * EXAMPLE").skip(2);
    let code = lines.take_while(|line| line.starts_with(" *   ") || *line == " *");
    code.map(|line| line.strip_prefix(" *   ").unwrap_or("").to_owned() + "\n").collect()
}

#[test]
fn the_opening_example_compiles_and_runs() {
    let folder = c_program::Scratch::new();
    for (extension, standard) in [("c", "-std=c99"), ("cpp", "-std=c++11")] {
        let source = folder.path().join(format!("example.{extension}"));
        fs::write(&source, example()).unwrap();
        let flags = [standard, "-Wall", "-Wextra", "-Werror", "-pedantic"];
        let output = c_program::run(&c_program::compile(&source, &flags), &[]);
        assert!(output.status.success(), "{}", c_program::transcript(&output));
        let text = String::from_utf8(output.stdout).unwrap();
        let found: Vec<&str> = text.lines().map(|line| line.split(' ').next().unwrap()).collect();
        assert_eq!(found, ["first", "second"], "{text}");
    }
}

#[test]
fn initializers_set_the_size_and_leave_the_rest_zero() {
    let folder = c_program::Scratch::new();
    let mut text = "#include \"syna_mmap.h\"\n".to_owned();
    let mut body = String::new();
    for (structure, initializer) in [
        ("syna_mmap_error", "SYNA_MMAP_ERROR_INIT"),
        ("syna_mmap_batch", "SYNA_MMAP_BATCH_INIT"),
        ("syna_mmap_stats", "SYNA_MMAP_STATS_INIT"),
    ] {
        text += &format!("static const {structure} static_{structure} = {initializer};\n");
        body += &format!(
            "  {{ {structure} made = {initializer}; const char *bytes = (const char *)&made; size_t i;\n\
             \x20   if (made.struct_size != sizeof made || static_{structure}.struct_size != sizeof made) return 1;\n\
             \x20   for (i = sizeof made.struct_size; i < sizeof made; i++) if (bytes[i] != 0) return 2; }}\n"
        );
    }
    text += &format!("int main(void) {{\n{body}  return 0;\n}}\n");
    for (extension, standard) in [("c", "-std=c99"), ("c", "-std=c11"), ("cpp", "-std=c++11")] {
        let source = folder.path().join(format!("initializers.{extension}"));
        fs::write(&source, &text).unwrap();
        let flags = [standard, "-Wall", "-Wextra", "-Werror", "-pedantic"];
        let output = c_program::run(&c_program::compile(&source, &flags), &[]);
        assert!(output.status.success(), "{standard}: {}", c_program::transcript(&output));
    }
}

/// Functions that the index in the opening comment does not list, and listed names that are not functions.
fn index_faults(header: &str) -> Vec<String> {
    let lines = header.lines().skip_while(|line| !line.starts_with(" * FUNCTIONS")).skip(2);
    let entries = lines.take_while(|line| *line != " *");
    let text = entries.map(|line| &line[line.len().min(" *   maintenance  ".len())..]);
    let named: Vec<String> = text
        .flat_map(|text| text.split([',', ' ']))
        .filter(|word| !word.is_empty())
        .map(|word| format!("syna_mmap_{}", word.trim_start_matches("syna_mmap_")))
        .collect();
    // Callback types are not listed.
    let declared: Vec<String> =
        functions(header).into_iter().map(|(name, ..)| name).filter(|name| !name.is_empty()).collect();
    let missing = declared.iter().filter(|name| !named.contains(name)).map(|name| format!("missing: {name}"));
    let unknown = named.iter().filter(|name| !declared.contains(name)).map(|name| format!("unknown: {name}"));
    missing.chain(unknown).collect()
}

#[test]
fn the_function_index_is_complete() {
    assert_eq!(index_faults(MADE), [""; 0]);
    let injected = " * FUNCTIONS\n *\n *   lifecycle    open, gone\n *\n */\n#ifndef X\n\
                   /** a */\nint syna_mmap_open(void);\n/** b */\nint syna_mmap_close(void);\n";
    assert_eq!(index_faults(injected), ["missing: syna_mmap_close", "unknown: syna_mmap_gone"]);
}

/// What the comments of functions omit: ownership of a pointer, threads, cost.
fn undocumented(header: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for (name, comment, arguments) in functions(header) {
        for argument in arguments.split(',').filter(|argument| argument.contains('*')) {
            let argument = argument.rsplit('*').next().unwrap().trim();
            let is_said = comment.lines().any(|line| {
                let line = line.trim_start_matches([' ', '*']);
                line.strip_prefix(argument).is_some_and(|rest| {
                    rest.starts_with(' ')
                        && ["BORROWED", "OWNED", "COPIED", "a handle"].iter().any(|word| rest.contains(word))
                })
            });
            if !is_said && !comment.contains("The arguments are those of ") {
                faults.push(format!("{name}: {argument}"));
            }
        }
        for word in ["hreads", "ost"] {
            let refers = comment.contains(", threads") || comment.contains(", cost");
            if !comment.contains(word) && !refers {
                faults.push(format!("{name}: {word}"));
            }
        }
    }
    faults
}

#[test]
fn every_function_documents_ownership_threads_and_cost() {
    assert_eq!(undocumented(MADE), [""; 0]);
    assert!(functions(MADE).iter().any(|(name, ..)| name == "syna_mmap_version"));
}

#[test]
fn incomplete_documentation_is_detected() {
    let injected = "#ifndef X\n/**\n * Threads: any.\n *\n * a  COPIED.\n * b  somewhere.\n */\n\
                   int f(const char *a,\n      float *b,\n      int c);\n";
    assert_eq!(undocumented(injected), ["f: b", "f: ost"]);
}

/// Name, comment and arguments of each function.
fn functions(header: &str) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    // After the example.
    let header = &header[header.find("#ifndef").unwrap()..];
    for (end, _) in header.match_indices(");\n") {
        let start = header[..end].rfind("*/\n").unwrap() + 3;
        let (head, arguments) = header[start..end].split_once('(').unwrap();
        let name = head.rsplit([' ', '*']).next().unwrap().to_owned();
        let comment = &header[header[..start].rfind("/**").unwrap()..start];
        found.push((name, comment.to_owned(), arguments.to_owned()));
    }
    found
}
