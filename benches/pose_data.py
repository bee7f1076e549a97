"""Writes a data set of synthetic poses: `python benches/pose_data.py FOLDER [--rows 100000]`.

Motion matching searches the frames of an animation for the one whose features are nearest to those of a character (Clavet, GDC
2016; the 27 features are those of Holden et al., "Learned Motion Matching", 2020): positions and directions of the trajectory
after 20, 40 and 60 frames (12), positions and velocities of the feet (12), velocity of the hip (3). Here a root walks with
slowly changing speed and turns at 60 frames a second, and the feet follow a stride whose length and frequency depend on the
speed. Each feature is divided by its standard deviation. Queries are the frames of another walk. The folder gets base.f32,
query.f32, gt.i32 (the 100 nearest rows) and meta.json. Needs numpy and scipy.
"""
import argparse
import json
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

RATE = 60.0
AHEAD = (20, 40, 60)


def drift(random, count, mean, spread, seconds):
    """A value that returns to its mean within so many seconds."""
    keep = np.exp(-1 / (seconds * RATE))
    noise = random.normal(size=count) * spread * np.sqrt(1 - keep**2)
    values = np.empty(count)
    value = 0.0
    for i, step in enumerate(noise):
        value = keep * value + step
        values[i] = value
    return mean + values


def walk(random, count):
    """The features of `count` frames."""
    frames = count + max(AHEAD) + 2
    speed = np.abs(drift(random, frames, 1.6, 1.0, 2.0))
    turn = drift(random, frames, 0.0, 1.2, 1.0)
    strafe = drift(random, frames, 0.0, 0.35, 1.5)
    heading = np.cumsum(turn) / RATE
    moving = heading + strafe
    position = np.cumsum(np.stack([np.cos(moving), np.sin(moving)], 1) * speed[:, None], 0) / RATE
    phase = 2 * np.pi * np.cumsum(0.8 + 0.45 * speed) / RATE
    stride = 0.25 + 0.22 * speed
    lift = 0.06 + 0.05 * speed
    features = []

    def local(vectors, i):
        """In the frame of the root."""
        c, s = np.cos(heading[i]), np.sin(heading[i])
        return np.stack([c * vectors[:, 0] + s * vectors[:, 1], -s * vectors[:, 0] + c * vectors[:, 1]], 1)

    now = np.arange(1, count + 1)
    for ahead in AHEAD:
        features.append(local(position[now + ahead] - position[now], now))
    for ahead in AHEAD:
        later = heading[now + ahead]
        features.append(local(np.stack([np.cos(later), np.sin(later)], 1), now))
    velocities = []
    for side, offset in ((0.1, 0.0), (-0.1, np.pi)):
        swing = phase + offset
        foot = np.stack([stride * np.cos(swing), side + 0.02 * np.sin(swing) + 0.1 * np.sin(strafe), lift * np.maximum(np.sin(swing), 0)], 1)
        foot += random.normal(size=foot.shape) * 0.004
        features.append(foot[now])
        velocities.append((foot[now + 1] - foot[now - 1]) * (RATE / 2))
    features += velocities
    hip = np.stack([np.cos(strafe) * speed, np.sin(strafe) * speed, 0.04 * speed * np.sin(2 * phase)], 1)
    features.append(hip[now] + random.normal(size=(count, 3)) * 0.01)
    return np.concatenate(features, 1).astype(np.float32)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    random = np.random.default_rng(options.seed)
    base = walk(random, options.rows)
    # Every 37th frame of another walk.
    query = walk(random, options.queries * 37)[::37]
    scale = base.std(0)
    base, query = base / scale, query / scale
    _, nearest = cKDTree(base).query(query, 100)
    options.folder.mkdir(parents=True, exist_ok=True)
    base.tofile(options.folder / "base.f32")
    query.tofile(options.folder / "query.f32")
    nearest.astype(np.int32).tofile(options.folder / "gt.i32")
    meta = {"name": options.folder.name, "dim": base.shape[1], "metric": "euclidean", "rows": len(base), "seed": options.seed}
    (options.folder / "meta.json").write_text(json.dumps(meta, indent=1) + "\n")
    print(f"{options.folder}: {len(base)} x {base.shape[1]}, {len(query)} queries")


main()
