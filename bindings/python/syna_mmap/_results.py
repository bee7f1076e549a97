"""What a search found."""

from __future__ import annotations

import ctypes
import sys
from typing import Any, Dict, Iterator, List, NamedTuple, Sequence, Union, overload

import numpy as np
import numpy.typing as npt

from ._columns import Value
from ._errors import Status, call, error_of, failure, room_for_error
from ._filter import Asked
from ._native import library
from ._rows import RowForm, borrowed, borrowed_bytes, bytes_of
from ._structs import CHit

# The array of hits as numpy sees it.
_HIT = np.dtype(
    {
        "names": ["key", "key_len", "distance", "vector", "row"],
        "formats": [np.uintp, np.uintp, np.float32, np.uintp, np.uint64],
        "offsets": [getattr(CHit, name).offset for name in ("key", "key_len", "distance", "vector", "row")],
        "itemsize": ctypes.sizeof(CHit),
    }
)


def _columns(address: int, count: int) -> Dict[str, npt.NDArray[Any]]:
    """Members of the native array, which are read by all hits at once."""
    if count:
        hits: npt.NDArray[Any] = np.frombuffer(memoryview((CHit * count).from_address(address)), _HIT)
    else:
        hits = np.empty(0, _HIT)
    return {name: hits[name] for name in ("distance", "row")}


def _key_of(hit: CHit, form: RowForm) -> Any:
    return form.key(ctypes.string_at(hit.key, hit.key_len))


class _Lease:
    """The native results. Each view of a hit's vector holds it, and so keeps what it looks at alive."""

    def __init__(self) -> None:
        handle = ctypes.c_void_p()
        call(library.results_new, handle)
        self.handle = handle
        #: What the store lies in, if it is memory of Python's.
        self.memory: object = None

    def __del__(self) -> None:
        handle = getattr(self, "handle", None)
        if handle:
            library.results_free(handle)


class Hit(NamedTuple):
    """One answer of a search."""

    #: A str; bytes in a store whose keys are bytes.
    key: Union[str, Any]
    #: Smaller is nearer, whatever the metric.
    distance: float
    #: A read-only view of the stored vector, good as long as it is held; a copy in a store of another element type than
    #: float32.
    vector: npt.NDArray[np.float32]
    row: int
    tags: int
    payload: bytes
    #: A read-only view of the bytes of the stored vector, good as long as it is held.
    stored: memoryview
    #: The values by the names of the columns; a copy.
    values: Dict[str, Value]


class Results(Sequence[Hit]):
    """The hits of a search, nearest first.

    Hand one to Store.search again and again (`into=`): then a search allocates no native memory. Vectors that were
    taken from it stay good: while one is held, the next search takes other memory. For one thread at a time.
    """

    def __init__(self) -> None:
        self._lease = _Lease()
        self._is_lent = False
        self._error = room_for_error()
        self._why = ctypes.byref(self._error)
        self._dimensions = 0
        self._form = RowForm()
        self._address = 0
        self._length = 0
        self._count = ctypes.c_size_t()
        self._where_count = ctypes.byref(self._count)
        self._statuses: Sequence[int] = ()
        self._seen = (0, 0)
        self._columns = _columns(0, 0)

    def _begin(self, memory: object) -> ctypes.c_void_p:
        """The handle to search into, which no view looks at. It keeps `memory`, which the store lies in."""
        self._length = 0
        self._statuses = ()
        if self._is_lent:
            # One reference is ours, one the argument's. Pythons without counts always get new memory.
            if not hasattr(sys, "getrefcount") or sys.getrefcount(self._lease) > 2:
                self._lease = _Lease()
            self._is_lent = False
        self._lease.memory = memory
        return self._lease.handle

    def _end(self, status: int, how: Asked, dimensions: int, form: RowForm) -> "Results":
        """Takes up what was found, or raises what went wrong."""
        if status:
            raise failure(status, self._error)
        if how.raised:
            raise how.raised[0]
        self._address = library.results_hits(self._lease.handle, self._where_count)
        self._length = self._count.value
        self._dimensions = dimensions
        self._form = form
        return self

    def _column(self, name: str) -> npt.NDArray[Any]:
        """A member of all hits, in the native array, which the next search takes away."""
        place = (self._address, self._length)
        # The next hits are mostly as many, at the same place.
        if self._seen != place:
            self._columns, self._seen = _columns(*place), place
        return self._columns[name]

    def _hit(self, place: int) -> CHit:
        return CHit.from_address(self._address + place * _HIT.itemsize)

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> Hit: ...
    @overload
    def __getitem__(self, index: slice) -> List[Hit]: ...
    def __getitem__(self, index: Union[int, slice]) -> Union[Hit, List[Hit]]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        place = range(len(self))[index]
        hit = self._hit(place)
        self._is_lent = True
        if hit.vector:
            vector = borrowed(self._lease, hit.vector, self._dimensions)
            stored = bytes_of(vector)
        else:
            vector, stored = np.empty(self._dimensions, np.float32), self._stored(place)
            library.results_vector(self._lease.handle, place, vector.ctypes.data)
        return Hit(
            _key_of(hit, self._form),
            hit.distance,
            vector,
            hit.row,
            library.results_tags(self._lease.handle, place),
            self.payload(place),
            stored,
            self._values(place),
        )

    def _stored(self, place: int) -> memoryview:
        length = ctypes.c_size_t()
        address = library.results_stored(self._lease.handle, place, length)
        return borrowed_bytes(self._lease, address, length.value)

    def _values(self, place: int) -> Dict[str, Value]:
        schema = self._form.schema
        room = (ctypes.c_uint64 * len(schema.columns))()
        for column in range(len(schema.columns)):
            library.results_column(self._lease.handle, place, column, ctypes.addressof(room) + 8 * column)
        return schema.values(ctypes.addressof(room))

    def __iter__(self) -> Iterator[Hit]:
        return (self[i] for i in range(len(self)))

    @property
    def keys(self) -> List[Union[str, Any]]:
        """The keys of all hits."""
        return [_key_of(self._hit(place), self._form) for place in range(len(self))]

    @property
    def distances(self) -> npt.NDArray[np.float32]:
        """The distances of all hits; a copy."""
        return self._column("distance").copy()

    @property
    def rows(self) -> npt.NDArray[np.uint64]:
        """The row numbers of all hits; a copy."""
        return self._column("row").copy()

    def values(self, column: str) -> npt.NDArray[Any]:
        """The values of all hits in a column; a copy."""
        schema = self._form.schema
        number, values = schema.position(column), schema.zeros(column, len(self))
        for place in range(len(self)):
            library.results_column(self._lease.handle, place, number, values.ctypes.data + 8 * place)
        return values

    def payload(self, index: int) -> bytes:
        """The payload of a hit; empty where it has none."""
        length = ctypes.c_size_t()
        address = library.results_payload(self._lease.handle, range(len(self))[index], length)
        return ctypes.string_at(address, length.value) if address else b""

    def query(self, number: int) -> List[Hit]:
        """The hits of one query of the last batch; the error of one that could not be searched for is raised."""
        if self._statuses[number] != Status.OK:
            raise error_of(self._statuses[number], f"query {number} cannot be searched for")
        count = ctypes.c_size_t()
        address = library.results_query_hits(self._lease.handle, range(len(self._statuses))[number], count)
        first = (address - self._address) // _HIT.itemsize if address else 0
        return self[first : first + count.value]

    @property
    def is_partial(self) -> bool:
        """Whether the search came to its deadline or its most visits."""
        return bool(library.results_is_partial(self._lease.handle))
