"""Builds the wheel with the native library inside it.

The library is the one that SYNA_MMAP_LIBRARY names, or else the one that cargo builds from the repository that this
folder lies in.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.build_py import build_py

try:
    from setuptools.command.bdist_wheel import bdist_wheel
except ImportError:  # setuptools before 70.1
    from wheel.bdist_wheel import bdist_wheel

REPOSITORY = Path(__file__).resolve().parent.parent.parent
SUFFIXES = {"win32": ".dll", "darwin": ".dylib"}


def native_library() -> Path:
    """The shared library to put into the wheel."""
    named = os.environ.get("SYNA_MMAP_LIBRARY")
    if named:
        return Path(named)
    command = ["cargo", "build", "--release", "--lib", "--message-format=json-render-diagnostics"]
    try:
        built = subprocess.run(command, cwd=REPOSITORY, check=True, stdout=subprocess.PIPE)
    except FileNotFoundError:
        sys.exit("install Rust (https://rustup.rs), or name a built library in SYNA_MMAP_LIBRARY")
    suffix = SUFFIXES.get(sys.platform, ".so")
    for line in built.stdout.splitlines():
        for name in json.loads(line).get("filenames", []):
            # Cargo tells of its own plug-ins too, which are shared libraries as well.
            if Path(name).name in (f"libsyna_mmap{suffix}", f"syna_mmap{suffix}"):
                return Path(name)
    sys.exit(f"cargo built no libsyna_mmap{suffix}")


class BuildWithLibrary(build_py):
    """Puts the library beside the modules."""

    def run(self) -> None:
        super().run()
        library = native_library()
        shutil.copyfile(library, Path(self.build_lib) / "syna_mmap" / library.name)


class PlatformWheel(bdist_wheel):
    """Any Python 3, but this platform only."""

    def get_tag(self) -> tuple[str, str, str]:
        return "py3", "none", super().get_tag()[2]


class PlatformDistribution(Distribution):
    """Says that there is machine code inside, though no extension module is built."""

    def has_ext_modules(self) -> bool:
        return True


setup(
    cmdclass={"build_py": BuildWithLibrary, "bdist_wheel": PlatformWheel},
    distclass=PlatformDistribution,
)
