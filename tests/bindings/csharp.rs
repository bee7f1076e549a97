//! The C# sources, with Mono.

use crate::conformance::replay;
use crate::coverage::lacks;
use crate::examples::finds_the_nearest;
use crate::readme::prints_what_it_says;
use crate::support::{TempFolder, c_program};
use crate::toolchain::{has, in_repository, run};
use crate::{Failure, Outcome};
use std::path::{Path, PathBuf};
use std::process::Command;

const FLAGS: [&str; 4] = ["-unsafe", "-langversion:latest", "-warnaserror", "-warn:4"];

/// The tool that is missing for C#, if any.
pub fn missing() -> Option<String> {
    let tool = ["mcs", "mono"].into_iter().find(|tool| !has(tool))?;
    Some(format!("there is no {tool}; apt-get install mono-mcs mono-runtime libmono-system-core4.0-cil"))
}

/// Compiles the assembly into `folder`.
pub fn compile_assembly(folder: &Path) -> Result<(), Failure> {
    let sources = in_repository("bindings/csharp/SynaMmap/*.cs");
    let mut mcs = Command::new("mcs");
    mcs.args(FLAGS).args(["-target:library", "-out:SynaMmap.dll"]).arg(sources).current_dir(folder);
    run(&mut mcs).map(|_| ())
}

/// Compiles a program against the assembly in `folder`.
pub fn compile(name: &str, sources: &[PathBuf], folder: &Path) -> Result<(), Failure> {
    let mut mcs = Command::new("mcs");
    mcs.args(FLAGS).args(["-r:SynaMmap.dll", "-r:System.Core"]).arg(format!("-out:{name}.exe"));
    run(mcs.args(sources).current_dir(folder)).map(|_| ())
}

/// A command that runs a program in `folder` with this build's library.
pub fn mono(name: &str, folder: &Path) -> Command {
    let mut command = Command::new("mono");
    command.arg(folder.join(name).with_extension("exe")).env("LD_LIBRARY_PATH", c_program::library_dir());
    command
}

/// Runs the tests of `bindings/csharp`.
pub fn test() -> Result<Outcome, Failure> {
    if let Some(missing) = missing() {
        return Ok(Outcome::NotRun(missing));
    }
    let folder = TempFolder::new("csharp");
    let tests = in_repository("bindings/csharp/tests");
    compile_assembly(folder.path())?;
    let replayer = [
        "Conformance.cs",
        "ConformanceElements.cs",
        "ConformanceHosts.cs",
        "ConformanceLines.cs",
        "ConformanceRows.cs",
        "ConformanceWrites.cs",
        "FileLimit.cs",
        "Words.cs",
    ]
    .map(|name| tests.join(name));
    compile("Conformance", &replayer, folder.path())?;
    let replayed = replay(&|cases, work| {
        let mut command = mono("Conformance", folder.path());
        command.arg(cases).arg(work);
        command
    })?;
    compile("Behaviour", &[tests.join("Behaviour.cs")], folder.path())?;
    run(mono("Behaviour", folder.path()).arg(folder.path()))?;
    compile("Columns", &[tests.join("Columns.cs")], folder.path())?;
    run(mono("Columns", folder.path()).arg(folder.path()))?;
    compile("Layout", &[tests.join("Layout.cs")], folder.path())?;
    run(mono("Layout", folder.path()).arg(in_repository("include/abi.txt")))?;
    prints_what_it_says("bindings/csharp/README.md", "csharp", &|text, _| {
        let source = folder.file("Readme.cs");
        std::fs::write(&source, text).map_err(|e| format!("writing {}: {e}", source.display()))?;
        compile("Readme", &[source], folder.path())?;
        Ok(mono("Readme", folder.path()))
    })?;
    compile("Wordnet", &[in_repository("bindings/csharp/examples/Wordnet.cs")], folder.path())?;
    finds_the_nearest(mono("Wordnet", folder.path()), &folder.file("example.syna"))?;
    Ok(Outcome::Passed(format!(
        "{replayed}, under Mono; .NET itself is not run{}",
        lacks("bindings/csharp/SynaMmap")?
    )))
}
