#!/usr/bin/env python3
"""Extracts the demo's data from the full data set wordnet-minilm-384-cosine. Standard library only.

  cut.py FOLDER     FOLDER holds base.f32, keys.txt, texts.txt, query.f32, query_texts.txt, gt.i32

Takes the 50 nearest rows of each selected query, then the first rows of the set up to 6,000. The set is in random order,
so these are a uniform sample. Rows keep the order of the full set. The vectors of the set are half-precision values, so
writing them as f16 is lossless. The same input gives the same bytes.
"""
import os
import struct
import sys

DIMENSIONS = 384
ROWS = 6000
NEIGHBOURS = 50   # taken of each query
GROUND_TRUTH = 100  # known for each query
# Row numbers in query_texts.txt: texts that are readable, on various topics, and have near neighbours.
QUERIES = [131, 527, 116, 50, 933, 827, 308, 251]


def lines(path):
    with open(path, encoding="utf-8") as file:
        return file.read().splitlines()


def f16_rows(path, rows):
    """The rows of a row-major f32 file, each as little-endian f16 bytes."""
    with open(path, "rb") as file:
        for row in rows:
            file.seek(row * DIMENSIONS * 4)
            values = struct.unpack("<%df" % DIMENSIONS, file.read(DIMENSIONS * 4))
            halves = struct.pack("<%de" % DIMENSIONS, *values)
            assert struct.unpack("<%de" % DIMENSIONS, halves) == values, "row %d is not f16" % row
            yield halves


def write(name, chunks):
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name)
    with open(path, "wb") as file:
        for chunk in chunks:
            file.write(chunk)
    print("%-22s %9d bytes" % (name, os.path.getsize(path)))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = sys.argv[1]
    keys = lines(os.path.join(folder, "keys.txt"))
    texts = lines(os.path.join(folder, "texts.txt"))
    query_texts = lines(os.path.join(folder, "query_texts.txt"))

    chosen = set()
    with open(os.path.join(folder, "gt.i32"), "rb") as file:
        for query in QUERIES:
            file.seek(query * GROUND_TRUTH * 4)
            chosen.update(struct.unpack("<%di" % NEIGHBOURS, file.read(NEIGHBOURS * 4)))
    for row in range(len(keys)):
        if len(chosen) == ROWS:
            break
        chosen.add(row)
    rows = sorted(chosen)

    write("wordnet-384.f16", f16_rows(os.path.join(folder, "base.f32"), rows))
    write("wordnet-keys.txt", [(keys[row] + "\n").encode() for row in rows])
    write("wordnet-glosses.txt", [(texts[row] + "\n").encode() for row in rows])
    write("queries-384.f16", f16_rows(os.path.join(folder, "query.f32"), QUERIES))
    write("queries.txt", [(query_texts[query] + "\n").encode() for query in QUERIES])


main()
