"""Keys of bytes, labels, and writes of several kinds in Python's types; conformance.py has their meaning."""

import tempfile
import unittest
import uuid
from pathlib import Path

import numpy as np
from syna_mmap import (
    Filter,
    InvalidArgumentError,
    KeyKind,
    KeyKindMismatchError,
    LabelMismatchError,
    Metric,
    NotFoundError,
    Store,
    UserBlock,
    Written,
)


def vector(value: float) -> np.ndarray:
    return np.full(64, value, np.float32)


class Identity(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "store"

    def tearDown(self) -> None:
        self.folder.cleanup()

    def test_keys_of_a_store_of_bytes_come_back_as_bytes(self) -> None:
        keys = [uuid.UUID(int=n << 100).bytes for n in range(3)]
        with Store(self.path, 64, Metric.EUCLIDEAN, key_kind=KeyKind.BYTES) as store:
            store.insert_batch(keys, np.stack([vector(n) for n in range(3)]))
            store["text"] = vector(9)
        for kind in KeyKind.BYTES, KeyKind.FROM_FILE:
            with Store(self.path, 64, Metric.EUCLIDEAN, key_kind=kind) as store:
                self.assertIs(store.key_kind, KeyKind.BYTES)
                self.assertEqual(list(store), keys + [b"text"])
                self.assertEqual(store.search(vector(1), 1).keys, [keys[1]])
                self.assertEqual(store.search(vector(1), 1)[0].key, keys[1])
                seen: list = []
                store.search(vector(1), 9, filter=Filter(callback=lambda row: seen.append(row.key) is not None))
                self.assertEqual(sorted(seen), sorted(keys + [b"text"]))
                self.assertTrue(keys[2] in store and "text" in store and b"text" in store)
        with self.assertRaises(KeyKindMismatchError):
            Store(self.path, 64, Metric.EUCLIDEAN)
        file = open(self.path, "rb")
        with file, Store.open_at(file.fileno(), 0, self.path.stat().st_size) as store:
            self.assertEqual(list(store), keys + [b"text"])

    def test_keys_of_text_are_str(self) -> None:
        with self.assertRaises(NotFoundError):
            Store(self.path, 64, key_kind=KeyKind.FROM_FILE)
        Store(self.path, 64).close()
        with Store(self.path, 64, key_kind=KeyKind.FROM_FILE) as store:
            store.insert(b"a", vector(1))
            self.assertIs(store.key_kind, KeyKind.TEXT)
            self.assertEqual(list(store), ["a"])

    def test_labels(self) -> None:
        with Store(self.path, 64, label="model-1", user_version=2) as store:
            self.assertEqual(store.user_block, UserBlock(0, 2, "model-1"))
            for block in UserBlock(label="m" * 65), UserBlock(label="a\0b"), UserBlock(1 << 32), UserBlock(0, -1):
                with self.assertRaises(InvalidArgumentError):
                    store.set_user_block(block)
            with self.assertRaises(TypeError):
                store.set_user_block(UserBlock(label=3))
            self.assertEqual(store.user_block, UserBlock(0, 2, "model-1"))
        with self.assertRaises(LabelMismatchError):
            Store(self.path, 64, expected_label="model-2")
        with self.assertRaises(InvalidArgumentError):
            Store(self.path, 64, expected_label="model-1\0")

    def test_writes_of_several_kinds(self) -> None:
        with Store(self.path, 64, Metric.EUCLIDEAN) as store:
            self.assertEqual(store.write(["a", "b"], np.stack([vector(1), vector(2)]), [1, 2]), Written(2, 0))
            self.assertEqual(store.write(["c"], [vector(3)], delete=["a", "x"]), Written(1, 1))
            self.assertEqual(store.write(delete=["x"]), Written(0, 0))
            with self.assertRaises(InvalidArgumentError):
                store.write(["d"])
            for call in store.delete_batch, store.update, lambda keys: store.write(delete=keys):
                with self.assertRaises(TypeError):
                    call("bc")
            with self.assertRaises(InvalidArgumentError):
                store.update(["b"], tags=[1, 2])
            self.assertEqual(store.update(["b", "x"], payloads=[b"pay", None]), 1)
            self.assertEqual((store.tags("b"), store.payload("b")), (2, b"pay"))
            store.set_payload("b", None)
            self.assertEqual(store.payload("b"), b"")
            with self.assertRaises(InvalidArgumentError):
                store.set_tags("b", -1)
            with self.assertRaises(NotFoundError):
                store.set_tags("a", 1)

            def fails(row: object) -> bool:
                raise OverflowError

            with self.assertRaises(OverflowError):
                store.delete_where(Filter(callback=fails))
            self.assertEqual((len(store), store.delete_where(Filter(tags_any=2)), list(store)), (2, 1, ["c"]))


if __name__ == "__main__":
    unittest.main()
