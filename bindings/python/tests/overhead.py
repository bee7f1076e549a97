"""Prints how many ns one search call takes, in a store of one row, with results that are used again.

    overhead.py STORE
"""

from __future__ import annotations

import sys
import time
from typing import Callable

import numpy as np
from syna_mmap import Results, Store

CALLS, ROUNDS = 1000, 200


def best_ns(search: Callable[[], object]) -> float:
    """What a call takes in the round that was disturbed least."""
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.perf_counter_ns()
        for _ in range(CALLS):
            search()
        best = min(best, (time.perf_counter_ns() - began) / CALLS)
    return best


with Store(sys.argv[1], 64, "euclidean") as store:
    query = np.ones(64, np.float32)
    store.insert("key", query)
    results = Results()
    nothing = best_ns(lambda: None)
    for what, search in {
        "ns_per_search": lambda: store.search(query, 1, into=results),
        "with ef": lambda: store.search(query, 1, ef=64, into=results),
        "with ef, rows read": lambda: store.search(query, 1, ef=64, into=results).rows,
        "with ef, distances read": lambda: store.search(query, 1, ef=64, into=results).distances,
        "with ef, first hit read": lambda: store.search(query, 1, ef=64, into=results)[0],
    }.items():
        print(f"{what}: {best_ns(search) - nothing:.0f}")
