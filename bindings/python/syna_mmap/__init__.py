"""syna-mmap: an embedded vector store in one memory-mapped file.

    with Store("notes.syna", dimensions=384) as store:
        store.insert("first", vector)
        for hit in store.search(query, 10):
            print(hit.distance, hit.key)

Every call releases the GIL while it works, so searches of several threads run beside each other. Vectors are numpy
arrays of float32; those that are contiguous go in without a copy, and the vectors of hits are views of the mapped file.
"""

from ._errors import (
    CancelledError,
    CorruptError,
    DimensionMismatchError,
    InvalidArgumentError,
    InvalidDimensionsError,
    InvalidHandleError,
    InvalidKeyError,
    InvalidVectorError,
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
from ._native import version
from ._options import Durability, Metric, OpenFlags
from ._results import Hit, Results
from ._salvage import Finding, Problem, Salvaged, salvage
from ._store import Store

__all__ = [
    "CancelledError",
    "CorruptError",
    "DimensionMismatchError",
    "Durability",
    "Finding",
    "Hit",
    "InvalidArgumentError",
    "InvalidDimensionsError",
    "InvalidHandleError",
    "InvalidKeyError",
    "InvalidVectorError",
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
    "Salvaged",
    "Status",
    "Store",
    "SynaError",
    "salvage",
    "status_name",
    "version",
]
