"""What the library has to say besides its answers."""

from __future__ import annotations

import logging
from typing import Any, Optional

from ._errors import call
from ._native import library
from ._structs import LogCallback

_LEVELS = {1: logging.ERROR, 2: logging.WARNING, 3: logging.INFO, 4: logging.DEBUG}
_kept: Any = None


def log_to(logger: Optional[logging.Logger]) -> None:
    """Has the library tell a logger of Python's what it does, of all stores of the process; None: nobody.

    Told is what the logger's level lets through now.
    """
    global _kept
    if logger is None:
        call(library.set_log, 1, LogCallback(0), None)
        _kept = None
        return
    heard = logger

    def relay(_: Any, level: int, text: bytes, length: int) -> None:
        try:
            heard.log(_LEVELS.get(level, logging.DEBUG), "%s", text[:length].decode("utf-8", "replace"))
        except BaseException:  # It must not get into C, and a logger's trouble is not the store's.
            pass

    most = max((number for number, level in _LEVELS.items() if logger.isEnabledFor(level)), default=1)
    callback = LogCallback(relay)
    call(library.set_log, most, callback, None)
    _kept = callback
