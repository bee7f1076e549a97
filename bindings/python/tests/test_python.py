"""What Python has of its own; the meaning of the calls is conformance.py's."""

from __future__ import annotations

import contextlib
import gc
import io
import logging
import tempfile
import threading
import time
import unittest
from pathlib import Path

import numpy as np
import syna_mmap
from syna_mmap import Filter, Results, Status, Store, SynaError

DIMENSIONS = 64


def random_rows(count: int) -> "np.ndarray":
    return np.random.default_rng(1).standard_normal((count, DIMENSIONS), dtype=np.float32)


class StoreTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "store.syna"

    def open(self, **options: object) -> Store:
        store = Store(self.path, DIMENSIONS, "euclidean", **options)  # type: ignore[arg-type]
        self.addCleanup(store.close)
        return store

    def test_a_store_is_a_context_and_like_a_mapping(self) -> None:
        rows = random_rows(3)
        with Store(self.path, DIMENSIONS) as store:
            store["a"] = rows[0]
            store["a"] = rows[1]
            self.assertIn("a", store)
            self.assertNotIn(7, store)
            self.assertEqual(len(store), 1)
            np.testing.assert_array_equal(store["a"], rows[1])
            self.assertIsNone(store.get("b"))
            with self.assertRaises(KeyError) as missing:
                store["b"]
            self.assertIn("not found", str(missing.exception))
            del store["a"]
            with self.assertRaises(KeyError):
                del store["a"]
        with self.assertRaises(syna_mmap.InvalidHandleError):
            store.checkpoint()
        store.close()

    def test_conditions_are_asked_and_what_they_raise_comes_out(self) -> None:
        store, rows = self.open(), random_rows(100)
        keys = [f"{'even' if i % 2 == 0 else 'odd'}{i}" for i in range(100)]
        store.insert_batch(keys, rows, tags=np.arange(100) % 4)
        exact = sorted(range(100), key=lambda i: float(np.linalg.norm(rows[i] - rows[7])))

        def found(condition: Filter) -> "list[int]":
            return [int(hit.row) for hit in store.search(rows[7], 5, filter=condition)]

        self.assertEqual(found(Filter(key_prefix="even")), [i for i in exact if i % 2 == 0][:5])
        self.assertEqual(found(Filter(tags_any=1)), [i for i in exact if i % 4 in (1, 3)][:5])
        self.assertEqual(found(Filter(rows=np.arange(100) > 90)), [i for i in exact if i > 90][:5])
        self.assertEqual(found(Filter(rows=[3, 99])), [i for i in exact if i in (3, 99)])
        self.assertEqual(found(Filter(rows=[])), [])
        self.assertEqual(found(Filter(callback=lambda row: row.vector[0] > 0)), [i for i in exact if rows[i, 0] > 0][:5])

        def fails(_: object) -> bool:
            raise RuntimeError("no answer")

        with self.assertRaisesRegex(RuntimeError, "no answer"):
            store.search(rows[7], 5, filter=Filter(callback=fails))
        with self.assertRaisesRegex(RuntimeError, "no answer"):
            store.build_index(lambda done, total: fails(done))

    def test_rows_are_walked_over_and_outlive_their_store(self) -> None:
        store, rows = self.open(), random_rows(600)
        store.insert_batch([str(i) for i in range(600)], rows, payloads=[b"p" * (i % 3) for i in range(600)])
        self.assertEqual(list(store), [str(i) for i in range(600)])
        walked = list(store.rows(500))
        store.close()
        gc.collect()
        np.testing.assert_array_equal(np.stack([row.vector for row in walked]), rows[500:])
        self.assertEqual([row.payload for row in walked[:3]], [b"pp", b"", b"p"])
        self.assertFalse(walked[0].vector.flags.writeable)

    def test_many_queries_share_a_call(self) -> None:
        store, rows = self.open(threads=2), random_rows(200)
        store.insert_batch([str(i) for i in range(200)], rows)
        queries = rows[:3].copy()
        queries[1, 0] = np.nan
        results = store.search_batch(queries, 4)
        self.assertEqual([hit.key for hit in results.query(2)], store.search(rows[2], 4).keys)
        with self.assertRaises(syna_mmap.InvalidVectorError):
            results.query(1)
        with self.assertRaises(syna_mmap.DimensionMismatchError):
            store.search_batch(rows[0], 4)

    def test_the_library_tells_a_logger(self) -> None:
        logger = logging.getLogger("syna-test")
        with self.assertLogs(logger, logging.INFO) as heard:
            syna_mmap.log_to(logger)
            self.addCleanup(syna_mmap.log_to, None)
            store = self.open()
            store.insert_batch([str(i) for i in range(50)], random_rows(50))
            store.build_index()
        self.assertIn("built an index of 50 rows", "".join(heard.output))
        syna_mmap.log_to(None)

    def test_an_option_that_there_is_not(self) -> None:
        with self.assertRaisesRegex(TypeError, "colour"):
            Store.in_memory(64, colour=1)
        with Store.in_memory(64, "euclidean", index_threshold=10, index_worker=True) as store:
            store.insert_batch([str(i) for i in range(20)], random_rows(20))
            self.assertEqual((store.stats.live_rows, store.dimensions), (20, 64))

    def test_arrays_of_any_kind_go_in(self) -> None:
        store = self.open()
        rows = random_rows(4)
        # What is no float32 is converted: other numbers, lists.
        self.assertTrue(store.insert("list", rows[0].tolist()))
        self.assertTrue(store.insert("double", rows[1].astype(np.float64)))
        self.assertTrue(store.insert("strided", np.repeat(rows[2], 2)[::2]))
        self.assertTrue(store.insert("big-endian", rows[3].astype(">f4")))
        for key, row in zip(["list", "double", "strided", "big-endian"], rows):
            np.testing.assert_array_equal(store[key], row)
            row.flags.writeable = False
            self.assertEqual(store.search(row, 1).keys, [key])
            self.assertEqual(store.search(np.repeat(row, 2)[::2].astype(">f4").tolist(), 1)[0].distance, 0.0)
        out = np.empty(DIMENSIONS, np.float32)
        self.assertIs(store.read("list", out), out)
        np.testing.assert_array_equal(out, rows[0])
        for wrong in [out[:63], np.zeros((1, 64), np.float32), np.zeros(65, np.float32)]:
            with self.assertRaises(syna_mmap.DimensionMismatchError):
                store.insert("wrong", wrong)
            with self.assertRaises(syna_mmap.DimensionMismatchError):
                store.search(wrong, 1)
        with self.assertRaises(syna_mmap.InvalidArgumentError):
            store.read("list", np.empty(DIMENSIONS, np.float64))  # type: ignore[arg-type]
        out.flags.writeable = False
        with self.assertRaises(syna_mmap.InvalidArgumentError):
            store.read("list", out)
        with self.assertRaises(syna_mmap.DimensionMismatchError):
            store.insert_batch(["a", "b"], rows)
        with self.assertRaises(syna_mmap.InvalidArgumentError):
            store.insert_batch(["a", "b"], rows[:2], tags=[1])

    def test_what_is_no_key_no_vector_and_no_count_is_said_so(self) -> None:
        store, rows = self.open(), random_rows(3)
        store.insert_batch(["a", "b", "c"], rows, payloads=[b"1", bytearray(b"2"), None])
        self.assertEqual(store.payload("b"), b"2")
        for key in [7, None, 1.5, ["a"]]:
            for use in [
                lambda: store.insert(key, rows[0]),  # type: ignore[arg-type]
                lambda: store.insert_batch([key], rows[:1]),  # type: ignore[list-item]
                lambda: store.get(key),  # type: ignore[arg-type]
                lambda: store.delete(key),  # type: ignore[arg-type]
                lambda: store.search_key(key, 1),  # type: ignore[arg-type]
                lambda: store.search(rows[0], 1, filter=Filter(key_prefix=key)),  # type: ignore[arg-type]
            ]:
                with self.assertRaisesRegex(TypeError, r"a key is a str or bytes, not .*str\(key\)"):
                    use()
        for keys in ["abc", b"abc"]:
            for insert in [store.insert_batch, store.upsert_batch, store.insert_many]:
                with self.assertRaisesRegex(TypeError, "pass a list"):
                    insert(keys, rows)  # type: ignore[operator]
        with self.assertRaisesRegex(TypeError, "pass a list"):
            store.insert_batch(["d", "e", "f"], rows, payloads=b"abc")  # type: ignore[arg-type]
        with self.assertRaisesRegex(TypeError, "bytes or None, not str"):
            store.insert_batch(["d"], rows[:1], payloads=["abc"])  # type: ignore[list-item]
        for wrong in [rows > 0, rows.astype(np.complex64), rows.astype(str), rows.astype("M8[s]")]:
            for use in [
                lambda: store.insert("d", wrong[0]),
                lambda: store.insert("d", wrong[0].tolist()),
                lambda: store.insert_batch(["d"], wrong[:1]),
                lambda: store.search(wrong[0], 1),
                lambda: store.search_batch(wrong, 1),
            ]:
                with self.assertRaises(TypeError):
                    use()
        for use, number in [
            (lambda: store.search(rows[0], -1), "k is -1"),
            (lambda: store.search_batch(rows, -2), "k is -2"),
            (lambda: store.search(rows[0], 1, ef=-1), "ef is -1"),
            (lambda: store.search(rows[0], 1, ef=1 << 32), "ef is 4294967296"),
            (lambda: store.search(rows[0], 1, max_visits=-1), "max_visits is -1"),
            (lambda: store.search(rows[0], 1, deadline_us=-1), "deadline_us is -1"),
            (lambda: store.search(rows[0], 1, filter=Filter(rows=[-1])), "row number is -1"),
            (lambda: store.check_recall(-1), "samples is -1"),
            (lambda: store.reserve(-1), "count is -1"),
            (lambda: list(store.rows(-1)), "first_row is -1"),
            (lambda: store.index_step(budget_us=-1), "budget_us is -1"),
            (lambda: Store.in_memory(-64), "dimensions is -64"),
            (lambda: Store.in_memory((1 << 32) + 64), "dimensions is 4294967360"),
            (lambda: Store.in_memory(64, threads=-1), "threads is -1"),
        ]:
            with self.assertRaisesRegex(syna_mmap.InvalidArgumentError, number):
                use()
        with self.assertRaises(TypeError):
            store.insert_batch(["d"], rows[:1], tags=[1.5])
        self.assertEqual(list(store), ["a", "b", "c"])

    def test_results_are_those_of_the_last_search(self) -> None:
        store, rows = self.open(), random_rows(20)
        store.insert_batch([str(i) for i in range(20)], rows)
        distances = np.linalg.norm(rows - rows[7], axis=1)
        results = Results()
        for k in [3, 1, 3, 0, np.int64(5), 3]:
            self.assertIs(store.search(rows[7], int(k), into=results), results)
            self.assertEqual(results.rows.tolist(), np.argsort(distances)[: int(k)].tolist())
            np.testing.assert_allclose(results.distances, np.sort(distances)[: int(k)], rtol=1e-5)
            self.assertEqual(len(results), k)
        copied = results.rows
        copied[0] = 99
        self.assertEqual(results.rows[0], 7)
        with self.assertRaisesRegex(syna_mmap.InvalidVectorError, "NaN"):
            store.search(np.full(DIMENSIONS, np.nan, np.float32), 3, into=results)
        self.assertEqual((len(results), results.rows.size, results.keys), (0, 0, []))
        store.search(rows[7], 3, into=results)
        for wrong in ["3", 3.0, None]:
            with self.assertRaises(TypeError):
                store.search(rows[7], wrong, into=results)  # type: ignore[arg-type]
        with self.assertRaises(syna_mmap.LimitError):
            store.search(rows[7], 1 << 40, into=results)
        store.close()
        with self.assertRaisesRegex(syna_mmap.InvalidHandleError, "store is NULL"):
            store.search(rows[7], 3, into=results)

    def test_threads_search_at_once(self) -> None:
        store, rows = self.open(), random_rows(500)
        store.insert_batch([str(i) for i in range(500)], rows)
        failed: "list[object]" = []

        def search(first: int) -> None:
            results = Results()
            for i in range(first, 500, 4):
                k = 1 + i % 3
                found = store.search(rows[i], k, ef=100 + i % 5, exact=i % 2 == 0, into=results).rows.tolist()
                if len(found) != k or found[0] != i:
                    failed.append((i, found))

        threads = [threading.Thread(target=search, args=(first,)) for first in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failed, [])

    def test_a_condition_that_searches_spoils_nothing(self) -> None:
        store, rows, results = self.open(), random_rows(50), Results()
        store.insert_batch([str(i) for i in range(50)], rows)
        with self.assertRaisesRegex(syna_mmap.InvalidArgumentError, "callback"):
            condition = Filter(callback=lambda row: bool(store.search(row.vector, 49, ef=77, into=results)))
            store.search(rows[3], 2, filter=condition, into=results)
        self.assertEqual(len(results), 0)
        self.assertEqual(len(store.search(rows[3], 49, ef=77, into=results)), 49)

    def test_vectors_of_hits_stay_good(self) -> None:
        store = self.open()
        rows = random_rows(200)
        store.insert_batch([str(i) for i in range(200)], rows)
        results = Results()
        kept = []
        for i in range(200):
            store.search(rows[i], 1, into=results)
            if i % 3 == 0:
                kept.append((i, results[0].vector[:]))
        del results
        store.close()
        gc.collect()
        for i, vector in kept:
            self.assertFalse(vector.flags.writeable or vector.flags.owndata)
            with self.assertRaises(ValueError):
                vector.flags.writeable = True
            np.testing.assert_array_equal(vector, rows[i])

    def test_results_that_nobody_looks_at_are_used_again(self) -> None:
        store = self.open()
        store.insert("a", random_rows(1)[0])
        results = Results()
        first = results._lease
        handle = first.handle.value
        del first
        for _ in range(3):
            store.search(random_rows(1)[0], 1, into=results)
        self.assertEqual(results._lease.handle.value, handle)
        held = results[0].vector
        store.search(random_rows(1)[0], 1, into=results)
        self.assertNotEqual(results._lease.handle.value, handle)
        self.assertEqual(len(held), DIMENSIONS)
        self.assertEqual([hit.key for hit in results[:]], results.keys)
        self.assertEqual(results[-1].key, "a")
        with self.assertRaises(IndexError):
            results[1]

    def test_errors_have_classes(self) -> None:
        self.open()
        with self.assertRaises(syna_mmap.LockedError) as locked:
            Store(self.path, DIMENSIONS, "euclidean")
        self.assertEqual(locked.exception.status, Status.LOCKED)
        self.assertIn("close it", str(locked.exception))
        with self.assertRaises(syna_mmap.InvalidDimensionsError):
            Store(self.path, 63)
        with self.assertRaises(syna_mmap.InvalidArgumentError):
            Store(self.path, DIMENSIONS, "manhattan")
        with self.assertRaises(syna_mmap.InvalidArgumentError):
            Store("a\0b", DIMENSIONS)
        self.assertEqual(SynaError(99, "new").status, 99)
        with self.assertRaises(syna_mmap.InvalidKeyError):
            self.open_elsewhere().insert("\ud800", np.zeros(DIMENSIONS))

    def open_elsewhere(self) -> Store:
        store = Store(self.path.with_name("elsewhere"), DIMENSIONS)
        self.addCleanup(store.close)
        return store

    def test_the_gil_is_released(self) -> None:
        store = self.open()
        store.insert_many([str(i) for i in range(3000)], random_rows(3000), progress=False)
        ticks: "list[float]" = []
        done = threading.Event()

        def tick() -> None:
            while not done.is_set():
                ticks.append(time.monotonic())
                time.sleep(0.001)

        ticker = threading.Thread(target=tick)
        ticker.start()
        began = time.monotonic()
        store.build_index()
        ended = time.monotonic()
        done.set()
        ticker.join()
        within = [t for t in ticks if began < t < ended]
        self.assertGreater(len(within), 5, f"{len(within)} ticks in a build of {ended - began:.3f} s")

    def test_progress_is_shown(self) -> None:
        store = self.open()
        shown = io.StringIO()
        with contextlib.redirect_stderr(shown):
            self.assertEqual(store.insert_many([str(i) for i in range(3000)], random_rows(3000)), 3000)
            store.build_index(progress=True)
            self.assertEqual(store.verify(progress=True), [])
        for what in ["insert: 100%", "3000/3000", "build index", "verify"]:
            self.assertIn(what, shown.getvalue())

    def test_an_exception_comes_out_of_verify(self) -> None:
        store = self.open()
        store.insert_many([str(i) for i in range(3000)], random_rows(3000), progress=False)
        store.build_index()

        def told(*_: object) -> bool:
            raise RuntimeError("mine")

        with self.assertRaisesRegex(RuntimeError, "mine"):
            store.verify(told)
        with self.assertRaises(syna_mmap.CancelledError):
            store.verify(lambda *_: False)

    def test_views_outlive_a_store_and_its_memory(self) -> None:
        path = self.path
        rows = random_rows(50)
        with Store(path, 64, "euclidean") as store:
            store.insert_many([str(i) for i in range(50)], rows, progress=False)
            store.put("tagged", rows[0], tags=7, payload=b"bytes")
            view = store.view("7")
            first, last = store.row_at(0), store.view("tagged")
            vectors, found = store.read_many(["3", "none"])
            self.assertEqual(store.options["dimensions"], 64)
            self.assertEqual(store.path, str(path))
        self.assertTrue(np.array_equal(view.vector, rows[7]) and np.array_equal(first.vector, rows[0]))
        self.assertEqual((last.tags, last.payload, found.tolist()), (7, b"bytes", [True, False]))
        self.assertTrue(np.array_equal(vectors[0], rows[3]) and not vectors[1].any())
        store = Store.open_memory(path.read_bytes())
        hit, walked, viewed = store.search(rows[5], 1)[0], list(store.rows()), store.view("9")
        store.close()
        del store
        gc.collect()
        # The memory would be used again here.
        self.assertEqual(len([bytes(1 << 16) for _ in range(200)]), 200)
        self.assertTrue(np.array_equal(hit.vector, rows[5]) and np.array_equal(walked[20].vector, rows[20]))
        self.assertTrue(np.array_equal(viewed.vector, rows[9]))
        self.assertIsNone(Store.in_memory(64).path)

    def test_conditions_without_a_search(self) -> None:
        store = self.open()
        for i in range(100):
            store.put(f"k{i}", random_rows(1)[0], tags=i)
        self.assertEqual(store.count_where(), 100)
        self.assertEqual(store.rows_where(Filter(tags_all=64), 70, 3).tolist(), [70, 71, 72])
        self.assertEqual(store.rows_where(Filter(callback=lambda row: row.tags > 97)).tolist(), [98, 99])

        def told(_: object) -> bool:
            raise RuntimeError("mine")

        with self.assertRaisesRegex(RuntimeError, "mine"):
            store.count_where(Filter(callback=told))

    def test_a_deadline_makes_results_partial(self) -> None:
        store = self.open(index_threshold=0)
        rows = random_rows(20000)
        store.insert_many([str(i) for i in range(20000)], rows, progress=False)
        results = store.search(rows[0], 10, exact=True, deadline=0.0)
        self.assertTrue(results.is_partial)


if __name__ == "__main__":
    unittest.main()
