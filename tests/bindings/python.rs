//! The Python package, as installed by pip.

use crate::conformance::replay;
use crate::coverage::lacks;
use crate::examples::finds_the_nearest;
use crate::readme::prints_what_it_says;
use crate::support::{TempFolder, c_program};
use crate::toolchain::{checked, copy_folder, has, in_repository, run};
use crate::{Failure, Outcome};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A Python that has what is needed to build and test without a network.
fn python() -> Option<&'static str> {
    ["python3", "/usr/bin/python3"].into_iter().find(|python| {
        let mut command = Command::new(python);
        command.args(["-c", "import numpy, tqdm, setuptools, wheel, venv, pip"]);
        command.output().is_ok_and(|output| output.status.success())
    })
}

/// Creates a virtual environment in `folder` with the package and this build's library; returns its Python.
///
/// # Errors
/// The output of pip.
pub fn environment(folder: &Path) -> Result<Result<PathBuf, &'static str>, Failure> {
    let Some(python) = python() else {
        return Ok(Err(
            "no python3 has numpy, tqdm, setuptools, wheel, pip and venv; apt-get install python3-numpy \
                       python3-tqdm python3-setuptools python3-wheel python3-pip python3-venv",
        ));
    };
    // pip writes build files into the source folder.
    let source = folder.join("source");
    copy_folder(&in_repository("bindings/python"), &source)?;
    let environment = folder.join("environment");
    run(Command::new(python)
        .args(["-m", "venv", "--system-site-packages", "--without-pip"])
        .arg(&environment))?;
    let python = environment.join("bin/python");
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"])
        .arg(&source);
    pip.env("SYNA_MMAP_LIBRARY", c_program::library_dir().join(c_program::library_name()));
    run(&mut pip)?;
    Ok(Ok(python))
}

/// Runs the tests of `bindings/python`.
pub fn test() -> Result<Outcome, Failure> {
    let folder = TempFolder::new("python");
    let python = match environment(folder.path())? {
        Ok(python) => python,
        Err(missing) => return Ok(Outcome::NotRun(missing.to_owned())),
    };
    let tests = in_repository("bindings/python/tests");
    let command = |arguments: &[&str]| {
        let mut command = Command::new(&python);
        command.arg("-B").args(arguments).current_dir(folder.path()).env_remove("SYNA_MMAP_LIBRARY");
        command
    };
    let replayed = replay(&|cases, work| {
        let mut replayer = command(&[]);
        replayer.arg(tests.join("conformance.py")).arg(cases).arg(work);
        replayer
    })?;
    run(command(&["-m", "unittest", "discover", "-s"]).arg(&tests))?;
    prints_what_it_says("bindings/python/README.md", "python", &|text, _| Ok(command(&["-c", text])))?;
    let mut example = command(&[]);
    example.arg(in_repository("bindings/python/examples/wordnet.py"));
    finds_the_nearest(example, &folder.file("example.syna"))?;
    let inside = run(&mut command(&["-c", "import syna_mmap._native as n; print(n._path())"]))?;
    checked(String::from_utf8_lossy(&inside.stdout).contains("site-packages"), || {
        format!("the library is not the wheel's: {inside:?}")
    })?;
    if !has("mypy") {
        return Ok(Outcome::Passed(format!(
            "{replayed}, from a wheel; types unchecked: apt-get install mypy"
        )));
    }
    run(Command::new("mypy")
        .args(["--strict", "--cache-dir", "/dev/null", "-p", "syna_mmap"])
        .current_dir(folder.path().join("source")))?;
    Ok(Outcome::Passed(format!(
        "{replayed}, from a wheel; types by mypy{}",
        lacks("bindings/python/syna_mmap")?
    )))
}
