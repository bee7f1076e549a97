"""Stores of 16-bit floats and of integers with a scale, in Python's types; conformance.py has their meaning."""

import gc
import tempfile
import unittest
from pathlib import Path

import numpy as np
from syna_mmap import (
    DimensionMismatchError,
    Element,
    ElementMismatchError,
    Filter,
    InvalidArgumentError,
    InvalidVectorError,
    Metric,
    NotFoundError,
    Results,
    Status,
    Store,
)

SMALL = (Element.F16, Element.I8)


def vectors(count: int, dimensions: int = 67) -> np.ndarray:
    return np.random.default_rng(5).standard_normal((count, dimensions)).astype(np.float32)


class Elements(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "store"

    def tearDown(self) -> None:
        self.folder.cleanup()

    def stored(self, element: Element, given: np.ndarray) -> np.ndarray:
        """What a store of this type makes of float32, by numpy."""
        if element == Element.F16:
            return given.astype(np.float16).astype(np.float32)
        scales = (np.abs(given).max(axis=1) / np.float32(127)).astype(np.float32)
        return np.rint(given / scales[:, None]).astype(np.float32) * scales[:, None]

    def test_vectors_come_back_rounded_wherever_they_are_read(self) -> None:
        given, keys = vectors(20), [f"k{n}" for n in range(20)]
        for element in SMALL:
            wanted = self.stored(element, given)
            with Store.in_memory(67, Metric.EUCLIDEAN, element=element) as store:
                store.insert_batch(keys, given)
                self.assertIs(store.element, element)
                self.assertEqual(store.vector_bytes, 134 if element == Element.F16 else 72)
                seen = []
                condition = Filter(callback=lambda row: seen.append((row.vector.copy(), bytes(row.stored))) is None)
                hits = store.search(given[3], 5, filter=condition)
                by_key = {row.key: row for row in store.rows()}
                for hit in hits:
                    number = int(hit.key[1:])
                    self.assertTrue(np.allclose(hit.vector, wanted[number], rtol=0, atol=1e-6), hit)
                    row, view = by_key[hit.key], store.view(hit.key)
                    for vector in row.vector, view.vector, store[hit.key], store.row_at(number).vector:
                        self.assertEqual(vector.dtype, np.float32)
                        self.assertEqual(vector.tobytes(), hit.vector.tobytes())
                    for stored in row.stored, view.stored:
                        self.assertEqual(stored, hit.stored)
                    self.assertEqual((len(hit.stored), hit.stored.readonly), (store.vector_bytes, True))
                self.assertIn((hits[0].vector.tobytes(), hits[0].stored), [(v.tobytes(), s) for v, s in seen])
                self.assertEqual(hits[0].key, "k3")

    def test_what_was_taken_from_hits_stays_good(self) -> None:
        given = vectors(3)
        results = Results()
        with Store(self.path, 67, Metric.EUCLIDEAN, element=Element.I8) as store:
            store.insert_batch(["a", "b", "c"], given)
            held = store.search(given[0], 1, into=results)[0].stored
            before = bytes(held)
            row = store.view("b").stored
            kept = bytes(row)
            store.search(given[2], 1, into=results)
            for key in "a", "b":
                store.delete(key)
            store.compact()
        del results
        gc.collect()
        self.assertEqual((bytes(held), bytes(row)), (before, kept))

    def test_arrays_of_float16_go_into_a_store_of_16_bit_floats_as_they_are(self) -> None:
        given = vectors(4).astype(np.float16)
        for order in given, np.asfortranarray(given), given[::-1][::-1], given.astype(">f2"):
            with Store.in_memory(67, Metric.EUCLIDEAN, element=Element.F16) as store:
                self.assertEqual(store.insert_batch(list("abcd"), order), 4)
                self.assertEqual(store.upsert_batch(list("ab"), order[:2]), 2)
                self.assertEqual(store.insert_many(list("efgh"), order, batch_rows=3, progress=False), 4)
                self.assertEqual(store.write(list("ij"), order[:2], delete=["a"]).rows, 2)
                for n, key in enumerate("bcdefghij", 1):
                    self.assertEqual(store.view(key).stored, given[n % 4 if key < "i" else n - 8].tobytes(), key)
        with Store.in_memory(67, Metric.EUCLIDEAN, element=Element.F16) as store:
            with self.assertRaises(InvalidVectorError):
                store.insert_batch(["x"], np.full((1, 67), np.inf, np.float16))
            with self.assertRaises(DimensionMismatchError):
                store.insert_batch(["x"], np.zeros((1, 68), np.float16))
            with self.assertRaises(InvalidVectorError):
                store.insert("x", np.full(67, 65520.0, np.float32))
            store.insert("one", given[0])
            self.assertEqual(store.view("one").stored, given[0].tobytes())
            self.assertEqual(store.search(given[0], 1)[0].distance, 0)
        for element in Element.F32, Element.I8:
            with Store.in_memory(67, Metric.EUCLIDEAN, element=element) as store:
                store.insert_batch(list("abcd"), given)
                wanted = given.astype(np.float32) if element == Element.F32 else self.stored(element, given.astype(np.float32))
                self.assertTrue(np.allclose(store.read_many(list("abcd"))[0], wanted, rtol=0, atol=1e-6))

    def test_stored_rows_are_copied_between_stores_of_a_type(self) -> None:
        given, keys = vectors(5), list("abcde")
        for element in (Element.F32, *SMALL):
            source = Store.in_memory(67, Metric.EUCLIDEAN, element=element)
            source.insert_batch(keys, given)
            rows = [row.stored for row in source.rows()]
            together = b"".join(rows)
            odd = memoryview(b"x" + together)[1:]
            array = np.frombuffer(together, np.uint8).reshape(5, -1)
            for stored in rows, tuple(bytes(row) for row in rows), together, bytearray(together), odd, array:
                with Store.in_memory(67, Metric.EUCLIDEAN, element=element) as target:
                    self.assertEqual(target.write(keys, stored=stored, tags=[1, 2, 3, 4, 5]).rows, 5)
                    self.assertEqual([bytes(row.stored) for row in target.rows()], [bytes(row) for row in rows])
                    self.assertEqual(target.tags("e"), 5)
            source.close()

    def test_stored_rows_of_a_wrong_type_or_length_are_refused(self) -> None:
        with Store.in_memory(64, Metric.EUCLIDEAN, element=Element.I8) as store:
            for stored in bytes(67), [bytes(67)], [bytes(60), bytes(76)], bytes(69):
                keys = ["a", "b"] if len(stored) == 2 else ["a"]
                with self.assertRaises(DimensionMismatchError):
                    store.write(keys, stored=stored)
            with self.assertRaises(InvalidArgumentError):
                store.write(["a"], stored=[bytes(68), bytes(68)])
            with self.assertRaises(InvalidArgumentError):
                store.write(["a"], np.zeros((1, 64)), stored=bytes(68))
            with self.assertRaises(InvalidArgumentError):
                store.write(["a"], stored=bytes(68), stored_element=77)
            with self.assertRaises(ElementMismatchError) as raised:
                store.write(["a"], stored=bytes(128), stored_element=Element.F16)
            self.assertEqual(raised.exception.status, Status.ELEMENT_MISMATCH)
            with self.assertRaises(InvalidVectorError):
                store.write(["a"], stored=b"\x80" + bytes(67))
            self.assertEqual(len(store), 0)
            # Floats are converted.
            self.assertEqual(store.write(["a"], stored=np.ones(64, "<f4"), stored_element=Element.F32).rows, 1)
            self.assertTrue(np.allclose(store["a"], 1))

    def test_the_element_type_is_the_files(self) -> None:
        for option in {"element": Element.FROM_FILE}, {"metric": Metric.FROM_FILE}:
            with self.assertRaises(NotFoundError):
                Store(self.path, 64, **option)
        Store(self.path, 64, element=Element.I8).close()
        for element in None, Element.F32, Element.F16:
            with self.assertRaises(ElementMismatchError):
                Store(self.path, 64, element=element)
        with self.assertRaises(InvalidArgumentError):
            Store(self.path, 64, element=3)
        with Store(self.path, 64, element=Element.FROM_FILE) as store:
            self.assertEqual((store.element, store.options["element"]), (Element.I8, Element.I8))
            store.insert("a", np.ones(64))
        # Those that only read take what the file says.
        with open(self.path, "rb") as file, Store.open_at(file.fileno(), 0, self.path.stat().st_size) as store:
            self.assertIs(store.element, Element.I8)
        with Store.open_memory(self.path.read_bytes()) as store:
            self.assertEqual((store.element, len(store.view("a").stored)), (Element.I8, 68))
        self.assertEqual(store.vector_bytes, 0)


if __name__ == "__main__":
    unittest.main()
