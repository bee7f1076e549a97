//! The examples: every language prints the same results for the demo's data.

use crate::support::{TempFolder, c_program};
use crate::toolchain::{checked, in_repository, run};
use crate::{Failure, Outcome};
use std::path::Path;
use std::process::Command;

/// Runs a language's example on `examples/data`, and compares its output with `examples/nearest.txt`.
///
/// `program` is a command that takes the data folder and the path of the new store.
///
/// # Errors
/// The output, if it differs.
pub fn finds_the_nearest(program: Command, store: &Path) -> Result<(), Failure> {
    let mut program = program;
    let output = run(program.arg(in_repository("examples/data")).arg(store))?;
    let wanted =
        std::fs::read(in_repository("examples/nearest.txt")).map_err(|e| format!("nearest.txt: {e}"))?;
    checked(output.stdout == wanted, || {
        format!("{program:?} does not print examples/nearest.txt: {}", c_program::transcript(&output))
    })
}

/// Runs `examples/game_loop.c` for a second.
pub fn test_game_loop() -> Result<Outcome, Failure> {
    let program = c_program::try_compile(
        &in_repository("examples/game_loop.c"),
        &["-std=c99", "-O2", "-Wall", "-Wextra", "-Werror", "-pedantic"],
        &c_program::library_dir(),
    )?;
    let folder = TempFolder::new("game-loop");
    let mut game = c_program::command(&program);
    game.arg(in_repository("examples/data")).arg(folder.file("store")).arg("1");
    let output = run(&mut game)?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    // The number of memories recalled before the deadline depends on the machine.
    checked(text.starts_with("60 frames, 60 memories made") && text.contains("worst"), || text.clone())?;
    Ok(Outcome::Passed(text.lines().last().unwrap_or_default().to_owned()))
}
