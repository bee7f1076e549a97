"""The C functions, as include/syna_mmap.h declares them."""

from __future__ import annotations

import ctypes
import os
import sys
from ctypes import (
    POINTER,
    c_bool,
    c_char_p,
    c_double,
    c_float,
    c_int32,
    c_size_t,
    c_uint32,
    c_uint64,
    c_void_p,
)
from pathlib import Path
from typing import Any, Tuple

from ._structs import (
    CBatch,
    CColumn,
    CError,
    COptions,
    CSearchOptions,
    CStats,
    CUserBlock,
    CValue,
    LogCallback,
    ProgressCallback,
    VerifyCallback,
)

ABI_VERSION = 1


_STATUS = c_int32
_ERROR = POINTER(CError)
_KEY = (c_char_p, c_size_t)
_SIZE = POINTER(c_size_t)

# name: (what it returns, its arguments). Handles are void pointers: ctypes passes them as numbers.
_FUNCTIONS: "dict[str, Tuple[Any, Tuple[Any, ...]]]" = {
    "abi_version": (c_uint32, ()),
    "version": (c_char_p, ()),
    "status_name": (c_char_p, (_STATUS,)),
    "options_init": (None, (POINTER(COptions), c_size_t)),
    "open": (_STATUS, (c_char_p, POINTER(COptions), POINTER(c_void_p), _ERROR)),
    "close": (_STATUS, (c_void_p, _ERROR)),
    "checkpoint": (_STATUS, (c_void_p, _ERROR)),
    "flush": (_STATUS, (c_void_p, _ERROR)),
    "is_dirty": (c_bool, (c_void_p,)),
    "last_durable_seq": (c_uint64, (c_void_p,)),
    "reserve": (_STATUS, (c_void_p, c_uint64, _ERROR)),
    "insert": (_STATUS, (c_void_p, *_KEY, c_void_p, POINTER(c_bool), _ERROR)),
    "upsert": (_STATUS, (c_void_p, *_KEY, c_void_p, _ERROR)),
    "put": (
        _STATUS,
        (c_void_p, *_KEY, c_void_p, c_uint64, c_char_p, c_size_t, c_uint32, POINTER(c_bool), _ERROR),
    ),
    "write": (_STATUS, (c_void_p, POINTER(CBatch), _SIZE, _ERROR)),
    "delete": (_STATUS, (c_void_p, *_KEY, POINTER(c_bool), _ERROR)),
    "delete_batch": (_STATUS, (c_void_p, c_char_p, c_void_p, c_size_t, _SIZE, _ERROR)),
    "delete_where": (_STATUS, (c_void_p, POINTER(CSearchOptions), _SIZE, _ERROR)),
    "update": (_STATUS, (c_void_p, POINTER(CBatch), _SIZE, _ERROR)),
    "set_tags": (_STATUS, (c_void_p, *_KEY, c_uint64, _ERROR)),
    "set_payload": (_STATUS, (c_void_p, *_KEY, c_char_p, c_size_t, _ERROR)),
    "get_user_block": (_STATUS, (c_void_p, POINTER(CUserBlock), _ERROR)),
    "set_user_block": (_STATUS, (c_void_p, POINTER(CUserBlock), _ERROR)),
    "get": (_STATUS, (c_void_p, *_KEY, c_void_p, _ERROR)),
    "get_tags": (_STATUS, (c_void_p, *_KEY, POINTER(c_uint64), _ERROR)),
    "get_payload": (_STATUS, (c_void_p, *_KEY, c_void_p, c_size_t, _SIZE, _ERROR)),
    "row_of": (_STATUS, (c_void_p, *_KEY, POINTER(c_uint64), _ERROR)),
    "get_batch": (_STATUS, (c_void_p, c_char_p, c_void_p, c_size_t, c_void_p, c_void_p, _SIZE, _ERROR)),
    "count_where": (_STATUS, (c_void_p, POINTER(CSearchOptions), POINTER(c_uint64), _ERROR)),
    "rows_where": (_STATUS, (c_void_p, POINTER(CSearchOptions), c_uint64, c_void_p, c_size_t, _SIZE, _ERROR)),
    "distance": (_STATUS, (c_void_p, c_void_p, c_void_p, POINTER(c_float), _ERROR)),
    "path": (_STATUS, (c_void_p, c_char_p, c_size_t, _SIZE, _ERROR)),
    "get_options": (_STATUS, (c_void_p, POINTER(COptions), _ERROR)),
    "set_ef_search": (_STATUS, (c_void_p, c_uint32, _ERROR)),
    "set_checkpoint_interval": (_STATUS, (c_void_p, c_uint32, _ERROR)),
    "open_memory": (
        _STATUS,
        (c_void_p, c_size_t, c_void_p, c_size_t, POINTER(COptions), POINTER(c_void_p), _ERROR),
    ),
    "contains": (c_bool, (c_void_p, *_KEY)),
    "len": (c_uint64, (c_void_p,)),
    "dimensions": (c_uint32, (c_void_p,)),
    "metric": (c_uint32, (c_void_p,)),
    "key_kind": (c_uint32, (c_void_p,)),
    "element": (c_uint32, (c_void_p,)),
    "vector_bytes": (c_size_t, (c_void_p,)),
    "columns": (_STATUS, (c_void_p, POINTER(CColumn), c_size_t, _SIZE, _ERROR)),
    "get_value": (_STATUS, (c_void_p, *_KEY, c_uint32, POINTER(CValue), _ERROR)),
    "hash64": (c_uint64, (c_char_p, c_size_t)),
    "results_new": (_STATUS, (POINTER(c_void_p), _ERROR)),
    "results_free": (None, (c_void_p,)),
    "results_hits": (c_void_p, (c_void_p, _SIZE)),
    "results_is_partial": (c_bool, (c_void_p,)),
    "results_tags": (c_uint64, (c_void_p, c_size_t)),
    "results_payload": (c_void_p, (c_void_p, c_size_t, _SIZE)),
    "results_vector": (c_bool, (c_void_p, c_size_t, c_void_p)),
    "results_stored": (c_void_p, (c_void_p, c_size_t, _SIZE)),
    "results_column": (c_bool, (c_void_p, c_size_t, c_uint32, c_void_p)),
    "search_options_init": (None, (POINTER(CSearchOptions), c_size_t)),
    "search": (_STATUS, (c_void_p, c_void_p, c_size_t, POINTER(CSearchOptions), c_void_p, _ERROR)),
    "build_index": (_STATUS, (c_void_p, _ERROR)),
    "has_index": (c_bool, (c_void_p,)),
    "verify": (_STATUS, (c_void_p, VerifyCallback, c_void_p, POINTER(c_uint64), _ERROR)),
    "open_in_memory": (_STATUS, (POINTER(COptions), POINTER(c_void_p), _ERROR)),
    "open_at": (
        _STATUS,
        (c_int32, c_uint64, c_uint64, c_uint64, c_uint64, POINTER(COptions), POINTER(c_void_p), _ERROR),
    ),
    "refresh": (_STATUS, (c_void_p, POINTER(c_bool), _ERROR)),
    "search_key": (_STATUS, (c_void_p, *_KEY, c_size_t, POINTER(CSearchOptions), c_void_p, _ERROR)),
    "search_range": (_STATUS, (c_void_p, c_void_p, c_float, POINTER(CSearchOptions), c_void_p, _ERROR)),
    "search_batch": (
        _STATUS,
        (c_void_p, c_void_p, c_size_t, c_size_t, POINTER(CSearchOptions), c_void_p, c_void_p, _ERROR),
    ),
    "results_query_hits": (c_void_p, (c_void_p, c_size_t, _SIZE)),
    "results_query_is_partial": (c_bool, (c_void_p, c_size_t)),
    "cursor_new": (_STATUS, (c_void_p, c_uint64, POINTER(c_void_p), _ERROR)),
    "cursor_next": (_STATUS, (c_void_p, c_void_p, c_size_t, _SIZE, _ERROR)),
    "cursor_free": (None, (c_void_p,)),
    "get_stats": (_STATUS, (c_void_p, POINTER(CStats), _ERROR)),
    "build_index_with": (_STATUS, (c_void_p, ProgressCallback, c_void_p, _ERROR)),
    "index_step": (_STATUS, (c_void_p, c_uint64, POINTER(c_uint64), _ERROR)),
    "compact": (_STATUS, (c_void_p, ProgressCallback, c_void_p, _ERROR)),
    "compact_step": (_STATUS, (c_void_p, c_uint64, POINTER(c_bool), _ERROR)),
    "interrupt": (_STATUS, (c_void_p, _ERROR)),
    "compact_cancel": (_STATUS, (c_void_p, _ERROR)),
    "snapshot_to": (_STATUS, (c_void_p, c_char_p, ProgressCallback, c_void_p, _ERROR)),
    "check_recall": (_STATUS, (c_void_p, c_size_t, c_size_t, c_uint32, c_uint64, POINTER(c_double), _ERROR)),
    "set_log": (_STATUS, (c_uint32, LogCallback, c_void_p, _ERROR)),
    "salvage": (_STATUS, (c_char_p, c_char_p, POINTER(c_uint64), POINTER(c_uint64), _ERROR)),
}


# What every search calls is declared to ctypes without its arguments, which would be converted twice else: 0.2 us. So
# they have to be objects of ctypes, bytes or None; a plain number would go in as an int of C.
_AS_GIVEN = {"search", "results_hits"}
# These look into results and never wait: to release the GIL would take longer than they do, and let another thread in.
_AT_ONCE = {
    "results_hits",
    "results_is_partial",
    "results_tags",
    "results_payload",
    "results_vector",
    "results_stored",
    "results_column",
    "results_query_hits",
    "results_query_is_partial",
}


class Library:
    """The loaded library; its functions are attributes, `syna_mmap_` left out."""

    def __init__(self, path: Path) -> None:
        # CDLL releases the GIL for each call; PyDLL does not.
        releasing, keeping = ctypes.CDLL(str(path)), ctypes.PyDLL(str(path))
        for name, (returns, arguments) in _FUNCTIONS.items():
            function = getattr(keeping if name in _AT_ONCE else releasing, "syna_mmap_" + name)
            function.restype = returns
            if name not in _AS_GIVEN:
                function.argtypes = list(arguments)
            setattr(self, name, function)
        found = self.abi_version()
        if found != ABI_VERSION:
            raise ImportError(
                f"{path} has ABI version {found}, this package needs {ABI_VERSION}; install both from one release"
            )

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"syna_mmap_{name} is not declared here")


def _path() -> Path:
    named = os.environ.get("SYNA_MMAP_LIBRARY")
    if named:
        return Path(named)
    names = {"win32": "syna_mmap.dll", "darwin": "libsyna_mmap.dylib"}
    path = Path(__file__).with_name(names.get(sys.platform, "libsyna_mmap.so"))
    if not path.is_file():
        raise ImportError(
            f"{path} is missing: install the package with pip, or name the library in SYNA_MMAP_LIBRARY"
        )
    return path


library = Library(_path())


def version() -> str:
    """The native library's version."""
    text: bytes = library.version()
    return text.decode()
