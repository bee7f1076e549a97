//! Compiles C and C++ programs against the shared library that this build made, and runs them.
//!
//! ```text
//! mod support;
//! use support::c_program;
//!
//! let program = c_program::compile(Path::new("c-tests/open.c"), &["-std=c99", "-Wall", "-Werror"]);
//! let output = c_program::run(&program, &["argument"]);
//! assert!(output.status.success(), "{}", c_program::transcript(&output));
//! ```
//!
//! `cargo test` leaves the shared library beside the test binary, in `target/<profile>/deps`. A copy in
//! `target/<profile>` may come from an older build, so it is never looked at.

use std::collections::hash_map::DefaultHasher;
use std::env;
use std::env::consts::{ARCH, DLL_PREFIX, DLL_SUFFIX, EXE_SUFFIX, OS};
use std::ffi::OsString;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, id};
use std::sync::atomic::{AtomicU32, Ordering};

/// Numbers the temporary files and folders of this process.
static NEXT_NUMBER: AtomicU32 = AtomicU32::new(0);

/// The folder with the shared library of this build: `SYNA_MMAP_LIB_DIR`, or `target/<profile>/deps`.
///
/// # Panics
/// If the library is not there.
pub fn library_dir() -> PathBuf {
    let folder = library_dir_unchecked();
    let library = folder.join(library_name());
    assert!(library.is_file(), "{} is missing; build it with `cargo build`", library.display());
    folder
}

/// The folder where the shared library of this build belongs, whether it is there or not.
pub fn library_dir_unchecked() -> PathBuf {
    match env::var_os("SYNA_MMAP_LIB_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => profile_dir().join("deps"),
    }
}

/// The shared library's file name on this system.
pub fn library_name() -> String {
    format!("{DLL_PREFIX}syna_mmap{DLL_SUFFIX}")
}

/// Compiles and links `source`, and returns the program; it finds the library by its rpath.
///
/// The file name's extension says whether it is C or C++. `-std=c11` or `-std=c++11` is added unless `extra_flags`
/// has a `-std`. Flags come after the source, so `-lm` works.
///
/// # Panics
/// With the compiler's messages, if it does not compile.
pub fn compile(source: &Path, extra_flags: &[&str]) -> PathBuf {
    match try_compile(source, extra_flags, &library_dir()) {
        Ok(program) => program,
        Err(message) => panic!("{message}"),
    }
}

/// As [`compile`], against the library in `library_dir`; an error says what was run and what it answered.
///
/// # Errors
/// No compiler, or source that does not compile.
pub fn try_compile(source: &Path, extra_flags: &[&str], library_dir: &Path) -> Result<PathBuf, String> {
    let folder = profile_dir().join("c-programs");
    fs::create_dir_all(&folder).map_err(|e| format!("creating {}: {e}", folder.display()))?;

    let is_cpp = source.extension().is_some_and(|e| e == "cpp" || e == "cc" || e == "cxx");
    let compiler = find_compiler(is_cpp, &folder)?;
    if !(compiler.is_like_gnu() || compiler.is_like_clang()) {
        return Err(format!(
            "{} takes other flags than gcc and clang; set CC to one of them",
            shown(&compiler)
        ));
    }

    // The same source and flags give the same name, so that repeated runs do not pile up. Compiling to a name of its
    // own first keeps two tests that want the same program from writing into a file that is being run.
    let mut hasher = DefaultHasher::new();
    (source, extra_flags, library_dir).hash(&mut hasher);
    let stem = source.file_stem().unwrap_or_default().to_string_lossy();
    let program = folder.join(format!("{stem}-{:016x}{EXE_SUFFIX}", hasher.finish()));
    let unfinished = folder.join(format!("{stem}-{}-{}{EXE_SUFFIX}", id(), next_number()));

    let mut command = compiler.to_command();
    if !extra_flags.iter().any(|flag| flag.starts_with("-std")) {
        command.arg(if is_cpp { "-std=c++11" } else { "-std=c11" });
    }
    command
        .arg("-I")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("include"))
        .arg(source)
        .args(extra_flags)
        .arg("-L")
        .arg(library_dir)
        .arg("-lsyna_mmap")
        .arg("-o")
        .arg(&unfinished);
    if cfg!(unix) {
        let mut rpath = OsString::from("-Wl,-rpath,");
        rpath.push(library_dir);
        command.arg(rpath);
    }
    if cfg!(target_os = "linux") {
        // Cargo puts target/<profile> into LD_LIBRARY_PATH, where a stale library may lie. A DT_RPATH is looked at
        // before that variable, a DT_RUNPATH, which linkers write by default, after it.
        command.arg("-Wl,--disable-new-dtags");
    }
    let output = command.output().map_err(|e| {
        format!(
            "starting the C compiler {}: {e}; install gcc or clang, or name one in the environment variable CC",
            shown(&compiler)
        )
    })?;
    if !output.status.success() {
        return Err(format!("{command:?} failed:\n{}", transcript(&output)));
    }
    fs::rename(&unfinished, &program).map_err(|e| format!("renaming to {}: {e}", program.display()))?;
    Ok(program)
}

/// Runs `program` in an empty folder of its own, which is removed afterwards, without standard input.
///
/// # Panics
/// If it cannot be started.
pub fn run(program: &Path, args: &[&str]) -> Output {
    let folder = Scratch::new();
    command(program).args(args).current_dir(folder.path()).output().expect("the program can be started")
}

/// A command that starts `program` where it finds the library; more can be set before it is run.
pub fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    if cfg!(windows) {
        // No rpath there: the loader looks in the folders of PATH.
        let mut folders = vec![library_dir_unchecked()];
        folders.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
        command.env("PATH", env::join_paths(folders).expect("folders of PATH hold no separator"));
    }
    command.stdin(std::process::Stdio::null());
    command
}

/// What a program wrote and how it ended, for a message.
pub fn transcript(output: &Output) -> String {
    format!(
        "{}\n--- stdout\n{}--- stderr\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// An empty folder that is removed, with what is in it, when this is dropped.
pub struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// Makes it, under the build's own folder.
    ///
    /// # Panics
    /// If it cannot be made.
    pub fn new() -> Self {
        let path = profile_dir().join("c-programs").join(format!("run-{}-{}", id(), next_number()));
        fs::create_dir_all(&path).expect("a folder can be made in the build's folder");
        Self { path }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Best effort: what is left lies in the build's folder, where `cargo clean` finds it.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// `target/<profile>`: a test binary lies in its `deps`, an example in its `examples`.
fn profile_dir() -> PathBuf {
    let program = env::current_exe().expect("the system tells where this program is");
    program.parent().and_then(Path::parent).expect("it lies two folders deep").to_path_buf()
}

fn next_number() -> u32 {
    NEXT_NUMBER.fetch_add(1, Ordering::Relaxed)
}

/// The C or C++ compiler of this machine: `CC` or `CXX`, or else the usual names.
fn find_compiler(is_cpp: bool, out_dir: &Path) -> Result<cc::Tool, String> {
    // What is compiled here runs here, so host and target are the same; cc only wants to hear a triple.
    let triple = match OS {
        "macos" => format!("{ARCH}-apple-darwin"),
        "windows" if cfg!(target_env = "msvc") => format!("{ARCH}-pc-windows-msvc"),
        "windows" => format!("{ARCH}-pc-windows-gnu"),
        _ if cfg!(target_env = "musl") => format!("{ARCH}-unknown-linux-musl"),
        _ => format!("{ARCH}-unknown-linux-gnu"),
    };
    let mut build = cc::Build::new();
    build.target(&triple).host(&triple).opt_level(1).debug(true).warnings(true).cpp(is_cpp);
    build.cargo_metadata(false).cargo_warnings(false).out_dir(out_dir);
    let variable = if is_cpp { "CXX" } else { "CC" };
    if env::var_os(variable).is_none() {
        // cc takes "cc" for granted; a machine may have only one of the others.
        let names = if is_cpp { ["c++", "g++", "clang++"] } else { ["cc", "gcc", "clang"] };
        let Some(name) = names.into_iter().find(|name| Command::new(name).arg("--version").output().is_ok())
        else {
            return Err(format!(
                "no C compiler ({}); install gcc or clang, or set {variable}",
                names.join(", ")
            ));
        };
        build.compiler(name);
    }
    build
        .try_get_compiler()
        .map_err(|e| format!("no C compiler: {e}; install gcc or clang, or set {variable}"))
}

fn shown(compiler: &cc::Tool) -> String {
    compiler.path().display().to_string()
}
