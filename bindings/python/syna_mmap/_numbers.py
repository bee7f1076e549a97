"""Numbers that go to the library: what its types would change in silence is refused."""

from __future__ import annotations

from operator import index
from typing import Any

import numpy as np
import numpy.typing as npt

from ._errors import InvalidArgumentError, Status

# Kinds of numpy's that are no numbers to be stored, though numpy converts them: bool, complex, text, times.
_NO_FLOATS = frozenset("bcSUmM")


def count_of(name: str, value: Any, bits: int = 64) -> int:
    """A number that is not negative and has at most so many bits; `name`: what it is, for the error."""
    number = index(value)
    if not 0 <= number < 1 << bits:
        most = (1 << bits) - 1
        raise InvalidArgumentError(Status.INVALID_ARGUMENT, f"{name} is {number}; it must be from 0 to {most}")
    return number


def floats(values: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """An array of float32, of any numbers with a fraction or without one."""
    array = np.asarray(values)
    if array.dtype.kind in _NO_FLOATS and array.size:
        raise TypeError(f"vectors are of real numbers, not of {array.dtype}; convert them first")
    return np.asarray(array, np.float32)


def whole_numbers(name: str, values: npt.ArrayLike) -> npt.NDArray[Any]:
    """An array of integers, of any size."""
    if isinstance(values, (list, tuple)):
        # numpy makes floats of a list with numbers below and above 2 ** 63.
        return np.array([index(value) for value in values], object)
    array = np.asarray(values)
    if array.dtype.kind not in "iuO" and array.size:
        raise TypeError(f"{name} are integers, not {array.dtype}")
    return array
