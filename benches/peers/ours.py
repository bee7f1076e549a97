"""This library as one of the peers, through its Python package (bindings/python), for stores with different histories."""
import os
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import peers_search as peers

ROOT = Path(__file__).resolve().parent.parent.parent


class Ours(peers.Peer):
    """Filled in one batch, and searched without reopening."""

    name = "ours"
    library = ""

    def version(self):
        return self.package().version()

    def package(self):
        os.environ["SYNA_MMAP_LIBRARY"] = self.library
        sys.path.insert(0, str(ROOT / "bindings/python"))
        import syna_mmap

        return syna_mmap

    def build(self, d, threads):
        self.make(d, threads, index_threshold=0, initial_capacity=len(d.base))
        self.fill(d)
        self.results = self.package().Results()

    def make(self, d, threads, **options):
        self.folder = tempfile.mkdtemp(dir=os.environ.get("OURS_DIR"))
        self.path = os.path.join(self.folder, "store.syna")
        self.store = self.package().Store(
            self.path, d.dim, d.metric if d.metric != "dot" else "dot_product", threads=threads, hnsw_m=self.M,
            hnsw_ef_construction=self.efc, **self.flags(d), **options
        )

    def flags(self, d):
        return {"flags": self.package().OpenFlags.SMALL_DIMENSIONS} if d.dim < 64 else {}

    def fill(self, d):
        self.store.insert_batch([b"doc%d" % i for i in range(len(d.base))], d.base)
        self.store.build_index()
        self.store.checkpoint()

    def reopen(self):
        """Closes and reopens the store, as most stores are before they are searched."""
        package = self.package()
        self.store.close()
        self.store = package.Store(self.path, 0, package.Metric.FROM_FILE)

    def set(self, ef):
        self.ef = ef

    def search(self, q, k):
        return self.store.search(q, k, ef=self.ef, into=self.results).rows

    def close(self):
        self.store.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Reopened(Ours):
    """Filled in one batch, closed and reopened."""

    name = "ours-reopened"

    def fill(self, d):
        super().fill(d)
        self.reopen()


class Singles(Ours):
    """Filled row by row with automatic indexing; closed and reopened."""

    name = "ours-single-inserts"

    def build(self, d, threads):
        # The index exists from the first thousand rows on, so that rows are indexed as they are inserted.
        self.make(d, threads, index_threshold=1000)
        self.fill(d)
        self.results = self.package().Results()

    def fill(self, d):
        for i, vector in enumerate(d.base):
            self.store.insert(b"doc%d" % i, vector)
        self.store.build_index()
        self.reopen()


class ReplacedSince(Singles):
    """All rows were replaced once, in random order, since `build_index`: half of the indexed rows are deleted."""

    name = "ours-replaced-since"

    def fill(self, d):
        n = len(d.base)
        rng = np.random.default_rng(1)
        first = d.base[rng.permutation(n)]
        order = rng.permutation(n)
        keys = [b"doc%d" % i for i in range(n)]
        self.store.insert_batch(keys, first)
        self.store.build_index()
        for part in np.array_split(order, 60):
            self.store.upsert_batch([keys[i] for i in part], d.base[part])
        self.complete()
        self.reopen()
        # Row n + j holds doc order[j].
        self.number_of = np.concatenate([np.full(n, -1), order])

    def complete(self):
        self.store.checkpoint()

    def numbers(self, rows):
        return self.number_of[rows.astype(np.int64)]


class Replaced(ReplacedSince):
    """The same after another `build_index`, which rebuilds the index."""

    name = "ours-all-replaced"

    def complete(self):
        self.store.build_index()


for of_class in (Ours, Reopened, Singles, ReplacedSince, Replaced):
    peers.peer(of_class)
