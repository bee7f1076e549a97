"""One library on one data set, in a process of its own: `python measure.py HARNESS DATA PEER LIB REPS OUT`.

HARNESS: the folder of peers_search.py, whose classes build and search. Writes one JSON object to OUT.
Each point of the sweep is all queries, one at a time, by one thread; its figures are the medians of REPS rounds.
"""
import gc
import json
import os
import sys
import time

import numpy as np

HARNESS, DATA, PEER, LIB, REPS, OUT = sys.argv[1:7]
sys.path.insert(0, HARNESS)
import peers_search as peers  # noqa: E402  (found through the argument)

K = 10
THREADS = 2
# A point that takes longer than this for all its queries ends the sweep.
SLOWEST_SECS = 4.0


@peers.peer
class Reopened(peers.Ours):
    """A store that is closed and opened again before it is searched, as most are."""

    name = "ours-reopened"

    def build(self, d, threads):
        super().build(d, threads)
        self.s.close()
        self._open(self.path, 0, 0xFFFFFFFF)


@peers.peer
class Singles(peers.Ours):
    """A store that was filled row by row."""

    name = "ours-single-inserts"

    def build(self, d, threads):
        self.make(d, threads)
        for i, vector in enumerate(d.base):
            self.s.insert(b"doc%d" % i, vector)
        self.s.build_index()

    def make(self, d, threads):
        import tempfile

        self.dir = tempfile.mkdtemp(dir=os.environ.get("OURS_DIR"))
        self.path = os.path.join(self.dir, "store.mmap")
        # The index is there from the first thousand on, so that rows enter it as they come.
        self._open(self.path, d.dim, d.metric, threads=threads, index_threshold=1000,
                   hnsw_m=self.M, hnsw_ef_construction=self.efc)


@peers.peer
class Replaced(Singles):
    """A store whose rows were all replaced once, in an order of chance: every old row is deleted."""

    name = "ours-all-replaced"

    def build(self, d, threads):
        self.make(d, threads)
        n = len(d.base)
        rng = np.random.default_rng(1)
        first = d.base[rng.permutation(n)]
        order = rng.permutation(n)
        keys = [b"doc%d" % i for i in range(n)]
        self.s.insert_batch(None, first, packed=self.s.pack(keys))
        self.s.build_index()
        for part in np.array_split(order, 60):
            self.s.insert_batch(None, d.base[part], packed=self.s.pack([keys[i] for i in part]), upsert=True)
        self.s.build_index()
        # Row n + j holds doc order[j].
        self.number_of = np.concatenate([np.full(n, -1), order])

    def search(self, q, k):
        return self.number_of[super().search(q, k).astype(np.int64)]

    def save(self, p):
        pass


def point(peer, queries, setting, data):
    peer.set(setting)
    for query in queries[:50]:
        peer.search(query, K)
    walls, latencies = [], []
    for _ in range(int(REPS)):
        latency = np.empty(len(queries))
        found = []
        begin = time.perf_counter()
        for i, query in enumerate(queries):
            t = time.perf_counter()
            found.append(peer.search(query, K))
            latency[i] = time.perf_counter() - t
        walls.append(time.perf_counter() - begin)
        latencies.append(latency)
    micros = np.median([np.percentile(latency, (50, 99)) for latency in latencies], axis=0) * 1e6
    return {
        "setting": setting,
        "recall": round(peers.recall(data, found, K), 5),
        "qps": round(len(queries) / float(np.median(walls)), 1),
        "p50_us": round(float(micros[0]), 1),
        "p99_us": round(float(micros[1]), 1),
        "spread": round(max(walls) / min(walls), 3),
    }, float(np.median(walls))


def run():
    data = peers.load_data(DATA, K, 1000, 0)
    peers.Ours.lib_path = LIB
    of_class = peers.PEERS[PEER]
    out = {"peer": PEER, "data": data.name, "rows": len(data.base), "dimensions": data.dim}
    if data.metric not in of_class.metrics:
        return out | {"error": f"it has no {data.metric} distance"}
    peer = of_class()
    out["version"] = peer.version()
    before, begin = peers.rss_mib(), time.perf_counter()
    peer.build(data, THREADS)
    out["build_secs"] = round(time.perf_counter() - begin, 2)
    gc.collect()
    out["rss_mib"] = round(peers.rss_mib() - before, 1)
    out["curve"] = []
    for setting in of_class.params:
        at, secs = point(peer, data.query, setting, data)
        out["curve"].append(at)
        if at["recall"] >= 0.9995 or secs > SLOWEST_SECS:
            break
    peer.close() if hasattr(peer, "close") else None
    return out


try:
    outcome = run()
except Exception as error:  # a library that fails is a line of the table
    import traceback

    traceback.print_exc()
    outcome = {"peer": PEER, "data": os.path.basename(DATA), "error": repr(error)[:200]}
with open(OUT, "w") as file:
    json.dump(outcome, file)
# Some libraries crash when they are torn down.
os._exit(0)
