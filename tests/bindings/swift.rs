//! The Swift package. No test machine has Swift, so clang builds its module map.

use crate::coverage::lacks;
use crate::support::{TempFolder, c_program};
use crate::toolchain::{checked, has, in_repository, run};
use crate::{Failure, Outcome};
use std::process::Command;

/// A program that imports the module without naming a library: the module map names it.
const IMPORTS: &str = "#pragma clang module import CSynaMmap\nint main(void) {\n  syna_mmap_options options;\n  \
                       syna_mmap_options_init(&options, sizeof options);\n  return options.hnsw_m != 16;\n}\n";

/// Tests what can be tested of `bindings/swift`.
pub fn test() -> Result<Outcome, Failure> {
    let why = "no test machine has a Swift compiler";
    if !has("clang") {
        return Ok(Outcome::Unrunnable(format!("{why}, and there is no clang for the module map")));
    }
    let folder = TempFolder::new("swift");
    let source = folder.file("imports.c");
    std::fs::write(&source, IMPORTS).map_err(|e| format!("writing {}: {e}", source.display()))?;
    let map = in_repository("bindings/swift/Sources/CSynaMmap/module.modulemap");
    let object = folder.file("imports.o");
    let mut clang = Command::new("clang");
    clang.args(["-fmodules", "-Wall", "-Wextra", "-Werror", "-c"]).arg(&source).arg("-o").arg(&object);
    clang.arg(format!("-fmodule-map-file={}", map.display())).arg("-I").arg(in_repository("include"));
    clang.arg(format!("-fmodules-cache-path={}", folder.file("cache").display()));
    run(&mut clang)?;
    let link = std::fs::read_to_string(&map).map_err(|e| format!("reading {}: {e}", map.display()))?;
    checked(link.contains("link \"syna_mmap\""), || format!("the module map names no library: {link}"))?;
    let program = folder.file("imports");
    let library_dir = c_program::library_dir();
    run(Command::new("clang")
        .arg(&object)
        .arg("-o")
        .arg(&program)
        .arg("-L")
        .arg(&library_dir)
        .arg("-lsyna_mmap"))?;
    run(Command::new(&program).env("LD_LIBRARY_PATH", &library_dir))?;
    Ok(Outcome::Unrunnable(format!(
        "{why}; passed: clang builds and runs a program by the module map{}",
        lacks("bindings/swift/Sources")?
    )))
}
