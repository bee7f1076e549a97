"""Damage: what verify finds, and what salvage saves."""

from __future__ import annotations

import ctypes
import os
from enum import IntEnum
from typing import Any, NamedTuple, Optional, Union

from ._errors import InvalidArgumentError, Status, call
from ._native import library
from ._rows import RowForm

Path = Union[str, "os.PathLike[str]", bytes]


class Problem(IntEnum):
    """What is wrong with a row, or with the store."""

    DAMAGED_VECTOR = 1
    HIDDEN = 2
    UNREACHABLE = 3
    DAMAGED_LINKS = 4
    ORPHAN = 5
    IGNORED_INDEX = 6


class Finding(NamedTuple):
    """A problem that verify found."""

    #: A str; bytes in a store whose keys are bytes. Empty if it is a problem of the store.
    key: Union[str, Any]
    #: None if it is a problem of the store.
    row: Optional[int]
    #: A number that is no Problem comes from a later library: damage.
    problem: Union[Problem, int]
    #: The problem as a sentence; for an ignored index file with the reason.
    message: str


class Salvaged(NamedTuple):
    """What salvage brought over, and what it knows to be lost."""

    rows: int
    lost: int


def path_bytes(path: Path) -> bytes:
    """A path as the library takes it."""
    name = os.fsencode(path)
    if b"\0" in name:
        raise InvalidArgumentError(Status.INVALID_ARGUMENT, "the path has a NUL in it; pass one without")
    return name


def finding_of(raw: Any, form: RowForm) -> Finding:
    """A copy of a syna_mmap_finding."""
    problem: Union[Problem, int] = raw.problem
    if raw.problem in set(Problem):
        problem = Problem(raw.problem)
    row = None if raw.row == 2**64 - 1 else raw.row
    return Finding(form.key(ctypes.string_at(raw.key, raw.key_len)), row, problem, raw.message.decode())


def salvage(source: Path, target: Path) -> Salvaged:
    """Writes whatever is whole in the damaged file `source` into the new file `target`."""
    rows, lost = ctypes.c_uint64(), ctypes.c_uint64()
    call(library.salvage, path_bytes(source), path_bytes(target), rows, lost)
    return Salvaged(rows.value, lost.value)
