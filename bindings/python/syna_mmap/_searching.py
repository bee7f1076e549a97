"""Searches of a store."""

from __future__ import annotations

import ctypes
from typing import Any, Iterator, Optional

import numpy as np
import numpy.typing as npt

from ._batch import Key, key_bytes, vector_of
from ._errors import DimensionMismatchError, Status, call
from ._filter import Asked, Filter, asked
from ._native import library
from ._results import Results
from ._rows import Cursor, Row


class Searching:
    """The part of a store that finds."""

    _handle: ctypes.c_void_p
    _dimensions: int

    def search(
        self,
        query: npt.ArrayLike,
        k: int,
        *,
        ef: int = 0,
        exact: bool = False,
        deadline: Optional[float] = None,
        deadline_us: Optional[int] = None,
        max_visits: int = 0,
        filter: Optional[Filter] = None,
        into: Optional[Results] = None,
    ) -> Results:
        """The nearest `k`. `deadline`: seconds from now, after which the best so far are answered."""
        options = asked(self._dimensions, ef, exact, deadline, deadline_us, max_visits, filter)
        array = vector_of(query, self._dimensions)
        return self._found(into, options, library.search, array.ctypes.data, k)

    def search_key(
        self,
        key: Key,
        k: int,
        *,
        ef: int = 0,
        exact: bool = False,
        deadline: Optional[float] = None,
        deadline_us: Optional[int] = None,
        max_visits: int = 0,
        filter: Optional[Filter] = None,
        into: Optional[Results] = None,
    ) -> Results:
        """The `k` nearest to the vector of a key, which is itself left out: more like this one."""
        options = asked(self._dimensions, ef, exact, deadline, deadline_us, max_visits, filter)
        name = key_bytes(key)
        return self._found(into, options, library.search_key, name, len(name), k)

    def search_range(
        self,
        query: npt.ArrayLike,
        max_distance: float,
        *,
        ef: int = 0,
        exact: bool = False,
        approximate: bool = False,
        deadline: Optional[float] = None,
        deadline_us: Optional[int] = None,
        max_visits: int = 0,
        filter: Optional[Filter] = None,
        into: Optional[Results] = None,
    ) -> Results:
        """All within a distance; `approximate` takes what the index finds, which may lack some."""
        options = asked(self._dimensions, ef, exact, deadline, deadline_us, max_visits, filter, approximate)
        array = vector_of(query, self._dimensions)
        return self._found(into, options, library.search_range, array.ctypes.data, max_distance)

    def search_batch(
        self,
        queries: npt.ArrayLike,
        k: int,
        *,
        ef: int = 0,
        exact: bool = False,
        deadline: Optional[float] = None,
        deadline_us: Optional[int] = None,
        max_visits: int = 0,
        filter: Optional[Filter] = None,
        into: Optional[Results] = None,
    ) -> Results:
        """The `k` nearest of each of the `queries`, (count, dimensions); the store's `threads` share them.

        `results.query(i)` has those of query `i`; one that could not be searched for has a status of its own there.
        """
        options = asked(self._dimensions, ef, exact, deadline, deadline_us, max_visits, filter)
        rows = np.require(queries, np.float32, ("C_CONTIGUOUS", "ALIGNED"))
        if self._dimensions and (rows.ndim != 2 or rows.shape[1] != self._dimensions):
            raise DimensionMismatchError(
                Status.DIMENSION_MISMATCH,
                f"queries of shape {rows.shape} were given; pass (count, {self._dimensions})",
            )
        statuses = np.zeros(len(rows), np.int32)
        found = self._found(
            into, options, library.search_batch, rows.ctypes.data, len(rows), k, after=(statuses.ctypes.data,)
        )
        found._statuses = statuses.tolist()
        return found

    def _found(
        self, into: Optional[Results], options: Optional[Asked], search: Any, *what: Any, after: Any = ()
    ) -> Results:
        results = Results() if into is None else into
        handle = results._begin()
        if options is None:
            call(search, self._handle, *what, None, handle, *after)
        else:
            call(search, self._handle, *what, options.raw, handle, *after)
            options.finish()
        results._end(self._dimensions)
        return results

    def rows(self, first_row: int = 0) -> Iterator[Row]:
        """All rows from that number on, in the order of insertion, as they are now; vectors are views."""
        return Cursor(self._handle, first_row).rows(self._dimensions)

    def __iter__(self) -> Iterator[str]:
        """The keys, in the order of insertion."""
        return (row.key for row in self.rows())
