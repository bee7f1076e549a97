"""Searches of a store."""

from __future__ import annotations

import ctypes
import math
from typing import Any, Iterator, Optional, Union

import numpy as np
import numpy.typing as npt

from ._batch import Key, floats_of, key_bytes, rows_of
from ._errors import DimensionMismatchError, Status
from ._filter import After, Filter, asked
from ._native import library
from ._results import Results
from ._rows import Cursor, RowForm, Row


class Searching:
    """The part of a store that finds."""

    _handle: ctypes.c_void_p
    _dimensions: int
    _form: RowForm
    _memory: object

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
        max_distance: float = math.inf,
        after: Optional[After] = None,
        filter: Optional[Filter] = None,
        into: Optional[Results] = None,
    ) -> Results:
        """The nearest `k`. `deadline`: seconds from now, after which the best so far are answered.

        `after`: the distance and the row of a hit; the next page is what follows the last hit of the page before.
        """
        dimensions = self._dimensions
        how = asked(
            dimensions, k, ef, exact, deadline, deadline_us, max_visits, filter, self._form,
            max_distance=max_distance, after=after
        )
        floats = floats_of(query, dimensions)
        results = Results() if into is None else into
        status = library.search(self._handle, floats, how.k, how.options, results._begin(self._memory), results._why)
        return results._end(status, how, dimensions, self._form)

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
        max_distance: float = math.inf,
        after: Optional[After] = None,
        filter: Optional[Filter] = None,
        into: Optional[Results] = None,
    ) -> Results:
        """The `k` nearest to the vector of a key, which is itself left out: more like this one."""
        dimensions = self._dimensions
        how = asked(
            dimensions, k, ef, exact, deadline, deadline_us, max_visits, filter, self._form,
            max_distance=max_distance, after=after
        )
        name = key_bytes(key)
        results = Results() if into is None else into
        status = library.search_key(self._handle, name, len(name), how.k, how.options, results._begin(self._memory), results._why)
        return results._end(status, how, dimensions, self._form)

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
        after: Optional[After] = None,
        filter: Optional[Filter] = None,
        into: Optional[Results] = None,
    ) -> Results:
        """All within a distance; `approximate` takes what the index finds, which may lack some."""
        dimensions = self._dimensions
        how = asked(
            dimensions, 0, ef, exact, deadline, deadline_us, max_visits, filter, self._form, approximate, after=after
        )
        floats = floats_of(query, dimensions)
        results = Results() if into is None else into
        status = library.search_range(self._handle, floats, max_distance, how.options, results._begin(self._memory), results._why)
        return results._end(status, how, dimensions, self._form)

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
        max_distance: float = math.inf,
        after: Optional[After] = None,
        filter: Optional[Filter] = None,
        into: Optional[Results] = None,
    ) -> Results:
        """The `k` nearest of each of the `queries`, (count, dimensions); the store's `threads` share them.

        `results.query(i)` has those of query `i`; one that could not be searched for has a status of its own there.
        """
        dimensions = self._dimensions
        how = asked(
            dimensions, k, ef, exact, deadline, deadline_us, max_visits, filter, self._form,
            max_distance=max_distance, after=after
        )
        rows = rows_of(queries)
        if dimensions and (rows.ndim != 2 or rows.shape[1] != dimensions):
            raise DimensionMismatchError(
                Status.DIMENSION_MISMATCH,
                f"queries of shape {rows.shape} were given; pass (count, {dimensions})",
            )
        statuses = np.zeros(len(rows), np.int32)
        results = Results() if into is None else into
        answers = (results._begin(self._memory), statuses.ctypes.data, results._why)
        status = library.search_batch(self._handle, rows.ctypes.data, len(rows), how.k, how.options, *answers)
        results._end(status, how, dimensions, self._form)
        results._statuses = statuses.tolist()
        return results

    def rows(self, first_row: int = 0) -> Iterator[Row]:
        """All rows from that number on, in the order of insertion, as they are now; vectors are views."""
        return Cursor(self._handle, first_row, self._memory).rows(self._dimensions, self._form)

    def __iter__(self) -> Iterator[Union[str, Any]]:
        """The keys, in the order of insertion."""
        return (row.key for row in self.rows())
