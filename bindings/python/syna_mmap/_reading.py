"""Reading rows without a search, and what a store is set to."""

from __future__ import annotations

import ctypes
import os
from typing import Any, Dict, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from ._batch import Key, floats_of, joined, key_bytes, require_many
from ._columns import Column, Value
from ._errors import NotFoundError, Status, call
from ._filter import Asked, Filter
from ._native import library
from ._numbers import count_of
from ._rows import Cursor, RowForm, Row
from ._structs import COptions, CValue

# Row numbers that are listed at a time.
_ROWS = 4096


class Reading:
    """The part of a store that reads rows and settings."""

    _handle: ctypes.c_void_p
    _dimensions: int
    _form: RowForm
    _memory: object

    def view(self, key: Key) -> Row:
        """The row of a key; its vector is a view, good as long as it is held. NotFoundError where there is none."""
        while True:
            row = self.row_of(key)
            found = self._row(row)
            # An upsert or a compaction in between has given the key another row.
            if found is not None and found.row == row and key_bytes(found.key) == key_bytes(key):
                return found

    def row_of(self, key: Key) -> int:
        """The row number of a key. NotFoundError where there is none."""
        name, row = key_bytes(key), ctypes.c_uint64()
        call(library.row_of, self._handle, name, len(name), row)
        return row.value

    def row_at(self, row: int) -> Row:
        """The row with a number; its vector is a view. NotFoundError where there is none, or it was deleted."""
        found = self._row(row)
        if found is None or found.row != row:
            raise NotFoundError(Status.NOT_FOUND, f"there is no live row {row}")
        return found

    def _row(self, row: int) -> Optional[Row]:
        # A cursor keeps what its rows point to, even if the store is closed.
        return Cursor(self._handle, row, self._memory).first(self._dimensions, self._form)

    def read_many(self, keys: Sequence[Key]) -> Tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
        """Copies of the vectors of many keys, (count, dimensions), zeros where there is none; which keys exist."""
        require_many("keys", keys)
        text, offsets = joined([key_bytes(key) for key in keys])
        vectors = np.zeros((len(keys), self._dimensions), np.float32)
        found = np.zeros(len(keys), np.bool_)
        places = (vectors.ctypes.data, found.ctypes.data)
        call(library.get_batch, self._handle, text, offsets.ctypes.data, len(keys), *places, ctypes.c_size_t())
        return vectors, found

    def get_value(self, key: Key, column: str) -> Value:
        """The value of a key in a column. NotFoundError where there is no such key."""
        name, value, position = key_bytes(key), CValue(), self._form.schema.position(column)
        call(library.get_value, self._handle, name, len(name), position, value)
        found: Value = getattr(value, self._form.schema.columns[position].kind.name.lower())
        return found

    @property
    def columns(self) -> Tuple[Column, ...]:
        """The columns; another store can be opened with them."""
        return self._form.schema.columns

    def count_where(self, filter: Optional[Filter] = None) -> int:
        """How many rows meet the conditions."""
        how, count = self._asked(filter), ctypes.c_uint64()
        try:
            call(library.count_where, self._handle, how.options, count)
        finally:
            _raise_first(how)
        return count.value

    def rows_where(
        self, filter: Optional[Filter] = None, first_row: int = 0, most: Optional[int] = None
    ) -> npt.NDArray[np.uint64]:
        """The numbers of the rows from `first_row` on that meet the conditions, at most `most`, ascending."""
        how, parts, first = self._asked(filter), [np.zeros(0, np.uint64)], count_of("first_row", first_row)
        left = None if most is None else count_of("most", most)
        while left is None or left > 0:
            room = np.zeros(_ROWS if left is None else min(left, _ROWS), np.uint64)
            count = ctypes.c_size_t()
            try:
                call(library.rows_where, self._handle, how.options, first, room.ctypes.data, len(room), count)
            finally:
                _raise_first(how)
            parts.append(room[: count.value])
            if count.value < len(room):
                break
            first = int(room[-1]) + 1
            left = None if left is None else left - len(room)
        return np.concatenate(parts)

    def _asked(self, condition: Optional[Filter]) -> Asked:
        return Asked(self._dimensions, 0, 0, False, None, 0, condition, False, self._form)

    def distance(self, a: npt.ArrayLike, b: npt.ArrayLike) -> float:
        """The distance of two vectors, as a search computes it."""
        found = ctypes.c_float()
        pair = (floats_of(a, self._dimensions), floats_of(b, self._dimensions))
        call(library.distance, self._handle, *pair, found)
        return found.value

    # ---- settings ----

    @property
    def path(self) -> Optional[str]:
        """The path that the store was opened by, absolute; None for a store without a file of its own."""
        length, capacity = ctypes.c_size_t(), 0
        while True:
            room = ctypes.create_string_buffer(capacity)
            call(library.path, self._handle, room, capacity, length)
            if length.value < capacity:
                return os.fsdecode(room.value) or None
            capacity = length.value + 1

    @property
    def options(self) -> Dict[str, Any]:
        """The options in effect, by their names when a store is opened."""
        raw = COptions(struct_size=ctypes.sizeof(COptions))
        call(library.get_options, self._handle, raw)
        names = (name for name, *_ in COptions._fields_)
        options = {name: getattr(raw, name) for name in names if name not in ("struct_size", "reserved", "column_count")}
        return {**options, "columns": self.columns}

    def set_ef_search(self, ef_search: int) -> None:
        """Changes hnsw_ef_search, until the store is closed."""
        call(library.set_ef_search, self._handle, count_of("ef_search", ef_search, 32))

    def set_checkpoint_interval(self, secs: int) -> None:
        """Changes checkpoint_interval_secs, until the store is closed; 0: no automatic checkpoints."""
        call(library.set_checkpoint_interval, self._handle, count_of("secs", secs, 32))


def _raise_first(how: Asked) -> None:
    if how.raised:
        raise how.raised[0]
