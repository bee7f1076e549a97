"""Graph searches of several builds of this library, in turns: `python benches/peers/paired.py DATA LIB LIB.. [--rounds 7]`.

LIB: libsyna_mmap.so of each build; the first is the one that the others are compared with. Each builds its own store with two threads,
closes it and opens it again; then the builds take turns at every number of candidates. All queries are one native call, timed by the
processor time of the thread, so that other load disturbs little. Recall is interpolated in log(queries/s). Needs numpy, a C compiler, and
the harness (`--harness`).
"""
import argparse
import ctypes as C
import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CANDIDATES = (10, 14, 20, 28, 40, 56, 80, 112, 160, 240, 360)
RECALLS = (0.9, 0.95, 0.99, 0.995)
K = 10


class Build:
    """A store made by one build of the library."""

    def __init__(self, syna, lib, path, data, loop):
        self.data, self.loop = data, loop
        self.library = syna.Lib(str(lib.resolve()))
        facts = {"dimensions": data.base.shape[1], "metric": data.metric, "index_threshold": 0}
        store = self.library.open(str(path), threads=2, **facts)
        store.insert_batch([b"%d" % row for row in range(len(data.base))], data.base)
        began, began_wall = time.process_time(), time.monotonic()
        store.build_index()
        self.build = (time.process_time() - began, time.monotonic() - began_wall)
        store.close()
        self.bytes_a_row = (path.with_name(path.name + ".hnsw").stat().st_size) / len(data.base)
        self.store = self.library.open(str(path), **facts)
        self.results = C.c_void_p()
        self.library.c.syna_mmap_results_new(C.byref(self.results), None)
        self.seconds = {count: [] for count in CANDIDATES}
        self.recall = {}

    def search(self, count):
        c, queries = self.library.c, self.data.queries
        rows = np.empty((len(queries), K), np.uint64)
        address = [C.cast(function, C.c_void_p) for function in (c.syna_mmap_search, c.syna_mmap_results_hits)]
        began = time.thread_time()
        failed = self.loop(*address, self.store.h, self.results, C.c_uint32(count), queries.ctypes.data_as(C.c_void_p),
                           *map(C.c_size_t, (*queries.shape, K)), rows.ctypes.data_as(C.c_void_p))
        self.seconds[count].append(time.thread_time() - began)
        assert not failed, "a search failed"
        if count not in self.recall:
            self.recall[count] = self.data.recall(rows.astype(np.int64))

    def queries_per_second(self, recall, of_rounds):
        points = sorted((self.recall[count], len(self.data.queries) / of_rounds(self.seconds[count])) for count in CANDIDATES)
        if points[0][0] >= recall:
            return points[0][1]
        for (low, slow), (high, fast) in zip(points, points[1:]):
            if low < recall <= high:
                share = (recall - low) / (high - low)
                return math.exp(math.log(slow) * (1 - share) + math.log(fast) * share)
        return None


class Data:
    def __init__(self, peers_data):
        self.base, self.queries, self.metric, self.nearest = peers_data
        base, queries = self.base, self.queries
        if self.metric == "cosine":
            base, queries = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (base, queries))
        self.measured = base, queries
        farthest = [((base[rows[:K]] - query) ** 2).sum(1).max() for rows, query in zip(self.nearest, queries)]
        self.limit = np.array(farthest) * (1 + 1e-5) + 1e-9

    def recall(self, found):
        base, queries = self.measured
        count = 0
        for rows, query, limit in zip(found, queries, self.limit):
            rows = rows[(rows >= 0) & (rows < len(base))]
            count += min(K, int((((base[rows] - query) ** 2).sum(1) <= limit).sum()))
        return count / (len(queries) * K)


def read(folder):
    meta = json.loads((folder / "meta.json").read_text())
    dimensions = meta["dim"]
    bytes_file = folder / "base.u8"
    base = np.fromfile(bytes_file, np.uint8).astype(np.float32) if bytes_file.exists() else np.fromfile(folder / "base.f32", np.float32)
    queries = np.fromfile(folder / "query.f32", np.float32).reshape(-1, dimensions)
    nearest = np.fromfile(folder / "gt.i32", np.int32).reshape(len(queries), -1)
    return base.reshape(-1, dimensions), queries, meta["metric"], nearest


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("lib", nargs="+", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--harness", type=Path, default=ROOT.parent / "shared/bench")
    options = parser.parse_args()
    sys.path.insert(0, str(options.harness.resolve()))
    import syna

    data = Data(read(options.data))
    with tempfile.TemporaryDirectory() as folder:
        loop = Path(folder) / "loop.so"
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-I", ROOT / "include", "-o", loop, HERE / "search_loop.c"], check=True)
        loop = C.CDLL(str(loop)).search_loop
        builds = [Build(syna, lib, Path(folder) / f"{number}.syna", data, loop) for number, lib in enumerate(options.lib)]
        for number in range(options.rounds):
            print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
            for count in CANDIDATES:
                for build in builds:
                    build.search(count)
        for build, lib in zip(builds, options.lib):
            print(f"{lib}: build {build.build[0]:.1f} s of processor time, {build.build[1]:.1f} s; index {build.bytes_a_row:,.0f} bytes/row")
            print("  recall:", ", ".join(f"{count}: {build.recall[count]:.4f}" for count in CANDIDATES))
            for recall in RECALLS:
                own, first = ([of.queries_per_second(recall, pick) for pick in (statistics.median, min)] for of in (build, builds[0]))
                if None in own or None in first:
                    print(f"  at {recall}: not reached")
                    continue
                ratios = [mine / theirs for mine, theirs in zip(own, first)]
                print(f"  at {recall}: {own[0]:,.0f} queries/s ({ratios[0]:.3f}; best rounds {ratios[1]:.3f})")


if __name__ == "__main__":
    main()
