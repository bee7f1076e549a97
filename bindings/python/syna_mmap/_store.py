"""An open store."""

from __future__ import annotations

import ctypes
from types import TracebackType
from typing import Any, Dict, Optional, Type, Union

import numpy as np
import numpy.typing as npt

from ._batch import Key, Payload, floats_of, key_bytes, payload_bytes, require_shape
from ._columns import Columns
from ._errors import InvalidArgumentError, NotFoundError, Status, call
from ._native import library
from ._numbers import count_of
from ._options import Durability, Element, IndexProfile, KeyKind, Metric, OpenFlags, form_of_rows, metric_of, open_options
from ._reading import Reading
from ._salvage import Path, path_bytes
from ._searching import Searching
from ._upkeep import Upkeep
from ._writing import Writing

_Vector = npt.NDArray[np.float32]

# Of a store that is opened for reading only.
_AS_IN_THE_FILE: Dict[str, Any] = {
    "dimensions": 0,
    "metric": Metric.FROM_FILE,
    "key_kind": KeyKind.FROM_FILE,
    "element": Element.FROM_FILE,
}


class Store(Reading, Searching, Upkeep, Writing):
    """Vectors under keys, in one file. All threads may use it at once.

    Beside the methods there is what a mapping has: `store[key]`, `store[key] = vector` (replaces), `del store[key]`,
    `key in store`, `len(store)`, and the keys by iteration.
    """

    def __init__(
        self,
        path: Path,
        dimensions: Optional[int] = None,
        metric: Union[Metric, str, int, None] = None,
        *,
        flags: OpenFlags = OpenFlags.NONE,
        durability: Durability = Durability.PROCESS,
        initial_capacity: Optional[int] = None,
        index_threshold: Optional[int] = None,
        checkpoint_interval_secs: Optional[int] = None,
        threads: Optional[int] = None,
        hnsw_m: Optional[int] = None,
        hnsw_m_max: Optional[int] = None,
        hnsw_ef_construction: Optional[int] = None,
        hnsw_ef_search: Optional[int] = None,
        seed: Optional[int] = None,
        most_unindexed_rows: Optional[int] = None,
        index_profile: Optional[IndexProfile] = None,
        index_worker: Optional[bool] = None,
        fixed_ef: Optional[bool] = None,
        key_kind: Optional[KeyKind] = None,
        element: Optional[Element] = None,
        application_id: Optional[int] = None,
        user_version: Optional[int] = None,
        label: Union[str, bytes, None] = None,
        expected_label: Union[str, bytes, None] = None,
        columns: Optional[Columns] = None,
    ) -> None:
        """Opens the store in the file, or makes it. What is left out has the library's default.

        `columns`: of a new file, {name: kind} or pairs of both; a kind is a ColumnKind, "i64", "u64" or "f64". An existing
        file with other columns is refused.
        """
        chosen = {
            "dimensions": dimensions,
            "metric": None if metric is None else metric_of(metric),
            "flags": flags,
            "durability": durability,
            "initial_capacity": initial_capacity,
            "index_threshold": index_threshold,
            "checkpoint_interval_secs": checkpoint_interval_secs,
            "threads": threads,
            "hnsw_m": hnsw_m,
            "hnsw_m_max": hnsw_m_max,
            "hnsw_ef_construction": hnsw_ef_construction,
            "hnsw_ef_search": hnsw_ef_search,
            "seed": seed,
            "most_unindexed_rows": most_unindexed_rows,
            "index_profile": index_profile,
            "index_worker": index_worker,
            "fixed_ef": fixed_ef,
            "key_kind": key_kind,
            "element": element,
            "application_id": application_id,
            "user_version": user_version,
            "label": label,
            "expected_label": expected_label,
            "columns": columns,
        }
        self._open(chosen, library.open, path_bytes(path))

    @classmethod
    def in_memory(
        cls, dimensions: Optional[int] = None, metric: Union[Metric, str, int, None] = None, **options: Any
    ) -> "Store":
        """A store without a file, for tests and caches; `options` are those of opening."""
        store = cls.__new__(cls)
        number = None if metric is None else metric_of(metric)
        store._open(dict(options, dimensions=dimensions, metric=number), library.open_in_memory)
        return store

    @classmethod
    def open_at(
        cls, file: int, offset: int, length: int, index_offset: int = 0, index_length: int = 0, **options: Any
    ) -> "Store":
        """A store inside a larger file, for reading; `file` is a descriptor, which may be closed at once."""
        store = cls.__new__(cls)
        chosen = {**_AS_IN_THE_FILE, **options}
        chosen["metric"] = metric_of(chosen["metric"])
        places = {"offset": offset, "length": length, "index_offset": index_offset, "index_length": index_length}
        store._open(chosen, library.open_at, file, *(count_of(name, value) for name, value in places.items()))
        return store

    @classmethod
    def open_memory(cls, data: Any, index: Any = b"", **options: Any) -> "Store":
        """A store whose file is in memory, for reading: bytes, an mmap, an array; `index`: those of its index, if any.

        They are not copied and must not change. They are kept as long as the store and what came from it need them.
        """
        store = cls.__new__(cls)
        chosen = {**_AS_IN_THE_FILE, **options}
        chosen["metric"] = metric_of(chosen["metric"])
        places = [np.frombuffer(piece, np.uint8) if len(piece) else np.zeros(0, np.uint8) for piece in (data, index)]
        arguments = [word for piece in places for word in (piece.ctypes.data, len(piece))]
        store._open(chosen, library.open_memory, *arguments)
        store._memory = places
        return store

    def _open(self, chosen: Dict[str, Any], function: Any, *where: Any) -> None:
        self._handle = ctypes.c_void_p()
        self._memory = None
        opened = ctypes.c_void_p()
        call(function, *where, open_options(chosen), opened)
        self._handle = opened
        # The file's, so it never changes.
        self._dimensions = int(library.dimensions(opened))
        self._form = form_of_rows(opened)

    # ---- its life ----

    def close(self) -> None:
        """Makes a checkpoint and closes. Closing twice is fine."""
        handle, self._handle = self._handle, ctypes.c_void_p()
        self._dimensions = 0
        call(library.close, handle)

    def __enter__(self) -> "Store":
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()

    def __del__(self) -> None:
        handle = getattr(self, "_handle", None)
        if handle:
            library.close(handle, None)

    def checkpoint(self) -> None:
        """Makes what was written so far safe from a power cut."""
        call(library.checkpoint, self._handle)

    def flush(self) -> None:
        """As checkpoint, but leaves the index's file alone."""
        call(library.flush, self._handle)

    def reserve(self, count: int) -> None:
        """Takes disk space for `count` vectors in all, now."""
        call(library.reserve, self._handle, count_of("count", count))

    # ---- writing ----

    def insert(self, key: Key, vector: npt.ArrayLike) -> bool:
        """Stores a vector, unless the key is there already; whether it was new."""
        name, inserted = key_bytes(key), ctypes.c_bool()
        floats = floats_of(vector, self._dimensions)
        call(library.insert, self._handle, name, len(name), floats, inserted)
        return inserted.value

    def upsert(self, key: Key, vector: npt.ArrayLike) -> None:
        """Stores a vector in the place of the one that is there, if any."""
        name = key_bytes(key)
        floats = floats_of(vector, self._dimensions)
        call(library.upsert, self._handle, name, len(name), floats)

    def put(
        self, key: Key, vector: npt.ArrayLike, *, tags: int = 0, payload: Payload = None, replace: bool = True
    ) -> bool:
        """Stores one row with its tags and payload; False where the key is there and is not to be replaced."""
        name, content, written = key_bytes(key), payload_bytes(payload), ctypes.c_bool()
        floats = floats_of(vector, self._dimensions)
        data = (count_of("tags", tags), content, len(content), int(bool(replace)))
        call(library.put, self._handle, name, len(name), floats, *data, written)
        return written.value

    def delete(self, key: Key) -> bool:
        """Deletes a key; whether it was there."""
        name, deleted = key_bytes(key), ctypes.c_bool()
        call(library.delete, self._handle, name, len(name), deleted)
        return deleted.value

    # ---- reading ----

    def read(self, key: Key, out: Optional[_Vector] = None) -> _Vector:
        """Copies the vector of a key, into `out` if that is given. NotFoundError where there is none."""
        name = key_bytes(key)
        room = np.empty(self._dimensions, np.float32) if out is None else out
        if not isinstance(room, np.ndarray) or room.dtype != np.float32 or not room.flags.carray:
            raise InvalidArgumentError(Status.INVALID_ARGUMENT, "`out` has to be contiguous, writable and of float32")
        require_shape(room, self._dimensions)
        call(library.get, self._handle, name, len(name), room.ctypes.data)
        return room

    def get(self, key: Key, default: Any = None) -> Any:
        """A copy of the vector of a key, or `default` where there is none."""
        try:
            return self.read(key)
        except NotFoundError:
            return default

    def tags(self, key: Key) -> int:
        """The tags of a key; 0 where none were written."""
        name, tags = key_bytes(key), ctypes.c_uint64()
        call(library.get_tags, self._handle, name, len(name), tags)
        return tags.value

    def payload(self, key: Key) -> bytes:
        """The payload of a key; empty where none was written."""
        name, length, capacity = key_bytes(key), ctypes.c_size_t(), 0
        while True:
            room = ctypes.create_string_buffer(capacity)
            call(library.get_payload, self._handle, name, len(name), room, capacity, length)
            if length.value <= capacity:
                return room.raw[: length.value]
            capacity = length.value

    def __contains__(self, key: object) -> bool:
        if not isinstance(key, (str, bytes)):
            return False
        name = key_bytes(key)
        return bool(library.contains(self._handle, name, len(name)))

    def __len__(self) -> int:
        return int(library.len(self._handle))

    def __getitem__(self, key: Key) -> _Vector:
        return self.read(key)

    def __setitem__(self, key: Key, vector: npt.ArrayLike) -> None:
        self.upsert(key, vector)

    def __delitem__(self, key: Key) -> None:
        if not self.delete(key):
            raise NotFoundError(Status.NOT_FOUND, f"there is no key {key!r}")

    @property
    def dimensions(self) -> int:
        """Floats in a vector; 0 once it is closed."""
        return self._dimensions

    @property
    def metric(self) -> Metric:
        """How near two vectors are."""
        return Metric(library.metric(self._handle))

    @property
    def element(self) -> Element:
        """How the components of vectors are stored."""
        return Element(library.element(self._handle))

    @property
    def vector_bytes(self) -> int:
        """Bytes of a stored vector; 0 once it is closed."""
        return int(library.vector_bytes(self._handle))

    @property
    def is_dirty(self) -> bool:
        """Whether anything was written since the last checkpoint."""
        return bool(library.is_dirty(self._handle))

    @property
    def last_durable_seq(self) -> int:
        """The number of the last write that is safe from a power cut."""
        return int(library.last_durable_seq(self._handle))
