"""What goes wrong, by its status."""

from __future__ import annotations

import ctypes
from enum import IntEnum
from typing import Callable, Dict, Type, Union

from ._native import library
from ._structs import CError

_ERROR_SIZE = ctypes.sizeof(CError)


class Status(IntEnum):
    """SYNA_MMAP_OK and SYNA_MMAP_ERR_*."""

    OK = 0
    INVALID_ARGUMENT = 1
    INVALID_DIMENSIONS = 2
    DIMENSION_MISMATCH = 3
    METRIC_MISMATCH = 4
    INVALID_VECTOR = 5
    INVALID_KEY = 6
    NOT_FOUND = 7
    LOCKED = 8
    READ_ONLY = 9
    CORRUPT = 10
    UNSUPPORTED_VERSION = 11
    LEGACY_FORMAT = 12
    IO = 13
    NO_SPACE = 14
    NO_MEMORY = 15
    INVALID_HANDLE = 16
    POISONED = 17
    INTERNAL = 18
    CANCELLED = 19
    LIMIT = 20
    KEY_KIND_MISMATCH = 21
    LABEL_MISMATCH = 22
    ELEMENT_MISMATCH = 23
    COLUMNS_MISMATCH = 24


def status_name(status: int) -> str:
    """The C name of a status, such as "SYNA_MMAP_ERR_LOCKED"."""
    name: bytes = library.status_name(status)
    return name.decode()


class SynaError(Exception):
    """A call failed. The text says what to do."""

    #: A number that is no Status comes from a later library.
    status: Union[Status, int]
    #: The system's own number; 0 where the system was not at fault.
    os_errno: int

    def __init__(self, status: int, message: str, os_errno: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.os_errno = os_errno
        try:
            self.status = Status(status)
        except ValueError:
            self.status = status

    def __str__(self) -> str:
        return self.message


class InvalidArgumentError(SynaError, ValueError):
    """An argument has a value that is never right."""


class InvalidDimensionsError(SynaError, ValueError):
    """Dimensions outside 64 to 8,192, or outside 1 to 8,192 with OpenFlags.SMALL_DIMENSIONS."""


class DimensionMismatchError(SynaError, ValueError):
    """The file, or the vector, has other dimensions."""


class MetricMismatchError(SynaError, ValueError):
    """The file has another metric."""


class InvalidVectorError(SynaError, ValueError):
    """A component is NaN or infinite, or the element type of the store cannot hold it."""


class InvalidKeyError(SynaError, ValueError):
    """A key is longer than 65,535 bytes, or is not UTF-8 in a store of text keys."""


class NotFoundError(SynaError, KeyError):
    """There is no such key, or no such file."""


class LockedError(SynaError):
    """Another writer has the file open."""


class ReadOnlyError(SynaError):
    """A write to a store that was opened read-only."""


class CorruptError(SynaError):
    """The file is damaged, or is not a store."""


class NoSpaceError(SynaError):
    """The disk is full; the store is as it was."""


class InvalidHandleError(SynaError, ValueError):
    """The store is closed, or belongs to the parent process."""


class CancelledError(SynaError):
    """A callback asked for the work to stop."""


class LimitError(SynaError, ValueError):
    """A stated limit was passed."""


class KeyKindMismatchError(SynaError, ValueError):
    """The file has another kind of keys."""


class LabelMismatchError(SynaError, ValueError):
    """The file has another label than expected: its vectors may come from another model."""


class ElementMismatchError(SynaError, ValueError):
    """The file keeps its vectors in another element type, or a batch has rows of another one."""


class ColumnsMismatchError(SynaError, ValueError):
    """The file has other columns than expected."""


_CLASSES: Dict[int, Type[SynaError]] = {
    Status.INVALID_ARGUMENT: InvalidArgumentError,
    Status.INVALID_DIMENSIONS: InvalidDimensionsError,
    Status.DIMENSION_MISMATCH: DimensionMismatchError,
    Status.METRIC_MISMATCH: MetricMismatchError,
    Status.INVALID_VECTOR: InvalidVectorError,
    Status.INVALID_KEY: InvalidKeyError,
    Status.NOT_FOUND: NotFoundError,
    Status.LOCKED: LockedError,
    Status.READ_ONLY: ReadOnlyError,
    Status.CORRUPT: CorruptError,
    Status.NO_SPACE: NoSpaceError,
    Status.INVALID_HANDLE: InvalidHandleError,
    Status.CANCELLED: CancelledError,
    Status.LIMIT: LimitError,
    Status.KEY_KIND_MISMATCH: KeyKindMismatchError,
    Status.LABEL_MISMATCH: LabelMismatchError,
    Status.ELEMENT_MISMATCH: ElementMismatchError,
    Status.COLUMNS_MISMATCH: ColumnsMismatchError,
}


def error_of(status: int, message: str, os_errno: int = 0) -> SynaError:
    """The error of a status, of the class that is its own if it has one."""
    return _CLASSES.get(status, SynaError)(status, message, os_errno)


def room_for_error() -> CError:
    """A struct for the library to say in what went wrong."""
    why = CError()
    why.struct_size = _ERROR_SIZE
    return why


def failure(status: int, why: CError) -> SynaError:
    """The error of a call that has failed."""
    return error_of(status, why.message.decode("utf-8", "replace"), why.os_errno)


def call(function: "Callable[..., int]", *arguments: object) -> None:
    """Calls a C function that answers a status, with an error struct of its own."""
    why = room_for_error()
    status = function(*arguments, why)
    if status:
        raise failure(status, why)
