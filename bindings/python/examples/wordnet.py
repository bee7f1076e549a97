"""Stores 6,000 entries of WordNet and finds those that are nearest to some glosses.

    python wordnet.py [DATA_FOLDER [STORE]]     # from the repository: examples/data, and a temporary file
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
from syna_mmap import Results, Store

DIMENSIONS, NEAREST = 384, 3


def vectors(path: Path) -> "np.ndarray":
    """Rows of half-precision floats, without a header."""
    return np.fromfile(path, "<f2").astype(np.float32).reshape(-1, DIMENSIONS)


def lines(path: Path) -> "list[str]":
    return path.read_text(encoding="utf-8").splitlines()


def main() -> None:
    data = Path(sys.argv[1] if len(sys.argv) > 1 else "examples/data")
    path = sys.argv[2] if len(sys.argv) > 2 else Path(tempfile.mkdtemp()) / "wordnet.syna"
    with Store(path, DIMENSIONS, index_threshold=0) as store:
        # One batch would do; this one shows how far it is.
        store.insert_many(lines(data / "wordnet-keys.txt"), vectors(data / "wordnet-384.f16"), progress=sys.stderr.isatty())
        store.build_index()
        results = Results()
        for text, query in zip(lines(data / "queries.txt"), vectors(data / "queries-384.f16")):
            print(text)
            for hit in store.search(query, NEAREST, into=results):
                print(f"  {hit.distance:.3f}  {hit.key}")


main()
