"""syna-mmap: an embedded vector store in one memory-mapped file.

    with Store("notes.syna", dimensions=384) as store:
        store.insert("first", vector)
        for hit in store.search(query, 10):
            print(hit.distance, hit.key)

Every call releases the GIL while it works, so searches of several threads run beside each other. Vectors are numpy
arrays of float32; a batch that is contiguous goes in without a copy, and the vectors of hits are views of the mapped
file. Stores of 16-bit floats and of integers with a scale take and return float32 too.
"""

from ._columns import Column, ColumnKind, hash64
from ._errors import (
    CancelledError,
    ColumnsMismatchError,
    CorruptError,
    DimensionMismatchError,
    ElementMismatchError,
    InvalidArgumentError,
    InvalidDimensionsError,
    InvalidHandleError,
    InvalidKeyError,
    InvalidVectorError,
    KeyKindMismatchError,
    LabelMismatchError,
    LimitError,
    LockedError,
    MetricMismatchError,
    NoSpaceError,
    NotFoundError,
    ReadOnlyError,
    Status,
    SynaError,
    status_name,
)
from ._filter import Filter
from ._log import log_to
from ._native import version
from ._options import Durability, Element, IndexProfile, KeyKind, Metric, OpenFlags
from ._results import Hit, Results
from ._rows import Row
from ._salvage import Finding, Problem, Salvaged, salvage
from ._store import Store
from ._upkeep import Stats
from ._writing import UserBlock, Written

__all__ = [
    "CancelledError",
    "Column",
    "ColumnKind",
    "ColumnsMismatchError",
    "CorruptError",
    "DimensionMismatchError",
    "Durability",
    "Element",
    "ElementMismatchError",
    "Filter",
    "Finding",
    "Hit",
    "IndexProfile",
    "InvalidArgumentError",
    "InvalidDimensionsError",
    "InvalidHandleError",
    "InvalidKeyError",
    "InvalidVectorError",
    "KeyKind",
    "KeyKindMismatchError",
    "LabelMismatchError",
    "LimitError",
    "LockedError",
    "Metric",
    "MetricMismatchError",
    "NoSpaceError",
    "NotFoundError",
    "OpenFlags",
    "Problem",
    "ReadOnlyError",
    "Results",
    "Row",
    "Salvaged",
    "Stats",
    "Status",
    "Store",
    "SynaError",
    "UserBlock",
    "Written",
    "hash64",
    "log_to",
    "salvage",
    "status_name",
    "version",
]
