//! The programs in the bindings' READMEs print what the READMEs say.

use crate::Failure;
use crate::support::TempFolder;
use crate::support::markdown::{Block, blocks};
use crate::toolchain::{checked, in_repository, run};
use std::path::Path;
use std::process::Command;

/// Runs every block of `language` that is followed by a block `text`, and compares its output with that block.
///
/// `program` makes a command from a block's text, in an empty folder; the command runs in that folder.
///
/// # Errors
/// The first difference, or that there are no such blocks.
pub fn prints_what_it_says(
    readme: &str,
    language: &str,
    program: &dyn Fn(&str, &Path) -> Result<Command, Failure>,
) -> Result<(), Failure> {
    let text =
        std::fs::read_to_string(in_repository(readme)).map_err(|e| format!("reading {readme}: {e}"))?;
    let blocks = blocks(&text);
    let is_program = |pair: &&[Block]| pair[0].language == language && pair[1].language == "text";
    let mut count = 0;
    for pair in blocks.windows(2).filter(is_program) {
        let folder = TempFolder::new("readme");
        let output = run(program(&pair[0].text, folder.path())?.current_dir(folder.path()))?;
        let printed = String::from_utf8_lossy(&output.stdout);
        checked(printed.trim_end() == pair[1].text.trim_end(), || {
            format!("{readme}, line {}: it prints {printed:?}", pair[0].line_number)
        })?;
        count += 1;
    }
    checked(count > 0, || format!("{readme} has no program in {language} with its output in a block text"))
}
