"""How to search, and for which rows."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any, Callable, List, Optional, Union

import numpy as np
import numpy.typing as npt

from ._batch import Key, key_bytes
from ._native import CSearchOptions, FilterCallback, library
from ._rows import Row, row_of


@dataclass
class Filter:
    """Which rows a search may find: those that meet every condition that is given.

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
        numbers = wanted.astype(np.int64)
        wanted = np.zeros(int(numbers.max(initial=-1)) + 1, np.bool_)
        wanted[numbers] = True
    bits = np.packbits(wanted, bitorder="little")
    words = np.zeros((len(wanted) + 63) // 64, np.dtype("<u8"))
    words.view(np.uint8)[: len(bits)] = bits
    return words.astype(np.uint64, copy=False)


class Asked:
    """A syna_mmap_search_options, and what it points to."""

    def __init__(
        self,
        dimensions: int,
        ef: int,
        exact: bool,
        deadline_us: Optional[int],
        max_visits: int,
        condition: Optional[Filter],
        approximate: bool,
    ) -> None:
        self._raised: List[BaseException] = []
        raw = self.raw = CSearchOptions()
        library.search_options_init(raw, ctypes.sizeof(CSearchOptions))
        raw.ef, raw.exact, raw.approximate = ef, exact, approximate
        raw.deadline_us, raw.max_visits = deadline_us or 0, max_visits
        if condition:
            self._take(raw, condition, dimensions)

    def _take(self, raw: CSearchOptions, condition: Filter, dimensions: int) -> None:
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
                    return not self._raised and bool(test(row_of(row.contents, None, dimensions)))
                except BaseException as error:  # It must not get into C; `finish` raises it.
                    self._raised.append(error)
                    return False

            self._callback = FilterCallback(relay)
            raw.filter = self._callback

    def finish(self) -> None:
        """Raises what the callback has raised."""
        if self._raised:
            raise self._raised[0]


def asked(
    dimensions: int,
    ef: int,
    exact: bool,
    deadline: Optional[float],
    deadline_us: Optional[int],
    max_visits: int,
    condition: Optional[Filter],
    approximate: bool = False,
) -> Optional[Asked]:
    """The options of a search; None where nothing differs from the defaults."""
    if deadline is not None:
        # 0 would mean none: a deadline that is over already counts as a microsecond.
        deadline_us = max(1, int(deadline * 1e6))
    if not (ef or exact or deadline_us or max_visits or condition or approximate):
        return None
    return Asked(dimensions, ef, exact, deadline_us, max_visits, condition, approximate)
