//! Installation. Programs outside the repository are built against the installed library in each of the four ways, from a
//! prefix that contains a space and was moved after the install.

use crate::support::{TempFolder, c_program};
use crate::toolchain::{checked, has, in_repository, run};
use crate::{Failure, Outcome, go};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The output of an outside program.
const PRINTED: &str = concat!("found 1 with ", env!("CARGO_PKG_VERSION"));

/// Tests `cmake --install`.
pub fn test_cmake() -> Result<Outcome, Failure> {
    test(&["cmake", "pkg-config", "readelf"], "cmake pkg-config binutils", "pkg-config", &|prefix, work| {
        let build = work.join("build");
        let mut configure = Command::new("cmake");
        configure.arg("-S").arg(in_repository("")).arg("-B").arg(&build).arg("-DSYNA_MMAP_PROFILE=dev");
        let mut installed = OsString::from("-DCMAKE_INSTALL_PREFIX=");
        installed.push(prefix);
        run(configure.arg(installed))?;
        // cargo gets a separate build folder, so that each run starts from nothing.
        run(Command::new("cmake").arg("--build").arg(&build).env("CARGO_PROFILE_DEV_DEBUG", "0"))?;
        run(Command::new("cmake").arg("--install").arg(&build))?;
        Ok(())
    })
}

/// Tests `cargo cinstall`.
pub fn test_cargo_c() -> Result<Outcome, Failure> {
    let how = "cmake pkg-config binutils; cargo install cargo-c";
    // It writes the original prefix unquoted into the .pc file; the option makes pkg-config use the real one.
    let pkg_config = "pkg-config --define-prefix";
    test(&["cargo-cinstall", "cmake", "pkg-config", "readelf"], how, pkg_config, &|prefix, work| {
        let mut command = Command::new("cargo-cinstall");
        command.args(["cinstall", "--locked", "--profile", "dev"]).current_dir(in_repository(""));
        // The option looks two folders up, so the libraries must not be in a deeper folder, as on Debian.
        command.args(["--libdir", "lib"]);
        command.arg("--prefix").arg(prefix).arg("--target-dir").arg(work.join("target"));
        run(command.env("CARGO_PROFILE_DEV_DEBUG", "0")).map(|_| ())
    })
}

fn test(
    tools: &[&str],
    packages: &str,
    pkg_config: &'static str,
    install: &dyn Fn(&Path, &Path) -> Result<(), Failure>,
) -> Result<Outcome, Failure> {
    if let Some(missing) = tools.iter().find(|tool| !has(tool)) {
        return Ok(Outcome::NotRun(format!("there is no {missing}; apt-get install {packages}")));
    }
    let folder = TempFolder::new("install");
    let (first, prefix) = (folder.file("a prefix"), folder.file("moved here"));
    install(&first, folder.path())?;
    std::fs::rename(&first, &prefix).map_err(|e| format!("moving the prefix: {e}"))?;
    let installed = Installed::find(&prefix, pkg_config)?;
    installed.check_soname()?;
    installed.pkg_config_dynamic(&folder.file("pkg-config-dynamic"))?;
    installed.pkg_config_static(&folder.file("pkg-config-static"))?;
    installed.find_package("shared", &folder.file("find-package-shared"))?;
    installed.find_package("static", &folder.file("find-package-static"))?;
    let and_go = if has("go") { ", Go with syna_system" } else { "" };
    if has("go") {
        // Go 1.19 splits the output of pkg-config at every space.
        let plain = folder.file("plain");
        std::fs::rename(&prefix, &plain).map_err(|e| format!("moving the prefix: {e}"))?;
        let installed = Installed::find(&plain, pkg_config)?;
        installed.go_system(&folder.file("go-system"))?;
    }
    Ok(Outcome::Passed(format!("pkg-config and find_package, shared and static, moved{and_go}")))
}

/// An installed prefix.
struct Installed {
    prefix: PathBuf,
    /// The folder of the libraries: `lib`, or a subfolder named after the machine type.
    library_dir: PathBuf,
    /// The pkg-config command.
    pkg_config: &'static str,
}

impl Installed {
    fn find(prefix: &Path, pkg_config: &'static str) -> Result<Self, Failure> {
        let found = run(Command::new("find").arg(prefix).args(["-name", "libsyna_mmap.a"]))?;
        let found = String::from_utf8_lossy(&found.stdout).into_owned();
        let library = PathBuf::from(found.trim_end());
        let library_dir = library.parent().ok_or("no static library was installed")?.to_path_buf();
        Ok(Self { prefix: prefix.to_path_buf(), library_dir, pkg_config })
    }

    /// Checks that the shared library has a versioned name that is its soname, and that the links lead to it.
    fn check_soname(&self) -> Result<(), Failure> {
        let link = self.library_dir.join("libsyna_mmap.so");
        let real = std::fs::canonicalize(&link).map_err(|e| format!("{}: {e}", link.display()))?;
        let version = env!("CARGO_PKG_VERSION");
        checked(real.ends_with(format!("libsyna_mmap.so.{version}")), || format!("the library is {real:?}"))?;
        let read = run(Command::new("readelf").arg("-d").arg(&real))?;
        let soname = format!("libsyna_mmap.so.{}", &version[..version.rfind('.').unwrap_or(0)]);
        checked(String::from_utf8_lossy(&read.stdout).contains(&format!("[{soname}]")), || {
            format!("the soname is not {soname}: {}", c_program::transcript(&read))
        })?;
        checked(self.library_dir.join(&soname).exists(), || format!("there is no {soname}"))
    }

    /// Compiles `main.c` with pkg-config's flags, as a Makefile would.
    fn compile_by(&self, folder: &Path, flags: &str) -> Result<(), Failure> {
        std::fs::create_dir_all(folder).map_err(|e| format!("creating {}: {e}", folder.display()))?;
        let script = format!("eval \"cc -Wall -Werror \\\"$0\\\" -o outside $({flags})\"");
        let mut command = Command::new("sh");
        command.arg("-c").arg(script).arg(in_repository("tests/outside/main.c")).current_dir(folder);
        run(command.env("PKG_CONFIG_PATH", self.library_dir.join("pkgconfig"))).map(|_| ())
    }

    fn pkg_config_dynamic(&self, folder: &Path) -> Result<(), Failure> {
        self.compile_by(folder, &format!("{} --cflags --libs syna_mmap", self.pkg_config))?;
        self.run_program(&folder.join("outside"), true)
    }

    fn pkg_config_static(&self, folder: &Path) -> Result<(), Failure> {
        let by_name = "sed 's/-lsyna_mmap/-l:libsyna_mmap.a/'";
        let flags = format!("{} --static --cflags --libs syna_mmap | {by_name}", self.pkg_config);
        self.compile_by(folder, &flags)?;
        self.run_program(&folder.join("outside"), false)
    }

    /// Builds a CMake project with a program in C and one in C++.
    fn find_package(&self, way: &str, folder: &Path) -> Result<(), Failure> {
        let mut prefix = OsString::from("-DCMAKE_PREFIX_PATH=");
        prefix.push(&self.prefix);
        let mut configure = Command::new("cmake");
        configure.arg("-S").arg(in_repository("tests/outside")).arg("-B").arg(folder).arg(prefix);
        run(configure.arg(format!("-DWAY={way}")))?;
        run(Command::new("cmake").arg("--build").arg(folder))?;
        for program in ["outside_c", "outside_cpp"] {
            self.run_program(&folder.join(program), way == "shared")?;
        }
        Ok(())
    }

    /// Builds the Go package against the installed library.
    fn go_system(&self, folder: &Path) -> Result<(), Failure> {
        std::fs::create_dir_all(folder).map_err(|e| format!("creating {}: {e}", folder.display()))?;
        go::module(folder)?;
        let text = "package main\n\nimport (\n\t\"fmt\"\n\n\tsyna \"syna-mmap/bindings/go\"\n)\n\nfunc main() {\n\t\
                    fmt.Println(\"found 1 with\", syna.Version())\n}\n";
        std::fs::write(folder.join("main.go"), text).map_err(|e| format!("writing main.go: {e}"))?;
        let mut build = go::go(&["build", "-tags", "syna_system", "-o", "outside", "."], folder);
        build.env_remove("CGO_LDFLAGS").env("PKG_CONFIG_PATH", self.library_dir.join("pkgconfig"));
        // Go's cache does not notice that the output of pkg-config has changed since the last run.
        build.env("GOCACHE", folder.join("cache"));
        // cgo passes no options to pkg-config.
        let wrapper = folder.join("pkg-config");
        let script = format!("#!/bin/sh\nexec {} \"$@\"\n", self.pkg_config);
        std::fs::write(&wrapper, script).map_err(|e| format!("writing the wrapper: {e}"))?;
        run(Command::new("chmod").arg("+x").arg(&wrapper))?;
        run(build.env("PKG_CONFIG", &wrapper))?;
        self.run_program(&folder.join("outside"), true)
    }

    /// Runs a program, and checks whether it was linked statically or dynamically.
    fn run_program(&self, program: &Path, is_shared: bool) -> Result<(), Failure> {
        let needed = run(Command::new("readelf").arg("-d").arg(program))?;
        let needed = String::from_utf8_lossy(&needed.stdout).into_owned();
        checked(needed.contains("libsyna_mmap.so.") == is_shared, || {
            format!("{} was linked the other way: {needed}", program.display())
        })?;
        let work = program.with_extension("work");
        std::fs::create_dir_all(&work).map_err(|e| format!("creating {}: {e}", work.display()))?;
        let mut command = Command::new(program);
        command.current_dir(&work);
        if is_shared {
            command.env("LD_LIBRARY_PATH", &self.library_dir);
        }
        let output = run(&mut command)?;
        let printed = String::from_utf8_lossy(&output.stdout);
        checked(printed.trim_end() == PRINTED, || format!("{} prints {printed:?}", program.display()))
    }
}
