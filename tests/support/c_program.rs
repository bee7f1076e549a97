//! Compiles C and C++ programs against the shared library of this build, and runs them.
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
//! `target/<profile>` may come from an older build and is not used.

use std::collections::hash_map::DefaultHasher;
use std::env;
use std::env::consts::{ARCH, DLL_PREFIX, DLL_SUFFIX, EXE_SUFFIX, OS};
use std::ffi::OsString;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, id};
use std::sync::atomic::{AtomicU32, Ordering};

/// The next number for temporary files and folders of this process.
static NEXT_NUMBER: AtomicU32 = AtomicU32::new(0);

/// The folder with the shared library of this build: `SYNA_MMAP_LIB_DIR`, or `target/<profile>/deps`.
///
/// # Panics
/// If the library is missing.
pub fn library_dir() -> PathBuf {
    let folder = library_dir_unchecked();
    let library = folder.join(library_name());
    assert!(library.is_file(), "{} is missing; build it with `cargo build`", library.display());
    folder
}

/// The folder of this build's shared library, which may be missing.
pub fn library_dir_unchecked() -> PathBuf {
    match env::var_os("SYNA_MMAP_LIB_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => profile_dir().join("deps"),
    }
}

/// The shared library's file name on this platform.
pub fn library_name() -> String {
    format!("{DLL_PREFIX}syna_mmap{DLL_SUFFIX}")
}

/// Compiles and links `source`, and returns the program, which finds the library by its rpath.
///
/// The file extension selects C or C++. `-std=c11` or `-std=c++11` is added unless `extra_flags` contains a `-std`.
/// Flags come after the source, so `-lm` works.
///
/// # Panics
/// With the compiler's messages if compilation fails.
pub fn compile(source: &Path, extra_flags: &[&str]) -> PathBuf {
    match try_compile(source, extra_flags, &library_dir()) {
        Ok(program) => program,
        Err(message) => panic!("{message}"),
    }
}

/// As [`compile`], against the library in `library_dir`. An error contains the command and its output.
///
/// # Errors
/// There is no compiler, or compilation fails.
pub fn try_compile(source: &Path, extra_flags: &[&str], library_dir: &Path) -> Result<PathBuf, String> {
    let folder = profile_dir().join("c-programs");
    fs::create_dir_all(&folder).map_err(|e| format!("creating {}: {e}", folder.display()))?;

    let is_cpp = source.extension().is_some_and(|e| e == "cpp" || e == "cc" || e == "cxx");
    let compiler = find_compiler(is_cpp, &folder)?;
    if !(compiler.is_like_gnu() || compiler.is_like_clang()) {
        return Err(format!(
            "{} does not accept the flags of gcc and clang; set CC to one of them",
            shown(&compiler)
        ));
    }

    // The same source and flags give the same name, so that repeated runs do not accumulate files. The compiler writes to
    // a temporary name, because another test may be running a program of the same name.
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
        // Cargo puts target/<profile> into LD_LIBRARY_PATH, which may contain a stale library. A DT_RPATH takes precedence
        // over that variable; a DT_RUNPATH, which linkers write by default, does not.
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

/// Runs `program` in an empty temporary folder, without standard input.
///
/// # Panics
/// If the program cannot be started.
pub fn run(program: &Path, args: &[&str]) -> Output {
    let folder = Scratch::new();
    command(program).args(args).current_dir(folder.path()).output().expect("the program can be started")
}

/// A command for `program` with the environment that it needs to find the library.
pub fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    if cfg!(windows) {
        // Windows has no rpath; the loader searches the folders of PATH.
        let mut folders = vec![library_dir_unchecked()];
        folders.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
        command.env("PATH", env::join_paths(folders).expect("folders of PATH contain no separator"));
    }
    command.stdin(std::process::Stdio::null());
    command
}

/// The exit status and the output of a program, for a message.
pub fn transcript(output: &Output) -> String {
    format!(
        "{}\n--- stdout\n{}--- stderr\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// An empty folder that is removed with its contents when this is dropped.
pub struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// Creates it below the build folder.
    ///
    /// # Panics
    /// If it cannot be created.
    pub fn new() -> Self {
        let path = profile_dir().join("c-programs").join(format!("run-{}-{}", id(), next_number()));
        fs::create_dir_all(&path).expect("a folder can be created in the build folder");
        Self { path }
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Best effort: `cargo clean` removes what is left in the build folder.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// `target/<profile>`: test binaries are in its `deps`, examples in its `examples`.
fn profile_dir() -> PathBuf {
    let program = env::current_exe().expect("the path of this program is known");
    program.parent().and_then(Path::parent).expect("it is two folders deep").to_path_buf()
}

fn next_number() -> u32 {
    NEXT_NUMBER.fetch_add(1, Ordering::Relaxed)
}

/// The C or C++ compiler of this machine: `CC` or `CXX`, or the usual names.
fn find_compiler(is_cpp: bool, out_dir: &Path) -> Result<cc::Tool, String> {
    // Host and target are the same; the crate cc requires a triple.
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
        // cc assumes "cc", which some machines do not have.
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
