"""Writes of several kinds at once, and of what a file says about itself."""

from __future__ import annotations

import ctypes
from typing import Any, NamedTuple, Optional, Sequence, Union

import numpy as np
import numpy.typing as npt

from ._batch import Batch, ColumnData, Key, Payload, Stored, joined, key_bytes, payload_bytes, require_many
from ._errors import InvalidArgumentError, Status, call
from ._filter import Filter, conditions
from ._native import library
from ._numbers import count_of
from ._options import Element, KeyKind, label_bytes
from ._progress import bar
from ._rows import RowForm
from ._structs import CUserBlock

_INSERT, _UPSERT = 0, 1


class Written(NamedTuple):
    """What a batch has done."""

    #: Of an insert: how many keys were new. Of an upsert: how many different keys there were.
    rows: int
    #: How many of the keys to delete existed.
    deleted: int


class UserBlock(NamedTuple):
    """Values that an application stores in the file for itself."""

    #: Tells which application the file belongs to.
    application_id: int = 0
    #: The version of the application's data.
    user_version: int = 0
    #: What the vectors are, for example the name of the embedding model; at most 64 bytes of UTF-8.
    label: Union[str, Any] = ""


class Writing:
    """The part of a store that writes, deletes and updates many rows, and has the user block."""

    _handle: ctypes.c_void_p
    _dimensions: int
    _form: RowForm

    def write(
        self,
        keys: Sequence[Key] = (),
        vectors: Optional[npt.ArrayLike] = None,
        tags: Optional[npt.ArrayLike] = None,
        payloads: Optional[Sequence[Payload]] = None,
        *,
        delete: Sequence[Key] = (),
        upsert: bool = False,
        stored: Optional[Stored] = None,
        stored_element: Optional[Element] = None,
        columns: Optional[ColumnData] = None,
    ) -> Written:
        """Deletes the keys in `delete`, then stores the rows: all of it or nothing.

        A key that is deleted and stored has the new row. `upsert`: rows replace those that are there.
        `stored`: instead of `vectors`, vectors as a store of this element type keeps them (`hit.stored`, `row.stored`): a
        list of them, or their bytes one after the other. `stored_element`: their type, if it is not to be the store's.
        `columns`: as in `insert_batch`.
        """
        if vectors is None and stored is None and len(keys):
            raise InvalidArgumentError(Status.INVALID_ARGUMENT, f"pass the vectors of the {len(keys)} keys")
        if vectors is not None and stored is not None:
            raise InvalidArgumentError(Status.INVALID_ARGUMENT, "pass `vectors` or `stored`, not both")
        mode = _UPSERT if upsert else _INSERT
        batch = Batch(keys, vectors, tags, payloads, self._dimensions, mode, self._form, columns)
        written = ctypes.c_size_t()
        if stored is not None:
            element = self._form.element if stored_element is None else int(stored_element)
            batch.take_stored(stored, element, self._form.element, int(library.vector_bytes(self._handle)))
        batch.delete(delete)
        call(library.write, self._handle, batch.raw, written)
        return Written(written.value, batch.deleted.value)

    def insert_batch(
        self,
        keys: Sequence[Key],
        vectors: npt.ArrayLike,
        tags: Optional[npt.ArrayLike] = None,
        payloads: Optional[Sequence[Payload]] = None,
        columns: Optional[ColumnData] = None,
    ) -> int:
        """Stores many vectors, all or none; how many keys were new. `vectors`: (count, dimensions).

        A store of 16-bit floats takes an array of float16 as it is. `columns`: values by the names of columns, as a dict of
        arrays or lists, where a column that is left out is 0; or a data frame, a table of pyarrow or a structured array
        that has all columns of the store.
        """
        return self._write(keys, vectors, tags, payloads, _INSERT, columns)

    def upsert_batch(
        self,
        keys: Sequence[Key],
        vectors: npt.ArrayLike,
        tags: Optional[npt.ArrayLike] = None,
        payloads: Optional[Sequence[Payload]] = None,
        columns: Optional[ColumnData] = None,
    ) -> int:
        """Stores many vectors, all or none, replacing; how many different keys."""
        return self._write(keys, vectors, tags, payloads, _UPSERT, columns)

    def _write(
        self,
        keys: Sequence[Key],
        vectors: npt.ArrayLike,
        tags: Optional[npt.ArrayLike],
        payloads: Optional[Sequence[Payload]],
        mode: int,
        columns: Optional[ColumnData],
    ) -> int:
        batch = Batch(keys, vectors, tags, payloads, self._dimensions, mode, self._form, columns)
        written = ctypes.c_size_t()
        call(library.write, self._handle, batch.raw, written)
        return written.value

    def insert_many(
        self,
        keys: Sequence[Key],
        vectors: npt.NDArray[np.float32],
        *,
        columns: Optional[ColumnData] = None,
        batch_rows: int = 4096,
        progress: bool = True,
    ) -> int:
        """Stores any number of vectors in batches of `batch_rows`, with a progress bar; how many keys were new.

        Each batch is all or nothing; a failure leaves the batches before it stored. `columns`: as in `insert_batch`.
        """
        require_many("keys", keys)
        inserted, arrays = 0, {} if columns is None else self._form.schema.arrays(columns, len(keys))
        with bar(progress, "insert", len(keys)) as shown:
            for begin in range(0, len(keys), batch_rows):
                part = slice(begin, begin + batch_rows)
                values = {name: of_column[part] for name, of_column in arrays.items()}
                inserted += self.insert_batch(keys[part], vectors[part], columns=values)
                shown.update(len(keys[part]))
        return inserted

    def delete_batch(self, keys: Sequence[Key]) -> int:
        """Deletes many keys, all or none; how many existed."""
        require_many("keys", keys)
        text, offsets = joined([key_bytes(key) for key in keys])
        deleted = ctypes.c_size_t()
        call(library.delete_batch, self._handle, text, offsets.ctypes.data, len(keys), deleted)
        return deleted.value

    def delete_where(self, filter: Filter) -> int:
        """Deletes all rows that meet the conditions, all or none; how many. `Filter()` without any: all rows."""
        how, deleted = conditions(self._dimensions, filter, self._form), ctypes.c_size_t()
        try:
            call(library.delete_where, self._handle, how.options, deleted)
        finally:
            if how.raised:
                raise how.raised[0]
        return deleted.value

    def update(
        self,
        keys: Sequence[Key],
        tags: Optional[npt.ArrayLike] = None,
        payloads: Optional[Sequence[Payload]] = None,
        columns: Optional[ColumnData] = None,
    ) -> int:
        """Sets tags, payloads and values of existing keys, all or none; how many exist. Other keys are ignored.

        What is left out stays as it is, and so do columns that are not in `columns`.
        """
        batch = Batch(keys, None, tags, payloads, self._dimensions, _INSERT, self._form, columns)
        updated = ctypes.c_size_t()
        call(library.update, self._handle, batch.raw, updated)
        return updated.value

    def set_tags(self, key: Key, tags: int) -> None:
        """Sets the tags of a key. NotFoundError where there is none."""
        name = key_bytes(key)
        call(library.set_tags, self._handle, name, len(name), count_of("tags", tags))

    def set_payload(self, key: Key, payload: Payload) -> None:
        """Sets the payload of a key; an empty one or None removes it. NotFoundError where there is no such key."""
        name, content = key_bytes(key), payload_bytes(payload)
        call(library.set_payload, self._handle, name, len(name), content, len(content))

    # ---- what the file says about itself ----

    @property
    def user_block(self) -> UserBlock:
        """The application's values; of a store opened read-only as of the opening or the last `refresh`."""
        raw = CUserBlock(struct_size=ctypes.sizeof(CUserBlock))
        call(library.get_user_block, self._handle, raw)
        return UserBlock(raw.application_id, raw.user_version, raw.label.decode())

    def set_user_block(self, block: UserBlock) -> None:
        """Replaces the application's values, and makes all writes so far safe from a power cut."""
        raw = CUserBlock(struct_size=ctypes.sizeof(CUserBlock))
        raw.application_id = count_of("application_id", block.application_id, 32)
        raw.user_version = count_of("user_version", block.user_version, 32)
        raw.label = label_bytes(block.label)
        call(library.set_user_block, self._handle, raw)

    @property
    def key_kind(self) -> KeyKind:
        """Whether keys are str or bytes."""
        return KeyKind.BYTES if self._form.key is bytes else KeyKind.TEXT
