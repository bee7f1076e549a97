"""Python's keys, vectors and payloads as the library takes them."""

from __future__ import annotations

import ctypes
from typing import Any, Mapping, Optional, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

from ._errors import DimensionMismatchError, InvalidArgumentError, Status
from ._numbers import floats, whole_numbers
from ._rows import F16, F32, RowForm
from ._structs import CBatch

_FLOAT = np.dtype(np.float32)

Key = Union[str, bytes]
Payload = Optional[bytes]
#: Stored vectors: bytes, one vector after the other, or a list of vectors.
Stored = Union[bytes, bytearray, memoryview, npt.NDArray[Any], Sequence[Union[bytes, bytearray, memoryview]]]
#: Values for columns, by name: {name: values}, or a data frame, a table or a structured array with all columns of the
#: store. It may have others, which are ignored.
ColumnData = Union[Mapping[str, npt.ArrayLike], Any]


def key_bytes(key: Key, what: str = "key") -> bytes:
    """UTF-8, or the bytes. A lone surrogate goes through as it is, for the library to refuse."""
    if isinstance(key, bytes):
        return key
    if not isinstance(key, str):
        raise TypeError(f"a {what} is a str or bytes, not {type(key).__name__}; pass str({what})")
    return key.encode("utf-8", "surrogatepass")


def require_many(what: str, values: object) -> None:
    """That these are several, and not one text, which is a sequence too."""
    if isinstance(values, (str, bytes, bytearray)):
        raise TypeError(f"`{what}` is one {type(values).__name__}; pass a list of them")


def payload_bytes(payload: Payload) -> bytes:
    if payload is not None and not isinstance(payload, (bytes, bytearray, memoryview)):
        raise TypeError(f"a payload is bytes or None, not {type(payload).__name__}")
    return bytes(payload or b"")


def floats_of(vector: npt.ArrayLike, dimensions: int) -> bytes:
    """The floats of one vector, for a call that reads them: a copy takes less time than numpy to tell an address."""
    # The common case at once.
    if type(vector) is np.ndarray and vector.dtype is _FLOAT and vector.shape == (dimensions,):
        return vector.tobytes()
    array = floats(vector)
    require_shape(array, dimensions)
    return array.tobytes()


def rows_of(vectors: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Several vectors, for a call that reads them where they lie."""
    return np.require(floats(vectors), np.float32, ("C_CONTIGUOUS", "ALIGNED"))


def require_shape(array: npt.NDArray[np.float32], dimensions: int) -> None:
    """That an array is one vector; 0 dimensions, of a closed store, are for the library to refuse."""
    if dimensions and array.shape != (dimensions,):
        raise DimensionMismatchError(
            Status.DIMENSION_MISMATCH,
            f"the store has {dimensions} dimensions, an array of shape {array.shape} was given; pass ({dimensions},)",
        )


def joined(pieces: "Sequence[bytes]") -> Tuple[bytes, npt.NDArray[np.uint64]]:
    offsets = np.zeros(len(pieces) + 1, np.uint64)
    np.cumsum([len(piece) for piece in pieces], out=offsets[1:])
    return b"".join(pieces), offsets


class Batch:
    """A syna_mmap_batch, and what it points to."""

    def __init__(
        self,
        keys: Sequence[Key],
        vectors: Optional[npt.ArrayLike],
        tags: Optional[npt.ArrayLike],
        payloads: Optional[Sequence[Payload]],
        dimensions: int,
        mode: int,
        form: RowForm,
        columns: Optional[ColumnData] = None,
    ) -> None:
        """`vectors`: None for an update, and for a batch of deletions. `form`: that of the store."""
        require_many("keys", keys)
        count = len(keys)
        self.deleted = ctypes.c_size_t()
        self._dimensions = dimensions
        rows: npt.NDArray[Any]
        is_half = form.element == F16 and isinstance(vectors, np.ndarray) and vectors.dtype == np.dtype("<f2")
        if is_half:
            rows = np.require(vectors, requirements=("C_CONTIGUOUS", "ALIGNED"))
        else:
            rows = rows_of([] if vectors is None else vectors)
        if vectors is not None and dimensions and rows.shape != (count, dimensions) and not (count == 0 and rows.size == 0):
            raise DimensionMismatchError(
                Status.DIMENSION_MISMATCH,
                f"{count} keys need vectors of shape ({count}, {dimensions}), shape {rows.shape} was given",
            )
        text, offsets = joined([key_bytes(key) for key in keys])
        self._kept: list[Any] = [text, offsets, rows]
        self.raw = CBatch(
            struct_size=ctypes.sizeof(CBatch),
            keys=text,
            key_offsets=offsets.ctypes.data,
            vectors=None if vectors is None else rows.ctypes.data,
            count=count,
            mode=mode,
            vectors_element=F16 if is_half else F32,
        )
        if tags is not None:
            numbers = np.require(whole_numbers("tags", tags), np.uint64, ("C_CONTIGUOUS", "ALIGNED"))
            _require_count(numbers.shape == (count,), "tags", count)
            self._kept.append(numbers)
            self.raw.tags = numbers.ctypes.data
        if payloads is not None:
            require_many("payloads", payloads)
            _require_count(len(payloads) == count, "payloads", count)
            content, places = joined([payload_bytes(payload) for payload in payloads])
            self._kept += [content, places]
            self.raw.payloads = content
            self.raw.payload_offsets = places.ctypes.data
        if columns is not None:
            arrays = form.schema.arrays(columns, count)
            structs = form.schema.raw(arrays)
            self._kept += [arrays, structs]
            self.raw.columns, self.raw.column_count = ctypes.addressof(structs), len(structs)

    def take_stored(self, stored: Stored, element: int, own: int, vector_bytes: int) -> None:
        """Sets the vectors, which have this element type; `own`: that of the store, and bytes of a vector of it."""
        count = self.raw.count
        # Floats go into any store. A type that is not the store's is for the library to refuse: it reads nothing then.
        each = 4 * self._dimensions if element == F32 else vector_bytes if element == own else 0
        data: npt.NDArray[Any]
        if isinstance(stored, np.ndarray):
            data = np.ascontiguousarray(stored).reshape(-1).view(np.uint8)
        elif isinstance(stored, (bytes, bytearray, memoryview)):
            data = np.frombuffer(stored, np.uint8)
        else:
            _require_count(len(stored) == count, "stored vectors", count)
            data = np.frombuffer(b"".join(stored), np.uint8)
            if each:
                _require_bytes(each, *(len(vector) for vector in stored))
        if each:
            _require_bytes(count * each, len(data))
        if element == F32 and each:
            data = np.require(data.view("<f4"), requirements=("ALIGNED",))
        self._kept.append(data)
        self.raw.vectors = data.ctypes.data
        self.raw.vectors_element = element

    def delete(self, keys: Sequence[Key]) -> None:
        """Adds keys to delete. The number of those that exist is in `deleted` after the write."""
        require_many("delete", keys)
        text, offsets = joined([key_bytes(key) for key in keys])
        self._kept += [text, offsets]
        self.raw.delete_keys = text
        self.raw.delete_key_offsets = offsets.ctypes.data
        self.raw.delete_count = len(keys)
        self.raw.out_deleted = ctypes.addressof(self.deleted)


def _require_count(is_so: bool, what: str, count: int) -> None:
    if not is_so:
        raise InvalidArgumentError(Status.INVALID_ARGUMENT, f"pass {count} {what}, one for each key")


def _require_bytes(wanted: int, *given: int) -> None:
    for length in given:
        if length != wanted:
            raise DimensionMismatchError(
                Status.DIMENSION_MISMATCH, f"{wanted} bytes of stored vectors are needed, {length} were given"
            )
