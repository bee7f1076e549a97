"""Data that graph indexes are known to fail on, generated from a seed: each kind is a function (rng, rows, dimensions) -> (base, queries)."""
import numpy as np

QUERIES = 200


def _split(both, rows):
    return both[:rows], both[rows:]


def normal(rng, rows, dim):
    return _split(rng.standard_normal((rows + QUERIES, dim), dtype=np.float32), rows)


def uniform(rng, rows, dim):
    return _split(rng.random((rows + QUERIES, dim), dtype=np.float32), rows)


def cone(rng, rows, dim):
    return _split(np.abs(rng.standard_normal((rows + QUERIES, dim), dtype=np.float32)) / 5 + 1, rows)


def lengths(sigma):
    """Normal directions, lengths log-normal."""

    def make(rng, rows, dim):
        base, queries = normal(rng, rows, dim)
        factors = np.exp(rng.standard_normal(rows) * sigma).astype(np.float32)
        return base * factors[:, None], queries

    return make


def smooth(rng, rows, dim):
    """Low intrinsic dimension, like real embeddings."""
    latent = rng.standard_normal((rows + QUERIES, 12)).astype(np.float32)
    mixing = rng.standard_normal((12, dim)).astype(np.float32)
    both = np.tanh(latent @ mixing / 4) + 0.05 * rng.standard_normal((rows + QUERIES, dim)).astype(np.float32)
    return _split(both.astype(np.float32), rows)


def poisoned(make, every, length):
    """Every n-th row has a different length: far too short, or far too long."""

    def make_poisoned(rng, rows, dim):
        base, queries = make(rng, rows, dim)
        bad = base[::every].astype(np.float64)
        base[::every] = bad / np.linalg.norm(bad, axis=1, keepdims=True) * length
        return base, queries

    return make_poisoned


def clusters(count, spread, sizes_differ=False):
    def make(rng, rows, dim):
        centres = rng.standard_normal((count, dim)).astype(np.float32)
        weights = rng.pareto(1.0, count) + 0.05 if sizes_differ else np.ones(count)
        of_row = rng.choice(count, rows + QUERIES, p=weights / weights.sum())
        spreads = spread * (10.0 ** rng.uniform(-1, 0.5, count) if sizes_differ else np.ones(count))
        noise = rng.standard_normal((rows + QUERIES, dim)) * spreads[of_row][:, None]
        return _split((centres[of_row] + noise).astype(np.float32), rows)

    return make


def duplicates(share):
    def make(rng, rows, dim):
        base, queries = smooth(rng, rows, dim)
        distinct = max(1, int(rows * (1 - share)))
        return base[rng.integers(0, distinct, rows)], queries

    return make


def one_hot(rng, rows, dim):
    """Two ones among zeros."""
    both = np.zeros((rows + QUERIES, dim), np.float32)
    for _ in range(2):
        both[np.arange(rows + QUERIES), rng.integers(0, dim, rows + QUERIES)] = 1
    return _split(both, rows)


def sparse(rng, rows, dim):
    both = rng.standard_normal((rows + QUERIES, dim)).astype(np.float32)
    return _split(both * (rng.random(both.shape) < 0.05), rows)


def integers(rng, rows, dim):
    return _split(rng.integers(0, 256, (rows + QUERIES, dim)).astype(np.float32), rows)


def binary(rng, rows, dim):
    return _split(rng.integers(0, 2, (rows + QUERIES, dim)).astype(np.float32), rows)


def halves(rng, rows, dim):
    """Half of the rows 1e15 long, half 1e-15."""
    base, queries = normal(rng, rows, dim)
    for some in (base, queries):
        some /= np.linalg.norm(some, axis=1, keepdims=True)
        some[::2] *= 1e15
        some[1::2] *= 1e-15
    return base, queries


# The cases of the short table: name, kind, rows, dimensions, metric, profile.
ISSUE = [
    ("normal", normal, 20_000, 384, "euclidean", "fast"),
    ("normal", normal, 12_000, 768, "euclidean", "fast"),
    ("normal", normal, 10_000, 384, "euclidean", "fast"),
    ("normal", normal, 10_000, 384, "cosine", "fast"),
    ("normal", normal, 10_000, 384, "dot_product", "fast"),
    ("uniform", uniform, 10_000, 384, "euclidean", "fast"),
    ("uniform", uniform, 20_000, 384, "dot_product", "fast"),
    ("cone", cone, 10_000, 128, "dot_product", "fast"),
    ("lengths 0.3", lengths(0.3), 10_000, 128, "dot_product", "fast"),
    ("normal, every 250th 1e-17", poisoned(normal, 250, 1e-17), 10_000, 128, "cosine", "fast"),
    ("lengths 0.5", lengths(0.5), 5_000, 128, "dot_product", "fast"),
    ("30 clusters of near-duplicates", clusters(30, 0.01), 10_000, 128, "euclidean", "compact"),
    ("smooth, 20 rows 1e-17", poisoned(smooth, 250, 1e-17), 5_000, 128, "cosine", "fast"),
    ("smooth, 20 rows 1e18", poisoned(smooth, 250, 1e18), 5_000, 128, "euclidean", "fast"),
    ("normal, every 100th 1e20", poisoned(normal, 100, 1e20), 3_000, 96, "euclidean", "fast"),
    ("half 1e15, half 1e-15", halves, 3_000, 96, "euclidean", "fast"),
    ("half 1e15, half 1e-15", halves, 3_000, 96, "cosine", "fast"),
]

KINDS = {
    "normal": normal,
    "uniform": uniform,
    "cone": cone,
    "smooth": smooth,
    "lengths 0.1": lengths(0.1),
    "lengths 0.5": lengths(0.5),
    "lengths 1": lengths(1.0),
    "lengths 2": lengths(2.0),
    "clusters": clusters(30, 0.3),
    "clusters of many densities": clusters(60, 0.3, True),
    "near-duplicates": clusters(30, 0.01),
    "smooth, poisoned 1e-30": poisoned(smooth, 400, 1e-30),
    "smooth, poisoned 1e30": poisoned(smooth, 400, 1e30),
    "50 % duplicates": duplicates(0.5),
    "99 % duplicates": duplicates(0.99),
    "one-hot": one_hot,
    "sparse": sparse,
    "integers": integers,
    "binary": binary,
}
GRID = [
    (name, make, rows, dim, metric, profile)
    for name, make in KINDS.items()
    for rows, dim in ((8_000, 128), (8_000, 384), (6_000, 768), (4_000, 1536))
    for metric in ("euclidean", "cosine", "dot_product")
    for profile in ("fast", "compact")
]
