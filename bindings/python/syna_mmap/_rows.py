"""Rows of a store as they lie in its file, and walks over them."""

from __future__ import annotations

import ctypes
from typing import Any, Callable, Dict, Iterator, NamedTuple, Optional, Union

import numpy as np
import numpy.typing as npt

from ._columns import Schema, Value
from ._errors import call
from ._native import library
from ._numbers import count_of
from ._structs import CRow

# SYNA_MMAP_ELEMENT_*.
F32, F16, I8 = 0, 1, 2


class RowForm(NamedTuple):
    """How the rows of a store are made of what the library returns."""

    #: Makes a key of its bytes: `bytes.decode` for text, `bytes` for keys of bytes.
    key: Callable[[bytes], Any] = bytes.decode
    #: How vectors are stored.
    element: int = F32
    #: The columns.
    schema: Schema = Schema()

# Rows that a walk takes from the library at a time.
_ROWS = 256


def borrowed(owner: object, address: int, dimensions: int) -> npt.NDArray[np.float32]:
    """A read-only view of a vector of the owner's, who lives as long as the view."""
    memory: Any = (ctypes.c_float * dimensions).from_address(address)
    # numpy holds the memory, and that the owner.
    memory.owner = owner
    return np.frombuffer(memoryview(memory).toreadonly(), np.float32)


def borrowed_bytes(owner: object, address: int, length: int) -> memoryview:
    """A read-only view of bytes of the owner's, who lives as long as the view."""
    memory: Any = (ctypes.c_uint8 * length).from_address(address)
    memory.owner = owner
    return np.frombuffer(memoryview(memory).toreadonly(), np.uint8).data


def bytes_of(vector: npt.NDArray[np.float32]) -> memoryview:
    """The bytes of a view of a vector, which it keeps alive."""
    return vector.data.cast("B")


def decoded(stored: memoryview, element: int, dimensions: int) -> npt.NDArray[np.float32]:
    """The components of a stored vector of another type than float32."""
    if element == F16:
        return np.frombuffer(stored, "<f2", dimensions).astype(np.float32)
    if element == I8:
        scale = np.frombuffer(stored, "<f4", 1, len(stored) - 4)
        components: npt.NDArray[np.float32] = np.frombuffer(stored, np.int8, dimensions).astype(np.float32) * scale
        return components
    raise NotImplementedError(f"element type {element} is of a later library than this package")


class Row(NamedTuple):
    """A stored row."""

    #: A str; bytes in a store whose keys are bytes.
    key: Union[str, Any]
    #: A read-only view of the stored vector; a copy in a store of another element type than float32. A view of a walk is
    #: good as long as it is held; in a filter: for the call.
    vector: npt.NDArray[np.float32]
    tags: int
    payload: bytes
    #: Counts up as rows come; a compaction gives new numbers.
    row: int
    #: A read-only view of the bytes of the stored vector, good as `vector` is.
    stored: memoryview
    #: The values by the names of the columns; a copy.
    values: Dict[str, Value]


def row_of(raw: CRow, owner: object, dimensions: int, form: RowForm) -> Row:
    """The library's row as ours; the vector is a view that holds `owner`."""
    if raw.vector:
        vector = borrowed(owner, raw.vector, dimensions)
        stored = bytes_of(vector)
    else:
        stored = borrowed_bytes(owner, raw.stored, raw.stored_bytes)
        vector = decoded(stored, form.element, dimensions)
    return Row(
        form.key(ctypes.string_at(raw.key, raw.key_len)),
        vector,
        raw.tags,
        ctypes.string_at(raw.payload, raw.payload_len) if raw.payload else b"",
        raw.row,
        stored,
        form.schema.values(raw.values),
    )


class Cursor:
    """A walk under way. Each view of a row's vector holds it, and so keeps what it looks at alive."""

    def __init__(self, store: ctypes.c_void_p, first_row: int, memory: object) -> None:
        # What the store lies in, if it is memory of Python's.
        self.memory = memory
        handle = ctypes.c_void_p()
        call(library.cursor_new, store, count_of("first_row", first_row), handle)
        self.handle = handle

    def __del__(self) -> None:
        handle = getattr(self, "handle", None)
        if handle:
            library.cursor_free(handle)

    def first(self, dimensions: int, form: RowForm) -> Optional[Row]:
        """The next row, if there is one."""
        room, count = (CRow * 1)(), ctypes.c_size_t()
        call(library.cursor_next, self.handle, room, 1, count)
        return row_of(room[0], self, dimensions, form) if count.value else None

    def rows(self, dimensions: int, form: RowForm) -> Iterator[Row]:
        """The rows that are left."""
        room, count = (CRow * _ROWS)(), ctypes.c_size_t(1)
        while count.value:
            call(library.cursor_next, self.handle, room, _ROWS, count)
            for raw in room[: count.value]:
                yield row_of(raw, self, dimensions, form)
