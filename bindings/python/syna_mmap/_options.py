"""What a store is opened with and searched with."""

from __future__ import annotations

import ctypes
from enum import IntEnum, IntFlag
from typing import Any, Dict, Union

from ._batch import key_bytes
from ._columns import columns_of, schema_of
from ._errors import InvalidArgumentError, Status
from ._native import library
from ._numbers import count_of
from ._rows import RowForm
from ._structs import COptions

# SYNA_MMAP_MAX_LABEL_BYTES.
MOST_LABEL_BYTES = 64


class Metric(IntEnum):
    """How near two vectors are; fixed when the file is made. Smaller is nearer."""

    COSINE = 0
    EUCLIDEAN = 1
    DOT_PRODUCT = 2
    #: For opening only: as in the existing file.
    FROM_FILE = 0xFFFFFFFF


class KeyKind(IntEnum):
    """What keys are; fixed when the file is made."""

    #: UTF-8: a str in Python.
    TEXT = 0
    #: Any bytes, such as a UUID or a number: bytes in Python.
    BYTES = 1
    #: For opening only: as in the existing file.
    FROM_FILE = 0xFFFFFFFF


class Element(IntEnum):
    """How the components of vectors are stored; fixed when the file is made. Calls take and return float32."""

    F32 = 0
    #: numpy's float16. A component of 65,520 or more in magnitude is refused.
    F16 = 1
    #: Integers of 1 byte, and one scale a vector.
    I8 = 2
    #: For opening only: as in the existing file.
    FROM_FILE = 0xFFFFFFFF


class OpenFlags(IntFlag):
    """SYNA_MMAP_OPEN_*."""

    NONE = 0
    READ_ONLY = 1
    MUST_EXIST = 2
    MUST_CREATE = 4
    VERIFY = 8
    DAMAGED = 16
    #: Accept 1 to 63 dimensions.
    SMALL_DIMENSIONS = 32


class Durability(IntEnum):
    """When a write is safe from a power cut: from the next checkpoint on, or when it returns."""

    PROCESS = 0
    BATCH = 1


class IndexProfile(IntEnum):
    """How much memory the index takes, and how fast it is."""

    FAST = 0
    COMPACT = 1


def metric_of(metric: Union[Metric, str, int]) -> int:
    """The number of a metric, which may be given by its name in lower case."""
    if not isinstance(metric, str):
        return int(metric)
    try:
        return int(Metric[metric.upper()])
    except KeyError:
        names = ", ".join(m.name.lower() for m in Metric)
        raise InvalidArgumentError(Status.INVALID_ARGUMENT, f"there is no metric {metric!r}; use one of {names}") from None


def label_bytes(label: Union[str, bytes]) -> bytes:
    """A label as the library takes it: UTF-8, at most 64 bytes, without NUL bytes."""
    text = key_bytes(label, "label")
    if len(text) > MOST_LABEL_BYTES or b"\0" in text:
        raise InvalidArgumentError(
            Status.INVALID_ARGUMENT,
            f"the label has {len(text)} bytes; pass one of at most {MOST_LABEL_BYTES}, without NUL bytes",
        )
    return text


def open_options(chosen: Dict[str, Any]) -> COptions:
    """The defaults, with what was chosen in their place; None stands for the default."""
    options = COptions()
    library.options_init(options, ctypes.sizeof(COptions))
    for name, value in chosen.items():
        if not hasattr(options, name) or name == "column_count":
            raise TypeError(f"there is no option {name!r}")
        if value is not None and name in ("label", "expected_label"):
            setattr(options, name, label_bytes(value))
        elif value is not None and name == "columns":
            structs = columns_of(value)
            options.columns, options.column_count = ctypes.addressof(structs), len(structs)
            # The library reads them when the store is opened.
            options.kept = structs
        elif value is not None:
            bits = 8 * getattr(COptions, name).size
            setattr(options, name, count_of(name, value, bits))
    return options


def form_of_rows(store: ctypes.c_void_p) -> RowForm:
    """How rows of an open store are made."""
    element, schema = int(library.element(store)), schema_of(store)
    is_bytes = library.key_kind(store) == KeyKind.BYTES
    return RowForm(bytes, element, schema) if is_bytes else RowForm(bytes.decode, element, schema)
