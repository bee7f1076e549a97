"""SciPy's k-d tree as one of the peers, for data of few dimensions. A search that may miss rows ends earlier: with `eps`, the k-th row
found is at most 1 + eps times as far as the true one."""
import numpy as np
import peers_search as peers


class KdTree(peers.Peer):
    name = "kd-tree"
    metrics = ("euclidean",)
    # In place of the numbers of candidates, from fast to exact.
    params = [6.0, 4.0, 3.0, 2.4, 1.9, 1.5, 1.2, 0.9, 0.7, 0.5, 0.35, 0.2, 0.1, 0.0]

    def version(self):
        return peers.pkgver("scipy")

    def build(self, d, threads):
        from scipy.spatial import cKDTree

        self.tree = cKDTree(d.base)

    def set(self, eps):
        self.eps = eps

    def search(self, query, k):
        return self.search_many(query[None, :], k)[0]

    def search_many(self, queries, k):
        return self.tree.query(np.asarray(queries, np.float64), k, eps=self.eps, workers=1)[1]


peers.peer(KdTree)
