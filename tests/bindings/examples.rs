//! The examples: each language finds the same in the demo's data.

use crate::support::{TempFolder, c_program};
use crate::toolchain::{checked, in_repository, run};
use crate::{Failure, Outcome};
use std::path::Path;
use std::process::Command;

/// Runs a language's example on `examples/data`, and compares what it prints with `examples/nearest.txt`.
///
/// `program` is a command that takes the folder of data and the store to make.
///
/// # Errors
/// What it printed instead.
pub fn finds_the_nearest(program: Command, store: &Path) -> Result<(), Failure> {
    let mut program = program;
    let output = run(program.arg(in_repository("examples/data")).arg(store))?;
    let wanted =
        std::fs::read(in_repository("examples/nearest.txt")).map_err(|e| format!("nearest.txt: {e}"))?;
    checked(output.stdout == wanted, || {
        format!(
            "{program:?} prints something else than examples/nearest.txt: {}",
            c_program::transcript(&output)
        )
    })
}

/// `examples/game_loop.c`, for a second.
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
    // How many are recalled within the deadline is the machine's affair.
    checked(text.starts_with("60 frames, 60 memories made") && text.contains("worst"), || text.clone())?;
    Ok(Outcome::Passed(text.lines().last().unwrap_or_default().to_owned()))
}
