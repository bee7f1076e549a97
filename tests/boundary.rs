//! Every function of the C ABI is a single call of the boundary, so that no panic or error bypasses it.
//!
//! The compiler cannot check this, so the test reads the sources: see `faults`.

use std::fs;
use std::path::Path;

/// The violations in the `extern "C"` functions of a file.
fn faults(source: &str) -> Vec<String> {
    let code = without_comments(source);
    let mut faults = Vec::new();
    let mut rest = code.as_str();
    while let Some(at) = rest.find("extern \"C\"") {
        let before = &rest[..at];
        let after = &rest[at + "extern \"C\"".len()..];
        let name =
            after.trim_start().trim_start_matches("fn ").split('(').next().unwrap_or("").trim().to_owned();
        rest = after;
        if after.trim_start().starts_with("fn(") {
            // A callback type.
            continue;
        }
        if !after.trim_start().starts_with("fn ") {
            faults.push("`extern \"C\"` that is not a function".to_owned());
            continue;
        }
        if !before.trim_end().trim_end_matches(" unsafe").ends_with("#[unsafe(no_mangle)]\npub") {
            faults.push(format!("{name} is not `#[unsafe(no_mangle)] pub`"));
        }
        if !name.starts_with("syna_mmap_") {
            faults.push(format!("{name} is not named syna_mmap_*"));
        }
        let body = block(&after[after.find('{').unwrap_or(0)..]).trim();
        let inner = match body.strip_prefix("unsafe") {
            Some(inner) if block(inner.trim_start()).len() + 2 == inner.trim_start().len() => {
                block(inner.trim_start()).trim()
            }
            _ => body,
        };
        if !is_one_boundary_call(inner) {
            faults.push(format!("{name} is not one call of the boundary"));
        }
    }
    faults
}

/// Whether the code is `boundary::name(...)` and nothing else.
fn is_one_boundary_call(code: &str) -> bool {
    let Some(call) = code.strip_prefix("boundary::") else { return false };
    let Some(open) = call.find('(') else { return false };
    let known = ["call", "call_anyway", "value", "value_anyway"].contains(&&call[..open]);
    known && closing(&call[open..], '(', ')') == Some(call.len() - open - 1)
}

/// The content of the braces at the start of the text.
fn block(text: &str) -> &str {
    closing(text, '{', '}').map_or("", |end| &text[1..end])
}

/// The position of the bracket that closes the one at the start of the text.
fn closing(text: &str, open: char, close: char) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, character) in text.char_indices() {
        if character == open {
            depth += 1;
        } else if character == close {
            depth = depth.checked_sub(1)?;
            if depth == 0 {
                return Some(at);
            }
        }
    }
    None
}

/// The code without line comments and string literals, whose brackets would be counted.
fn without_comments(source: &str) -> String {
    let mut kept = String::new();
    for line in source.lines() {
        if line.trim_start().starts_with("//") {
            continue;
        }
        let code = line.split(" // ").next().unwrap_or("").trim_end();
        for (i, part) in code.split('"').enumerate() {
            if i % 2 == 0 || part == "C" {
                kept.push_str(part);
            }
            kept.push('"');
        }
        kept.pop();
        kept.push('\n');
    }
    kept
}

fn files() -> Vec<(String, String)> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ffi")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                files.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    files
}

#[test]
fn every_function_is_one_boundary_call() {
    let mut functions = 0;
    for (path, source) in files() {
        functions += without_comments(&source).matches("extern \"C\" fn ").count();
        assert_eq!(faults(&source), [""; 0], "{path}");
    }
    let listed = include_str!("../include/symbols.txt").lines().filter(|line| !line.starts_with('#')).count();
    assert_eq!(functions, listed, "number of functions in the sources, and of exported functions");
}

const GOOD: &str = "/// Says `extern \"C\"`.\n#[unsafe(no_mangle)]\npub unsafe extern \"C\" fn syna_mmap_a(b: i32) -> i32 {
    // SAFETY: as said {.
    unsafe {
        boundary::call(error, || {
            text(\"brackets )}\")?;
            Ok(())
        })
    }
}
#[unsafe(no_mangle)]\npub extern \"C\" fn syna_mmap_c() -> bool {\n    boundary::value(false, || Ok(true))\n}\n
pub type callback = Option<unsafe extern \"C\" fn(a: i32) -> bool>;\n";

#[test]
fn good_functions_pass() {
    assert_eq!(faults(GOOD), [""; 0]);
}

#[test]
fn injected_faults_are_detected() {
    let injected = [
        ("boundary::value(false, || Ok(true))", "true"),
        ("boundary::value(false, || Ok(true))", "prepare();\n    boundary::value(false, || Ok(true))"),
        ("boundary::value(false, || Ok(true))", "boundary::value(false, || Ok(true)) && true"),
        ("boundary::value(false, || Ok(true))", "boundary::other(false, || Ok(true))"),
        ("        })\n    }\n}", "        });\n        more()\n    }\n}"),
        ("    unsafe {\n", "    before();\n    unsafe {\n"),
        ("        })\n    }\n}", "        })\n    }\n    .max(1)\n}"),
        ("syna_mmap_c", "other_c"),
        ("#[unsafe(no_mangle)]\npub extern", "pub extern"),
        ("pub extern \"C\" fn syna_mmap_c() -> bool {", "pub extern \"C\" {"),
    ];
    for (from, to) in injected {
        let source = GOOD.replace(from, to);
        assert_ne!(source, GOOD, "{from:?} was replaced");
        assert_eq!(faults(&source).len(), 1, "{to:?}: {:?}", faults(&source));
    }
}
