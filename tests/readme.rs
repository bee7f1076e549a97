//! The C programs in README.md compile, run, and print what README.md says. Its Rust programs are doc-tests.

use std::fs;
use std::path::Path;

use support::c_program;
use support::markdown::blocks;

mod support;

#[test]
fn c_programs_print_what_the_readme_says() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let blocks = blocks(&fs::read_to_string(readme).unwrap());
    let scratch = c_program::Scratch::new();

    let mut program_count = 0;
    for (index, block) in blocks.iter().enumerate().filter(|(_, block)| block.language == "c") {
        program_count += 1;
        let place = format!("README.md, line {}", block.line_number);
        let source = scratch.path().join(format!("readme-{program_count}.c"));
        fs::write(&source, &block.text).unwrap();
        let program = c_program::compile(&source, &["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic"]);
        let output = c_program::run(&program, &[]);
        assert!(output.status.success(), "{place}: {}", c_program::transcript(&output));

        let Some(expected) = blocks.get(index + 1).filter(|next| next.language == "text") else { continue };
        let printed = String::from_utf8(output.stdout.clone()).unwrap();
        for line in expected.text.lines() {
            assert!(
                printed.lines().any(|l| l.trim_end() == line.trim_end()),
                "{place}: the line {line:?} is not printed: {}",
                c_program::transcript(&output)
            );
        }
    }
    assert!(program_count > 0, "README.md has no C program");
}
