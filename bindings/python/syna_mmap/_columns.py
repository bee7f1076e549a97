"""Columns: typed numbers that are stored with each row."""

from __future__ import annotations

import ctypes
import struct
from enum import IntEnum
from operator import index
from typing import Any, Dict, List, Mapping, NamedTuple, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

from ._errors import InvalidArgumentError, Status, call
from ._native import library
from ._structs import CColumn, CColumnValues

# SYNA_MMAP_MAX_COLUMNS, SYNA_MMAP_MAX_COLUMN_NAME_BYTES.
MOST_COLUMNS, MOST_NAME_BYTES = 16, 32


class ColumnKind(IntEnum):
    """What the values of a column are; each takes 8 bytes."""

    #: Signed integers.
    I64 = 1
    #: Unsigned integers, such as those of `hash64`.
    U64 = 2
    #: Floating-point numbers, except NaN.
    F64 = 3


class Column(NamedTuple):
    """A column of a store."""

    name: str
    kind: ColumnKind


#: A kind, or its name in lower case.
Kind = Union[ColumnKind, str, int]
#: Columns to open a store with: {name: kind}, or pairs of both.
Columns = Union[Mapping[str, Kind], Sequence[Tuple[str, Kind]]]
#: The value of a row in a column.
Value = Union[int, float]

_DTYPES: Dict[ColumnKind, npt.DTypeLike] = {
    ColumnKind.I64: np.int64,
    ColumnKind.U64: np.uint64,
    ColumnKind.F64: np.float64,
}
_FORMATS = {ColumnKind.I64: "q", ColumnKind.U64: "Q", ColumnKind.F64: "d"}


class Schema:
    """The columns of a store, in order."""

    def __init__(self, columns: Sequence[Column] = ()) -> None:
        self.columns = tuple(columns)
        self._names = [column.name for column in columns]
        self._format = struct.Struct("=" + "".join(_FORMATS[column.kind] for column in columns))

    def position(self, name: str) -> int:
        """Where a column is in the list."""
        if name not in self._names:
            has = ", ".join(map(repr, self._names)) or "none"
            raise InvalidArgumentError(
                Status.INVALID_ARGUMENT, f"the store has no column {name!r}; its columns are: {has}"
            )
        return self._names.index(name)

    def values(self, address: int) -> Dict[str, Value]:
        """The values of a row, which lie at this address, by the names of the columns."""
        if not self.columns:
            return {}
        return dict(zip(self._names, self._format.unpack(ctypes.string_at(address, self._format.size))))

    def zeros(self, name: str, count: int) -> npt.NDArray[Any]:
        """Room for values of a column."""
        return np.zeros(count, _DTYPES[self.columns[self.position(name)].kind])

    def arrays(self, given: Any, count: int) -> Dict[str, npt.NDArray[Any]]:
        """The values for `count` rows, of a dict or a table, as the library takes them."""
        if isinstance(given, Mapping):
            pieces = dict(given)
        else:
            if not self.columns:
                raise InvalidArgumentError(Status.INVALID_ARGUMENT, "the store has no columns; leave out `columns`")
            pieces = {name: _piece(given, name) for name in self._names}
        kinds = {name: self.columns[self.position(name)].kind for name in pieces}
        return {name: _array(name, kinds[name], values, count) for name, values in pieces.items()}

    def raw(self, arrays: Mapping[str, npt.NDArray[Any]]) -> "ctypes.Array[CColumnValues]":
        """The C structs of values, which `arrays` keeps alive."""
        structs = (CColumnValues * len(arrays))()
        for place, (name, values) in zip(structs, arrays.items()):
            position = self.position(name)
            place.column, place.kind = position, self.columns[position].kind
            # An array without elements has an address all the same.
            place.values = values.ctypes.data or 8
        return structs


def _piece(table: Any, name: str) -> Any:
    """A column of a data frame, a table or a structured array, which may have others too."""
    try:
        return table[name]
    except Exception as problem:  # Each library has its own.
        raise InvalidArgumentError(
            Status.INVALID_ARGUMENT, f"`columns` has no {name!r}; to leave a column of the store out, pass a dict"
        ) from problem


def _array(name: str, kind: ColumnKind, values: Any, count: int) -> npt.NDArray[Any]:
    """Values as an array of the column's type; what that would change in silence is refused."""
    array = _integers(values) if kind != ColumnKind.F64 else np.asarray(values)
    if array.shape != (count,):
        raise InvalidArgumentError(
            Status.INVALID_ARGUMENT,
            f"the values of column {name!r} have the shape {array.shape}; pass ({count},), one for each key",
        )
    if array.dtype.kind not in "biufO" and count:
        raise TypeError(f"the values of column {name!r} are {array.dtype}; convert them to {kind.name.lower()} first")
    if kind == ColumnKind.F64:
        array = np.asarray(array, np.float64)
    if array.dtype.kind == "f" and np.isnan(array).any():
        raise InvalidArgumentError(
            Status.INVALID_ARGUMENT,
            f"the values of column {name!r} have NaN at position {int(np.isnan(array).argmax())}; NaN is refused",
        )
    if kind != ColumnKind.F64:
        _require_range(name, kind, array)
    return np.require(array, _DTYPES[kind], ("C_CONTIGUOUS", "ALIGNED"))


def _integers(values: Any) -> npt.NDArray[Any]:
    """Integers of any size. numpy makes floats of a list with numbers below and above 2 ** 63."""
    if isinstance(values, (list, tuple)) and all(isinstance(value, int) for value in values):
        return np.array(values, object)
    array = np.asarray(values)
    return np.array([index(value) for value in array.tolist()], object) if array.dtype.kind == "O" else array


def _require_range(name: str, kind: ColumnKind, array: npt.NDArray[Any]) -> None:
    limits = np.iinfo(_DTYPES[kind])
    least, most = int(limits.min), int(limits.max)
    if array.dtype.kind == "f":
        # The floats of the limits are exact.
        fits = (array == np.floor(array)) & (array >= float(least)) & (array < float(most + 1))
    else:
        fits = np.array([least <= int(value) <= most for value in (array.min(), array.max())] if len(array) else [])
        if not fits.all():
            fits = np.array([least <= int(value) <= most for value in array.tolist()])
    if not fits.all():
        position = int(fits.argmin())
        raise InvalidArgumentError(
            Status.INVALID_ARGUMENT,
            f"column {name!r} is {kind.name.lower()}, and {array[position]} at position {position} is none",
        )


def columns_of(given: Columns) -> "ctypes.Array[CColumn]":
    """The C structs of columns to open a store with."""
    pairs: List[Tuple[str, Kind]] = list(given.items()) if isinstance(given, Mapping) else list(given)
    structs = (CColumn * len(pairs))()
    for place, (name, kind) in zip(structs, pairs):
        text = name.encode("utf-8", "surrogatepass")
        if not 1 <= len(text) <= MOST_NAME_BYTES or b"\0" in text:
            raise InvalidArgumentError(
                Status.INVALID_ARGUMENT,
                f"the name {name!r} of a column has {len(text)} bytes; pass 1 to {MOST_NAME_BYTES}, without NUL bytes",
            )
        place.name, place.kind = text, _kind_of(name, kind)
    return structs


def _kind_of(name: str, kind: Kind) -> int:
    try:
        return ColumnKind[kind.upper()] if isinstance(kind, str) else ColumnKind(kind)
    except (KeyError, ValueError):
        names = ", ".join(known.name.lower() for known in ColumnKind)
        raise InvalidArgumentError(
            Status.INVALID_ARGUMENT, f"column {name!r}: there is no kind {kind!r}; use one of {names}"
        ) from None


def schema_of(store: ctypes.c_void_p) -> Schema:
    """The columns of an open store."""
    structs, count = (CColumn * MOST_COLUMNS)(), ctypes.c_size_t()
    call(library.columns, store, structs, MOST_COLUMNS, count)
    return Schema([Column(place.name.decode(), ColumnKind(place.kind)) for place in structs[: count.value]])


def hash64(text: Union[str, bytes]) -> int:
    """A text or bytes as a number for a column of `ColumnKind.U64`, to compare for equality: FNV-1a, 64 bits.

    It is the same on every platform and in every version. Different texts may have the same number.
    """
    content = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else bytes(text)
    return int(library.hash64(content, len(content)))
