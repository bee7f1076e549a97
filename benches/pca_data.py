"""Writes a data set of fewer dimensions: `python benches/pca_data.py DATA FOLDER [--dimensions 128]`.

The vectors of DATA (of unit length if its metric is cosine) are projected on the directions in which they vary most, for the euclidean
distance. The folder gets base.f32, query.f32, gt.i32 (the 100 nearest rows) and meta.json. Needs numpy.
"""
import argparse
import json
from pathlib import Path

import numpy as np

NEAREST = 100


def read(folder, name, dimensions):
    of_bytes = folder / f"{name}.u8"
    if of_bytes.exists():
        return np.fromfile(of_bytes, np.uint8).astype(np.float32).reshape(-1, dimensions)
    return np.fromfile(folder / f"{name}.f32", np.float32).reshape(-1, dimensions)


def nearest(base, queries):
    squares = (base.astype(np.float64) ** 2).sum(1)
    rows = []
    for query in queries:
        distances = squares - 2 * (base @ query)
        near = np.argpartition(distances, NEAREST)[:NEAREST]
        rows.append(near[np.argsort(distances[near], kind="stable")])
    return np.array(rows, np.int32)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--dimensions", type=int, default=128)
    options = parser.parse_args()
    meta = json.loads((options.data / "meta.json").read_text())
    base, query = read(options.data, "base", meta["dim"]), read(options.data, "query", meta["dim"])
    if meta["metric"] == "cosine":
        base, query = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (base, query))
    mean = base.mean(0)
    variances, directions = np.linalg.eigh((base - mean).T @ (base - mean) / len(base))
    directions = directions[:, ::-1][:, : options.dimensions]
    kept = variances[::-1][: options.dimensions].sum() / variances.sum()
    base, query = (np.ascontiguousarray((x - mean) @ directions, np.float32) for x in (base, query))
    options.folder.mkdir(parents=True, exist_ok=True)
    base.tofile(options.folder / "base.f32")
    query.tofile(options.folder / "query.f32")
    nearest(base, query).tofile(options.folder / "gt.i32")
    meta = {"name": options.folder.name, "dim": options.dimensions, "metric": "euclidean", "rows": len(base)}
    (options.folder / "meta.json").write_text(json.dumps(meta, indent=1) + "\n")
    print(f"{options.folder}: {base.shape[0]} x {base.shape[1]}, {len(query)} queries, {kept:.3f} of the variance")


main()
