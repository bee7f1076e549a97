"""Recall on data that graph indexes fail on, compared with hnswlib: `python benches/hard_data --lib target/release/libsyna_mmap.so`.

Each case is built by one insert_batch and one build_index, or row by row, or by replacing every row, and is searched with
two numbers of candidates. A hit counts if its true distance is at most that of the exact 10th row. hnswlib (M 16,
ef_construction 200) gets the same rows and queries; its results are stored in a file, because they do not change. Needs
numpy and, for the comparison, hnswlib.
"""
import argparse
import json
import os
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(Path(__file__).resolve().parent))
import kinds  # noqa: E402

K = 10
EFS = (100, 400)
TURNOVER_ROWS = 100


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lib", required=True, help="the shared library of syna-mmap; several, separated by commas, are measured side by side")
    parser.add_argument("--grid", action="store_true", help="all kinds x dimensions x metrics x profiles, instead of the short table")
    parser.add_argument("--only", default="", help="only cases whose name contains this")
    parser.add_argument("--dim", type=int, help="only cases with this number of dimensions")
    parser.add_argument("--metric", help="only cases of this metric")
    parser.add_argument("--profile", help="only cases of this profile")
    parser.add_argument("--singly", action="store_true", help="insert rows one by one, with an index from 1,000 rows on")
    parser.add_argument("--turnover", action="store_true", help="index other rows of the kind first, then replace each of them, in batches of 100; in hnswlib too")
    parser.add_argument("--no-hnswlib", action="store_true")
    parser.add_argument("--keep", default=str(Path(__file__).parent / "hnswlib.json"), help="file of hnswlib's results")
    parser.add_argument("--out", help="append the rows as JSON lines")
    parser.add_argument("--efs", default="100,400")
    parser.add_argument("--queries", type=int, default=kinds.QUERIES, help="number of queries; with 200, the random error is 0.01 at recall 0.7")
    return parser.parse_args()


def distances(metric, base, query):
    base, query = base.astype(np.float64), query.astype(np.float64)
    if metric == "euclidean":
        return np.sqrt(((base - query) ** 2).sum(1))
    dots = base @ query
    if metric == "dot_product":
        return -dots
    norms = np.linalg.norm(base, axis=1) * np.linalg.norm(query)
    return 1 - np.divide(dots, norms, out=np.zeros_like(dots), where=norms > 0)


def truth(metric, base, queries):
    """The distance of each query's 10th row, plus a tolerance for rounding."""
    bounds = []
    for query in queries:
        near = np.partition(distances(metric, base, query), K - 1)[K - 1]
        bounds.append(near + 2e-6 * (1 if metric == "cosine" else abs(near)))
    return bounds


def recall(metric, base, queries, bounds, answers):
    hits = 0
    for query, bound, rows in zip(queries, bounds, answers):
        hits += min(K, int((distances(metric, base[rows], query) <= bound).sum()))
    return hits / (K * len(queries))


def ours(lib, metric, profile, base, queries, bounds, way, efs):
    """Recall and microseconds a search for each number of candidates, and seconds to build; runs in a separate process.
    `way`: "at once", "singly", or the rows that are replaced."""
    os.environ["SYNA_MMAP_LIBRARY"] = lib
    sys.path.insert(0, str(ROOT / "bindings/python"))
    import syna_mmap

    options = {"index_threshold": 0 if isinstance(way, str) and way == "at once" else 1000, "index_profile": ("fast", "compact").index(profile)}
    store = syna_mmap.Store.in_memory(base.shape[1], metric, threads=2, checkpoint_interval_secs=0, **options)
    keys = [b"%d" % i for i in range(len(base))]
    if isinstance(way, np.ndarray):
        store.insert_batch(keys, way)
        store.build_index()
    begin = time.perf_counter()
    if isinstance(way, np.ndarray):
        for first in range(0, len(base), TURNOVER_ROWS):
            store.upsert_batch(keys[first : first + TURNOVER_ROWS], base[first : first + TURNOVER_ROWS])
        # Only automatic indexing: no build_index.
    elif way == "singly":
        for key, vector in zip(keys, base):
            store.insert(key, vector)
        store.build_index()
    else:
        store.insert_batch(keys, base)
        store.build_index()
    build = time.perf_counter() - begin
    results, found = syna_mmap.Results(), {}
    for ef in efs:
        times, answers = [], []
        for query in queries:
            begin = time.perf_counter()
            store.search(query, K, ef=ef, into=results)
            times.append(time.perf_counter() - begin)
            # Keys are row numbers of the data set; replaced rows have other row numbers in the store.
            answers.append(np.array([int(key) for key in results.keys], dtype=np.int64))
        found[ef] = (recall(metric, base, queries, bounds, answers), float(np.median(times)) * 1e6)
    store.close()
    return found, build


def in_child(call):
    """Runs `call` in a forked process, because a library can be loaded only once a process."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        with os.fdopen(write, "w") as out:
            json.dump(call(), out)
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return json.loads(text)


def hnswlib_of(metric, base, queries, bounds, efs, replaced=None):
    """As ours. `replaced`: the rows that are in the index first; adding a label again updates its row."""
    import hnswlib

    space = {"euclidean": "l2", "cosine": "cosine", "dot_product": "ip"}[metric]
    index = hnswlib.Index(space, base.shape[1])
    index.init_index(len(base), M=16, ef_construction=200)
    if replaced is not None:
        index.add_items(replaced, num_threads=2)
    begin = time.perf_counter()
    if replaced is None:
        index.add_items(base, num_threads=2)
    else:
        for first in range(0, len(base), TURNOVER_ROWS):
            some = np.arange(first, min(first + TURNOVER_ROWS, len(base)))
            index.add_items(base[some], some, num_threads=2)
    build = time.perf_counter() - begin
    found = {}
    for ef in efs:
        index.set_ef(ef)
        times, answers = [], []
        for query in queries:
            begin = time.perf_counter()
            labels, _ = index.knn_query(query, k=K, num_threads=1)
            times.append(time.perf_counter() - begin)
            answers.append(labels[0].astype(np.int64))
        found[ef] = (recall(metric, base, queries, bounds, answers), float(np.median(times)) * 1e6)
    return found, build


def main():
    arguments = parse()
    kinds.QUERIES = arguments.queries
    efs = tuple(int(ef) for ef in arguments.efs.split(","))
    kept = json.load(open(arguments.keep)) if os.path.exists(arguments.keep) else {}
    libs = arguments.lib.split(",")
    header = [f"ef {ef}" for ef in efs] + [f"us {ef}" for ef in efs] + ["build s"]
    heads = [f"{Path(lib).stem} {head}" for lib in libs for head in header] + [f"hnswlib {head}" for head in header]
    print("| data | metric, profile | " + " | ".join(heads) + " |")
    print("| --- | --- |" + " --- |" * len(heads), flush=True)
    behind = 0
    for name, make, rows, dim, metric, profile in kinds.GRID if arguments.grid else kinds.ISSUE:
        wanted = (arguments.dim in (None, dim), arguments.metric in (None, metric), arguments.profile in (None, profile))
        if arguments.only not in name or not all(wanted):
            continue
        base, queries = make(np.random.default_rng(7), rows, dim)
        bounds = truth(metric, base, queries)
        cells, last = [], {}
        replaced = make(np.random.default_rng(8), rows, dim)[0] if arguments.turnover else None
        for lib in libs:
            way = replaced if arguments.turnover else "singly" if arguments.singly else "at once"
            last, build = in_child(lambda: ours(lib, metric, profile, base, queries, bounds, way, efs))
            cells += [f"{last[str(ef)][0]:.3f}" for ef in efs] + [f"{last[str(ef)][1]:.0f}" for ef in efs] + [f"{build:.1f}"]
        place = f"{name}/{rows}/{dim}/{metric}/{efs}" + (f"/{arguments.queries}" if arguments.queries != 200 else "")
        place += "/turnover" if arguments.turnover else ""
        if place not in kept and not arguments.no_hnswlib:
            kept[place] = in_child(lambda: hnswlib_of(metric, base, queries, bounds, efs, replaced))
            json.dump(kept, open(arguments.keep, "w"))
        if place in kept:
            theirs, build = kept[place]
            cells += [f"{theirs[str(ef)][0]:.3f}" for ef in efs] + [f"{theirs[str(ef)][1]:.0f}" for ef in efs] + [f"{build:.1f}"]
            if any(last[str(ef)][0] < theirs[str(ef)][0] - 0.01 for ef in efs):
                behind += 1
                cells[-1] += " (behind)"
        print(f"| {rows:,} x {dim} {name} | {metric}, {profile} | " + " | ".join(cells) + " |", flush=True)
    print(f"\n{behind} cases behind hnswlib by more than 0.01")


if __name__ == "__main__":
    main()
