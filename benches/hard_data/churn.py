"""The cost of deleted rows: `python benches/hard_data/churn.py --lib target/release/libsyna_mmap.so`.

1,000 rows of 128 dimensions are replaced 300 times by upserts of random keys. Searches are timed before and after, with
and without an index. Needs numpy.
"""
import argparse
import os
import sys
import time
from pathlib import Path

import numpy as np

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--lib", required=True)
arguments = parser.parse_args()
os.environ["SYNA_MMAP_LIBRARY"] = arguments.lib
sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "bindings/python"))
import syna_mmap  # noqa: E402

ROWS, TIMES, DIMENSIONS = 1000, 300, 128
print("| index | us a search before | after | rows | deleted |\n| --- | ---: | ---: | ---: | ---: |")
for threshold in (0, 500):
    rng = np.random.default_rng(1)
    store = syna_mmap.Store.in_memory(DIMENSIONS, "cosine", index_threshold=threshold, checkpoint_interval_secs=0)
    keys = [b"%d" % i for i in range(ROWS)]
    store.insert_batch(keys, rng.standard_normal((ROWS, DIMENSIONS), dtype=np.float32))
    results = syna_mmap.Results()

    def search_us():
        times = []
        for query in rng.standard_normal((300, DIMENSIONS), dtype=np.float32):
            begin = time.perf_counter()
            store.search(query, 10, into=results)
            times.append(time.perf_counter() - begin)
        return np.median(times) * 1e6

    before = search_us()
    for _ in range(TIMES):
        chosen = rng.permutation(ROWS)
        store.upsert_batch([keys[i] for i in chosen], rng.standard_normal((ROWS, DIMENSIONS), dtype=np.float32))
    after = search_us()
    print(f"| {'none' if threshold == 0 else 'automatic'} | {before:.0f} | {after:.0f} | {ROWS * (TIMES + 1):,} | {ROWS * TIMES:,} |")
    store.close()
