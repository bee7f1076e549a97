"""Progress bars, where tqdm is installed."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Iterator, Optional


class _NoBar:
    """In the place of a bar."""

    total: Optional[int] = None
    n = 0

    def update(self, count: float = 1) -> None:
        """Does nothing."""

    def reset(self, total: Optional[int] = None) -> None:
        """Does nothing."""


@contextmanager
def bar(is_wanted: bool, what: str, total: Optional[int] = None) -> Iterator[Any]:
    """A tqdm bar, or nothing in its place."""
    if not is_wanted:
        yield _NoBar()
        return
    try:
        from tqdm.auto import tqdm
    except ImportError as missing:
        raise ImportError("progress bars need tqdm: pip install 'syna-mmap[progress]'") from missing
    with tqdm(total=total, desc=what, unit=" vectors") as shown:
        yield shown
