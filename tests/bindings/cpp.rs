//! The C++ headers, with two compilers.

use crate::conformance::replay;
use crate::coverage::lacks;
use crate::examples::finds_the_nearest;
use crate::readme::prints_what_it_says;
use crate::support::{TempFolder, c_program};
use crate::toolchain::{has, in_repository, run};
use crate::{Failure, Outcome};
use std::path::{Path, PathBuf};
use std::process::Command;

const FLAGS: [&str; 6] = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-Wshadow", "-g"];

/// Compiles `source` into `folder` with the named compiler.
pub fn compile(compiler: &str, source: &Path, flags: &[&str], folder: &Path) -> Result<PathBuf, Failure> {
    let library_dir = c_program::library_dir();
    let program = folder.join(source.file_stem().unwrap_or_default());
    let mut rpath = std::ffi::OsString::from("-Wl,--disable-new-dtags,-rpath,");
    rpath.push(&library_dir);
    let mut command = Command::new(compiler);
    command.args(FLAGS).args(flags).arg("-I").arg(in_repository("include"));
    command.arg("-I").arg(in_repository("bindings/cpp/include")).arg(source).arg("-o").arg(&program);
    command.arg("-L").arg(&library_dir).arg("-lsyna_mmap").arg("-pthread").arg(rpath);
    run(&mut command)?;
    Ok(program)
}

/// Runs the tests of `bindings/cpp` with one compiler.
pub fn test(compiler: &str) -> Result<Outcome, Failure> {
    if !has(compiler) {
        return Ok(Outcome::NotRun(format!("there is no {compiler}; apt-get install g++ clang")));
    }
    let folder = TempFolder::new("cpp");
    let tests = in_repository("bindings/cpp/tests");
    // The views are the binding's in C++17, and std::span in C++20.
    let replayer = compile(compiler, &tests.join("conformance.cpp"), &["-std=c++17", "-O1"], folder.path())?;
    let replayed = replay(&|cases, work| {
        let mut command = Command::new(&replayer);
        command.arg(cases).arg(work);
        command
    })?;
    for standard in ["-std=c++17", "-std=c++20"] {
        for test in ["behaviour", "columns"] {
            let program =
                compile(compiler, &tests.join(test).with_extension("cpp"), &[standard], folder.path())?;
            run(Command::new(program).arg(folder.file(test).with_extension("syna")))?;
        }
    }
    let quiet = ["-std=c++17", "-fno-exceptions"];
    let unthrowing = compile(compiler, &tests.join("no_exceptions.cpp"), &quiet, folder.path())?;
    run(Command::new(unthrowing).arg(folder.file("unthrowing.syna")))?;
    prints_what_it_says("bindings/cpp/README.md", "cpp", &|text, folder| {
        let source = folder.join("readme.cpp");
        std::fs::write(&source, text).map_err(|e| format!("writing {}: {e}", source.display()))?;
        Ok(Command::new(compile(compiler, &source, &["-std=c++17"], folder)?))
    })?;
    let example = in_repository("bindings/cpp/examples/wordnet.cpp");
    let example = compile(compiler, &example, &["-std=c++17", "-O1"], folder.path())?;
    finds_the_nearest(Command::new(example), &folder.file("example.syna"))?;
    Ok(Outcome::Passed(format!(
        "{replayed}; C++17, C++20, and without exceptions{}",
        lacks("bindings/cpp/include")?
    )))
}
