//! The Go package: formatted, vetted, and tested with the race detector and cgo's strictest checks.

use crate::conformance::replay;
use crate::coverage::lacks;
use crate::examples::finds_the_nearest;
use crate::readme::prints_what_it_says;
use crate::support::{TempFolder, c_program};
use crate::toolchain::{checked, has, in_repository, run};
use crate::{Failure, Outcome};
use std::path::Path;
use std::process::Command;

/// A Go command that links this build's static library.
pub fn go(arguments: &[&str], folder: &Path) -> Command {
    let mut search_path = std::ffi::OsString::from("-L");
    search_path.push(c_program::library_dir());
    let mut command = Command::new("go");
    command.args(arguments).current_dir(folder).env("CGO_LDFLAGS", search_path);
    // No network: the package has no dependencies.
    command.env("GOPROXY", "off").env("GOFLAGS", "").env("CGO_ENABLED", "1");
    command
}

/// Makes `folder` a module that imports the package from this repository.
///
/// # Errors
/// The folder cannot be written to.
pub fn module(folder: &Path) -> Result<(), Failure> {
    let package = in_repository("bindings/go");
    let text = format!(
        "module outside\n\ngo 1.19\n\nrequire syna-mmap/bindings/go v0.0.0\n\n\
         replace syna-mmap/bindings/go => {:?}\n",
        package.display().to_string()
    );
    std::fs::write(folder.join("go.mod"), text).map_err(|e| format!("writing go.mod: {e}"))
}

/// Runs the tests of `bindings/go`.
pub fn test() -> Result<Outcome, Failure> {
    if !has("go") {
        return Ok(Outcome::NotRun("there is no go; apt-get install golang-go".to_owned()));
    }
    let folder = TempFolder::new("go");
    let package = in_repository("bindings/go");
    let unformatted = run(Command::new("gofmt").arg("-l").arg(&package))?;
    checked(unformatted.stdout.is_empty(), || {
        format!("run gofmt -w on {}", String::from_utf8_lossy(&unformatted.stdout))
    })?;
    run(&mut go(&["vet", "./..."], &package))?;
    let program = folder.file("race");
    run(go(&["test", "-race", "-c", "-o"], &package).arg(&program).arg("."))?;
    let strict = || {
        let mut command = Command::new(&program);
        command.current_dir(&package).env("GODEBUG", "cgocheck=2");
        command
    };
    run(&mut strict())?;
    let replayed = replay(&|cases, _| {
        let mut command = strict();
        command.args(["-test.run", "TestConformance"]).env("SYNA_MMAP_CASES", cases);
        command
    })?;
    prints_what_it_says("bindings/go/README.md", "go", &|text, work| {
        module(work)?;
        std::fs::write(work.join("main.go"), text).map_err(|e| format!("writing main.go: {e}"))?;
        run(&mut go(&["build", "-o", "readme", "."], work))?;
        Ok(Command::new(work.join("readme")))
    })?;
    let example = folder.file("example");
    run(go(&["build", "-o"], &package).arg(&example).arg("./examples/wordnet"))?;
    finds_the_nearest(Command::new(example), &folder.file("example.syna"))?;
    Ok(Outcome::Passed(format!(
        "{replayed}; race detector, cgocheck=2, linked statically{}",
        lacks("bindings/go")?
    )))
}
