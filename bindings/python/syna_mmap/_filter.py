"""How to search, and for which rows."""

from __future__ import annotations

import ctypes
import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Callable, List, Optional, Tuple, Union

import numpy as np
import numpy.typing as npt

from ._batch import Key, key_bytes
from ._native import library
from ._numbers import count_of, whole_numbers
from ._rows import RowForm, Row, row_of
from ._structs import CSearchOptions, FilterCallback


# Asked for once; nothing changes them.
_DEFAULTS = CSearchOptions()
library.search_options_init(_DEFAULTS, ctypes.sizeof(CSearchOptions))


#: The distance and the row of a hit.
After = Tuple[float, int]


@dataclass
class Filter:
    """Which rows a search may find, or `delete_where` deletes: those that meet every condition that is given.

    A search still finds `k` rows wherever `k` rows meet them.
    """

    #: At least one of these tags.
    tags_any: int = 0
    #: All of these tags.
    tags_all: int = 0
    #: None of these tags.
    tags_none: int = 0
    #: The key begins so.
    key_prefix: Key = ""
    #: For each row number whether it may be found, as an array of bool, or the numbers that may.
    rows: Union[npt.NDArray[Any], List[int], None] = None
    #: Asked last, on the searching thread (threads, in a batch). What it raises comes out of the search.
    callback: Optional[Callable[[Row], bool]] = None


def _bitmap(rows: Union[npt.NDArray[Any], List[int]]) -> npt.NDArray[np.uint64]:
    wanted = np.asarray(rows)
    if wanted.dtype != np.bool_:
        numbers = whole_numbers("row numbers", wanted).astype(np.int64)
        count_of("the least row number", numbers.min(initial=0))
        wanted = np.zeros(int(numbers.max(initial=-1)) + 1, np.bool_)
        wanted[numbers] = True
    bits = np.packbits(wanted, bitorder="little")
    words = np.zeros((len(wanted) + 63) // 64, np.dtype("<u8"))
    words.view(np.uint8)[: len(bits)] = bits
    return words.astype(np.uint64, copy=False)


class Asked:
    """How many to find, a syna_mmap_search_options, and what it points to."""

    def __init__(
        self,
        dimensions: int,
        k: int,
        ef: int,
        exact: bool,
        deadline_us: Optional[int],
        max_visits: int,
        condition: Optional[Filter],
        approximate: bool,
        form: RowForm = RowForm(),
        max_distance: float = math.inf,
        after: Optional[After] = None,
    ) -> None:
        #: What the callback has raised.
        self.raised: List[BaseException] = []
        self.k = ctypes.c_size_t(count_of("k", k))
        raw = CSearchOptions.from_buffer_copy(_DEFAULTS)
        self.options = ctypes.byref(raw)
        raw.ef, raw.exact, raw.approximate = count_of("ef", ef, 32), exact, approximate
        raw.deadline_us = count_of("deadline_us", deadline_us or 0)
        raw.max_visits = count_of("max_visits", max_visits)
        # Infinity is no limit; NaN is refused by the library.
        raw.has_max_distance, raw.max_distance = max_distance != math.inf, max_distance
        if after is not None:
            raw.after_distance, raw.after_row, raw.has_after = after[0], count_of("the row of after", after[1]), True
        if condition:
            self._take(raw, condition, dimensions, form)

    def _take(self, raw: CSearchOptions, condition: Filter, dimensions: int, form: RowForm) -> None:
        raw.tags_any, raw.tags_all, raw.tags_none = condition.tags_any, condition.tags_all, condition.tags_none
        prefix = key_bytes(condition.key_prefix)
        raw.key_prefix, raw.key_prefix_len = prefix, len(prefix)
        if condition.rows is not None:
            self._words = _bitmap(condition.rows)
            # An array without elements has an address all the same: no row passes.
            raw.row_bitmap, raw.row_bitmap_words = self._words.ctypes.data or 8, len(self._words)
        wanted = condition.callback
        if wanted is not None:
            test = wanted

            def relay(_: Any, row: Any) -> bool:
                try:
                    return not self.raised and bool(test(row_of(row.contents, None, dimensions, form)))
                except BaseException as error:  # It must not get into C; the search raises it.
                    self.raised.append(error)
                    return False

            self._callback = FilterCallback(relay)
            raw.filter = self._callback


# Searches differ in their queries more than in how they search. The options are only read, so threads may share them.
# `typed`, or 3.0 would be taken where 3 was asked for before, and refused elsewhere.
@lru_cache(maxsize=64, typed=True)
def _without_filter(
    k: int, ef: int, exact: bool, deadline_us: Optional[int], max_visits: int, approximate: bool, max_distance: float
) -> Asked:
    return Asked(0, k, ef, exact, deadline_us, max_visits, None, approximate, max_distance=max_distance)


def asked(
    dimensions: int,
    k: int,
    ef: int,
    exact: bool,
    deadline: Optional[float],
    deadline_us: Optional[int],
    max_visits: int,
    condition: Optional[Filter],
    form: RowForm,
    approximate: bool = False,
    max_distance: float = math.inf,
    after: Optional[After] = None,
) -> Asked:
    """How to search."""
    if deadline is not None:
        # 0 would mean none: a deadline that is over already counts as a microsecond.
        deadline_us = max(1, int(deadline * 1e6))
    if condition is None and after is None:
        return _without_filter(k, ef, exact, deadline_us, max_visits, approximate, max_distance)
    return Asked(dimensions, k, ef, exact, deadline_us, max_visits, condition, approximate, form, max_distance, after)


def conditions(dimensions: int, condition: Filter, form: RowForm) -> Asked:
    """The conditions alone, for calls that do not search."""
    return Asked(dimensions, 0, 0, False, None, 0, condition, False, form)
