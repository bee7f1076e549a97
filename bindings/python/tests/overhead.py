"""Prints how many ns one search call takes, in a store of one row, with results that are used again.

    overhead.py STORE
"""

from __future__ import annotations

import sys
import time

import numpy as np
from syna_mmap import Results, Store

CALLS, ROUNDS = 20000, 7

with Store(sys.argv[1], 64, "euclidean") as store:
    query = np.ones(64, np.float32)
    store.insert("key", query)
    results = Results()
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.perf_counter_ns()
        for _ in range(CALLS):
            store.search(query, 1, into=results)
        best = min(best, (time.perf_counter_ns() - began) / CALLS)
print(f"ns_per_search: {best:.0f}")
