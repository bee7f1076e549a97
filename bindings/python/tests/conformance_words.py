"""The words of bindings/conformance/cases.txt, whose README.md describes them."""

from __future__ import annotations

import struct
from typing import Any, Dict, List, Union

import numpy as np
from syna_mmap import Element, KeyKind, Metric, OpenFlags

MASK = (1 << 64) - 1


def bytes_of(word: str) -> bytes:
    """`a*3+%00` and the like."""
    if word == "-":
        return b""
    whole = b""
    for piece in word.split("+"):
        text, _, times = piece.partition("*")
        first, *escaped = text.split("%")
        once = first.encode() + b"".join(bytes([int(e[:2], 16)]) + e[2:].encode() for e in escaped)
        whole += once * int(times or 1)
    return whole


def scrambled(n: int) -> int:
    """SplitMix64."""
    n = (n + 0x9E3779B97F4A7C15) & MASK
    n = ((n ^ (n >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    n = ((n ^ (n >> 27)) * 0x94D049BB133111EB) & MASK
    return n ^ (n >> 31)


def vector_of(word: str) -> Any:
    prefix, _, rest = word.rpartition(":")
    vector = np.zeros(int(prefix or 64), np.float32)
    kind, rest = rest[0], rest[1:]
    if kind == "v":
        parts = rest.split(",")
        vector[: len(parts)] = np.array(parts, np.float32)
    elif kind == "s":
        first = int(rest) * len(vector)
        vector[:] = [(scrambled(first + i) >> 40) / 8388608.0 - 1.0 for i in range(len(vector))]
    else:
        vector[int(rest)] = {"n": np.nan, "i": np.inf, "j": -np.inf}[kind]
    return vector


def is_distance(word: str, distance: float) -> bool:
    if word[0] == "~":
        return abs(distance - float(word[1:])) <= 0.00001
    return struct.pack(">f", distance).hex() == word


def yes_no(answer: bool) -> str:
    return "yes" if answer else "no"


def require(is_so: bool, what: str) -> None:
    if not is_so:
        raise AssertionError(what)


def as_bytes(key: Union[str, bytes]) -> bytes:
    """A key of a store, which is a str or bytes."""
    return key.encode() if isinstance(key, str) else key


def open_options(words: List[str]) -> Dict[str, Any]:
    """The options of a store, by name."""
    options: Dict[str, Any] = {"dimensions": 64, "metric": Metric.EUCLIDEAN}
    options.update(index_threshold=0, checkpoint_interval_secs=0)
    for word in words:
        name, _, value = word.partition("=")
        if name in ("label", "expected_label"):
            options[name] = bytes_of(value).decode()
        elif name == "key_kind" and not value.isdigit():
            options[name] = KeyKind[value.upper()]
        elif name == "element" and not value.isdigit():
            options[name] = Element[value.upper()]
        else:
            options[name] = value if name == "metric" and not value.isdigit() else int(value)
    if "flags" in options:
        options["flags"] = OpenFlags(options["flags"])
    return options
