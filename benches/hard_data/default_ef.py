"""Recall and time of searches without ef, with the ef that the index chooses and with a fixed one:
`python benches/hard_data/default_ef.py --lib target/release/libsyna_mmap.so`.

A store with default options, except for dimensions, metric and two threads, gets its rows in batches of 1,000, without
build_index. Queries are 200 vectors of the same kind that are not stored. Needs numpy.
"""
import argparse
import os
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(Path(__file__).resolve().parent))
import kinds  # noqa: E402

K = 10
KINDS = {"normal": kinds.normal, "uniform": kinds.uniform}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lib", required=True)
    parser.add_argument("--rows", default="20000,100000")
    parser.add_argument("--dims", default="128")
    parser.add_argument("--kinds", default="normal,uniform")
    parser.add_argument("--metrics", default="euclidean,cosine,dot_product")
    arguments = parser.parse_args()
    os.environ["SYNA_MMAP_LIBRARY"] = arguments.lib
    sys.path.insert(0, str(ROOT / "bindings/python"))
    import syna_mmap

    print("| data | metric | inserted in s | measured recall | default ef | recall | us | recall at ef 100 | us |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |", flush=True)
    for kind in arguments.kinds.split(","):
        for dim in map(int, arguments.dims.split(",")):
            for rows in map(int, arguments.rows.split(",")):
                base, queries = KINDS[kind](np.random.default_rng(7), rows, dim)
                for metric in arguments.metrics.split(","):
                    store = syna_mmap.Store.in_memory(dim, metric, threads=2)
                    begin = time.perf_counter()
                    for first in range(0, rows, 1000):
                        part = base[first : first + 1000]
                        store.insert_batch([b"%d" % (first + i) for i in range(len(part))], part)
                    build = time.perf_counter() - begin
                    exact = [set(store.search(query, K, exact=True).rows) for query in queries]
                    found = []
                    for ef in (0, 100):
                        hits, begin = 0, time.perf_counter()
                        answers = [store.search(query, K, ef=ef).rows for query in queries]
                        took = (time.perf_counter() - begin) / len(queries) * 1e6
                        hits = sum(len(wanted & set(rows)) for wanted, rows in zip(exact, answers))
                        found.append(f"{hits / K / len(queries):.3f} | {took:.0f}")
                    stats = store.stats
                    print(
                        f"| {rows:,} x {dim} {kind} | {metric} | {build:.1f} | {stats.index_recall:.3f} | "
                        f"{stats.default_ef} | {found[0]} | {found[1]} |",
                        flush=True,
                    )
                    store.close()


if __name__ == "__main__":
    main()
