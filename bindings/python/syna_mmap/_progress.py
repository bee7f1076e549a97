"""Progress bars, where tqdm is installed."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import Any, Iterator, Optional


class _NoBar:
    """In the place of a bar."""

    total: Optional[int] = None

    def update(self, count: float = 1) -> None:
        """Does nothing."""

    def refresh(self) -> None:
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


@contextmanager
def ticking(is_wanted: bool, what: str) -> Iterator[None]:
    """A bar that shows for how long one call has been under way; the call has to release the GIL."""
    with bar(is_wanted, what) as shown:
        ended = threading.Event()

        def tick() -> None:
            while not ended.wait(0.5):
                shown.refresh()

        ticker = threading.Thread(target=tick, daemon=True) if is_wanted else None
        if ticker:
            ticker.start()
        try:
            yield
        finally:
            ended.set()
            if ticker:
                ticker.join()
