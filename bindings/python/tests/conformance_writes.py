"""The operations of bindings/conformance/cases.txt that write batches, update rows and set the user block."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional

import numpy as np
from conformance_words import bytes_of, require, vector_of
from syna_mmap import Element, Filter, Store, UserBlock


class Writes:
    """The part of a replay that writes."""

    words: List[str]
    expected: List[str]
    store: Callable[[], Store]
    said_status: Callable[[Callable[[], Any]], bool]
    is_next: Callable[[str], bool]
    options: Callable[[], Dict[str, Any]]

    def following(self, operation: str, count: int) -> List[List[str]]:
        """The words of that many lines that follow."""
        expected, lines = self.expected, []
        for _ in range(count):
            require(self.is_next(operation), f"a line with {operation} is missing")
            lines.append(self.words[1:])
        self.expected = expected
        return lines

    def batch(self) -> None:
        store, upsert, words = self.store(), self.words[2] == "upsert", self.words
        deleted = [bytes_of(key) for key, in self.following("key", int(words[4]))] if len(words) > 4 else None
        rows = self.following("row", int(words[3]))
        keys = [bytes_of(row[0]) for row in rows]
        vectors = np.array([vector_of(row[1]) for row in rows], np.float32)
        tags: Optional[List[int]] = [int(row[2]) for row in rows]
        payloads: Optional[List[bytes]] = [bytes_of(row[3]) for row in rows]
        if not any(tags or []):
            tags = None
        if not any(payloads or []):
            payloads = None
        if deleted is not None:
            wanted = deleted
            self.said_status(lambda: list(store.write(keys, vectors, tags, payloads, delete=wanted, upsert=upsert)))
            return
        write = store.upsert_batch if upsert else store.insert_batch
        self.said_status(lambda: [write(keys, vectors, tags, payloads)])

    def batch_stored(self) -> None:
        store, upsert, kind = self.store(), self.words[2] == "upsert", self.words[3]
        element: Any = int(kind) if kind.isdigit() else Element[kind.upper()]
        rows = self.following("row", int(self.words[4]))
        keys, stored = [bytes_of(row[0]) for row in rows], [bytes_of(row[1]) for row in rows]
        tags = [int(row[2]) for row in rows]
        payloads: Optional[List[bytes]] = [bytes_of(row[3]) for row in rows]
        if not any(payloads or []):
            payloads = None
        options: Dict[str, Any] = {"upsert": upsert, "stored": stored, "stored_element": element}
        self.said_status(lambda: [store.write(keys, None, tags, payloads, **options).rows])

    def delete_batch(self) -> None:
        store = self.store()
        keys = [bytes_of(key) for key, in self.following("key", int(self.words[2]))]
        self.said_status(lambda: [store.delete_batch(keys)])

    def delete_where(self) -> None:
        self.said_status(lambda: [self.store().delete_where(self.options().get("filter", Filter()))])

    def update(self) -> None:
        store, what = self.store(), self.words[2]
        rows = self.following("values", int(self.words[3]))
        keys = [bytes_of(row[0]) for row in rows]
        tags = [int(row[1]) for row in rows] if what in ("tags", "both") else None
        payloads = [bytes_of(row[2]) for row in rows] if what in ("payloads", "both") else None
        self.said_status(lambda: [store.update(keys, tags, payloads)])

    def user_block(self) -> None:
        def compared() -> List[Any]:
            block = self.store().user_block
            is_label = block.label.encode() == bytes_of(self.expected[3])
            return [block.application_id, block.user_version, self.expected[3] if is_label else f"label {block.label}"]

        self.said_status(compared)

    def set_user_block(self) -> None:
        block = UserBlock(int(self.words[2]), int(self.words[3]), bytes_of(self.words[4]).decode())
        self.said_status(lambda: self.store().set_user_block(block))
