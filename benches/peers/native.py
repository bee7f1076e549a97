"""All queries in one native call with one thread, as in a C or C++ program, for each library that has such a call.

Peers have batch searches; for this library it is a C loop over syna_mmap_search (search_loop.c), compiled against include/.
"""
import ctypes
import subprocess
import tempfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
INCLUDE = HERE.parent.parent / "include"


def search_of(peer):
    """A function (queries, k) -> row numbers, shape (queries, k); None if the library has no such call."""
    name = peer.name
    if name.startswith("ours"):
        return loop_of(peer)
    if name == "hnswlib":
        return lambda queries, k: peer.ix.knn_query(queries, k, num_threads=1)[0]
    if name.startswith("usearch"):
        return lambda queries, k: np.asarray(peer.ix.search(queries, k, threads=1).keys)
    if name.startswith("faiss"):
        return lambda queries, k: peer.ix.search(queries, k, params=peer.p)[1]
    if name.startswith("symqg"):
        return lambda queries, k: np.asarray(peer.ix.search(queries, k, peer.p, 1)[0])
    if name == "kd-tree":
        return peer.search_many
    if name.startswith("svs"):
        return lambda queries, k: np.asarray(peer.ix.search(queries, k)[0])
    return None


def loop_of(peer):
    package = peer.package()
    import syna_mmap._native as native

    with tempfile.TemporaryDirectory() as folder:
        built = Path(folder) / "search_loop.so"
        command = ["cc", "-O2", "-std=c99", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-I", INCLUDE, "-o", built, HERE / "search_loop.c"]
        subprocess.run(command, check=True)
        loop = ctypes.CDLL(str(built)).search_loop
    functions = ctypes.CDLL(str(peer.library))
    search = ctypes.cast(functions.syna_mmap_search, ctypes.c_void_p)
    hits = ctypes.cast(functions.syna_mmap_results_hits, ctypes.c_void_p)
    results = package.Results()
    assert native.version() == package.version()

    def run(queries, k):
        queries = np.ascontiguousarray(queries, np.float32)
        rows = np.empty((len(queries), k), np.uint64)
        status = loop(
            search, hits, peer.store._handle, results._begin(peer.store._memory), ctypes.c_uint32(peer.ef),
            ctypes.c_void_p(queries.ctypes.data), ctypes.c_size_t(len(queries)), ctypes.c_size_t(queries.shape[1]),
            ctypes.c_size_t(k), ctypes.c_void_p(rows.ctypes.data),
        )
        assert status == 0, f"syna_mmap_search returns {status}"
        return rows

    return run
