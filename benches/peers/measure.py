"""One library on one data set, in its own process: `python measure.py HARNESS DATA PEER LIB native|python`.

HARNESS: the folder of peers_search.py, whose classes build and search. The program builds, then writes one JSON object a
line to standard output: first a description of the index, then a round for each line that it reads. A round is the whole
sweep; each point of it runs all queries, one at a time, on one thread. Rounds are requested one by one, so that the
libraries can alternate: the speed of a machine changes from minute to minute.
"""
import gc
import json
import os
import pickle
import sys
import time

import numpy as np

HARNESS, DATA, PEER, LIB, LOOP = sys.argv[1:6]
sys.path.insert(0, HARNESS)
import peers_search as peers  # noqa: E402  (found through the argument)
import kd_tree  # noqa: E402,F401  (adds itself)
import native  # noqa: E402
import ours  # noqa: E402  (after the harness)

K = 10
THREADS = 2
# A point that takes longer than SLOWEST_SECS for all queries ends the sweep, and so does a recall of ENOUGH.
SLOWEST_SECS = 4.0
ENOUGH = 0.9995
# Output of the libraries goes to standard error, not into the answers.
ANSWERS = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


def point(peer, queries, setting, data):
    """One setting: its recall, and the time of all queries and of each."""
    peer.set(setting)
    for query in queries[:50]:
        peer.search(query, K)
    if LOOP == "native":
        return native_point(peer, queries, setting, data)
    latency = np.empty(len(queries))
    found = []
    begin = time.perf_counter()
    for i, query in enumerate(queries):
        t = time.perf_counter()
        found.append(peer.search(query, K))
        latency[i] = time.perf_counter() - t
    wall = time.perf_counter() - begin
    if hasattr(peer, "numbers"):
        found = [peer.numbers(rows) for rows in found]
    return {
        "setting": setting,
        "recall": round(peers.recall(data, found, K), 5),
        "qps": len(queries) / wall,
        "p50_us": float(np.percentile(latency, 50)) * 1e6,
        "p99_us": float(np.percentile(latency, 99)) * 1e6,
    }


def native_point(peer, queries, setting, data):
    """As `point`, with all queries in one call, which reports no latencies."""
    begin = time.perf_counter()
    found = peer.search_all(queries, K)
    wall = time.perf_counter() - begin
    if hasattr(peer, "numbers"):
        found = [peer.numbers(rows) for rows in found]
    return {
        "setting": setting,
        "recall": round(peers.recall(data, found, K), 5),
        "qps": len(queries) / wall,
        "p50_us": wall / len(queries) * 1e6,
        "p99_us": 0.0,
    }


def sweep(peer, data):
    points = []
    for setting in peer.params:
        points.append(point(peer, data.query, setting, data))
        if points[-1]["recall"] >= ENOUGH or points[-1]["qps"] * SLOWEST_SECS < len(data.query):
            break
    return points


def size_of(peer):
    """Bytes of the vectors and the index as the library writes them to files; None if that is not known."""
    if peer.name.startswith("ours"):
        return sum(os.path.getsize(peer.path + end) for end in ("", ".hnsw"))
    if peer.name == "hnswlib":
        return peer.ix.index_file_size()
    if peer.name == "kd-tree":
        return len(pickle.dumps(peer.tree, protocol=5))
    return None


def build(answer):
    """The peer, ready to search, and its data; nothing if it does not support the metric."""
    data = peers.load_data(DATA, K, 1000, 0)
    ours.Ours.library = LIB
    of_class = peers.PEERS[PEER]
    answer |= {"data": data.name, "rows": len(data.base), "dimensions": data.dim}
    if data.metric not in of_class.metrics:
        answer["error"] = f"it has no {data.metric} distance"
        return None, data, 0
    peer = of_class()
    answer["version"] = peer.version()
    before, begin = peers.rss_mib(), time.perf_counter()
    peer.build(data, THREADS)
    answer["build_secs"] = round(time.perf_counter() - begin, 2)
    size = size_of(peer)
    if size:
        answer["bytes_a_row"] = round(size / len(data.base), 1)
    gc.collect()
    if LOOP == "native":
        peer.search_all = native.search_of(peer)
        if peer.search_all is None:
            answer["error"] = "it has no call for many queries with one thread"
            return None, data, 0
    return peer, data, before


def say(what):
    ANSWERS.write(json.dumps(what) + "\n")
    ANSWERS.flush()


def run():
    answer = {"peer": PEER, "data": os.path.basename(DATA)}
    try:
        peer, data, before = build(answer)
    except Exception as error:  # a library that fails is a line of the table
        import traceback

        traceback.print_exc()
        peer = None
        answer["error"] = repr(error)[:200]
    say(answer)
    if peer is None:
        return
    for _ in sys.stdin:
        points = sweep(peer, data)
        say({"points": points, "rss_mib": round(peers.rss_mib() - before, 1)})
    peer.close() if hasattr(peer, "close") else None


run()
# Some libraries crash at exit.
os._exit(0)
