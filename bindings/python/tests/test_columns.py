"""Columns in Python's types."""

import tempfile
import unittest
from pathlib import Path
from typing import Any

import numpy as np
from syna_mmap import (
    Column,
    ColumnKind,
    ColumnsMismatchError,
    Filter,
    InvalidArgumentError,
    LimitError,
    Metric,
    NotFoundError,
    Results,
    Status,
    Store,
    hash64,
)

COLUMNS = {"year": "i64", "tenant": ColumnKind.U64, "price": "f64"}


def vectors(count: int) -> np.ndarray:
    return np.random.default_rng(5).standard_normal((count, 67)).astype(np.float32)


class Frame:
    """A data frame, as far as the binding knows one: `frame[name]` is something that numpy converts."""

    class Part:
        def __init__(self, values: Any) -> None:
            self.values = values

        def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
            return np.array(self.values, dtype)

    def __init__(self, **columns: Any) -> None:
        self.columns = columns

    def __getitem__(self, name: str) -> "Frame.Part":
        return self.Part(self.columns[name])


class Columns(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "store"

    def tearDown(self) -> None:
        self.folder.cleanup()

    def memory(self, columns: Any = COLUMNS) -> Store:
        store = Store.in_memory(67, Metric.EUCLIDEAN, columns=columns)
        self.addCleanup(store.close)
        return store

    def test_values_are_written_updated_and_read(self) -> None:
        given, keys = vectors(4), list("abcd")
        with Store(self.path, 67, Metric.EUCLIDEAN, columns=COLUMNS) as store:
            self.assertEqual(store.columns, (("year", 1), ("tenant", 2), ("price", 3)))
            self.assertEqual(store.columns[1], Column("tenant", ColumnKind.U64))
            self.assertEqual(store.options["columns"], store.columns)
            self.assertNotIn("column_count", store.options)
            years = np.array([-2001, 1999, 2020, 2024], np.int32)
            # A column that is left out is 0.
            self.assertEqual(store.insert_batch(keys, given, columns={"price": [0.5, 1, -2.5, 1e300], "year": years}), 4)
            tenants = [2**64 - 1, 7, 3]
            self.assertEqual(store.update(["a", "nothing", "c"], columns={"tenant": tenants}), 2)
            wanted = {
                "a": {"year": -2001, "tenant": 2**64 - 1, "price": 0.5},
                "b": {"year": 1999, "tenant": 0, "price": 1.0},
                "c": {"year": 2020, "tenant": 3, "price": -2.5},
                "d": {"year": 2024, "tenant": 0, "price": 1e300},
            }
            self.check(store, given, wanted)
        # The columns come from the file, also for those that only read.
        with Store(self.path, 67, Metric.EUCLIDEAN) as store:
            self.check(store, given, wanted)
            store.compact()
            self.check(store, given, wanted)
        with Store.open_memory(self.path.read_bytes()) as store:
            self.check(store, given, wanted)

    def check(self, store: Store, given: np.ndarray, wanted: Any) -> None:
        self.assertEqual({key: {name: store.get_value(key, name) for name in COLUMNS} for key in wanted}, wanted)
        self.assertEqual({row.key: row.values for row in store.rows()}, wanted)
        self.assertEqual(store.view("c").values, wanted["c"])
        self.assertEqual(store.row_at(0).values, wanted["a"])
        results = Results()
        self.assertEqual({hit.key: hit.values for hit in store.search(given[1], 9, into=results)}, wanted)
        self.assertEqual(results.values("year").tolist(), [wanted[key]["year"] for key in results.keys])
        dtypes = [results.values(name).dtype for name in COLUMNS]
        self.assertEqual(dtypes, [np.int64, np.uint64, np.float64])
        self.assertIsInstance(results[0].values["year"], int)
        recent = store.search(given[1], 9, filter=Filter(callback=lambda row: row.values["year"] >= 2020))
        self.assertEqual(sorted(recent.keys), ["c", "d"])

    def test_other_columns_are_refused(self) -> None:
        Store(self.path, 67, columns=COLUMNS).close()
        for columns in {"year": "i64"}, {**COLUMNS, "year": "f64"}, [("tenant", "u64"), ("year", "i64"), ("price", "f64")]:
            with self.assertRaises(ColumnsMismatchError) as raised:
                Store(self.path, 67, columns=columns)
            self.assertEqual(raised.exception.status, Status.COLUMNS_MISMATCH)
        for columns in None, [], list(COLUMNS.items()):
            with Store(self.path, 67, columns=columns) as store:
                with Store.in_memory(67, columns=store.columns) as other:
                    self.assertEqual(other.columns, store.columns)

    def test_names_and_kinds_are_checked(self) -> None:
        for columns in [
            {"": "i64"},
            {"n" * 33: "i64"},
            {"a\0b": "i64"},
            {"\ud800": "i64"},
            {"year": "i32"},
            {"year": 4},
            [("year", "i64"), ("year", "f64")],
        ]:
            with self.assertRaises(InvalidArgumentError, msg=columns):
                self.memory(columns)
        with self.assertRaises(LimitError):
            self.memory({f"c{n}": "f64" for n in range(17)})
        with self.assertRaises(TypeError):
            Store.in_memory(67, column_count=1)
        names = ["\u00fc" * 16, *(f"c{n}" for n in range(15))]
        store = self.memory({name: "f64" for name in names})
        store.insert_batch(["k"], vectors(1), columns={name: [n / 2] for n, name in enumerate(names)})
        self.assertEqual(store.view("k").values, {name: n / 2 for n, name in enumerate(names)})
        self.assertEqual(self.memory(None).columns, ())

    def test_tables_are_taken_by_their_names(self) -> None:
        fields = [("other", "U3"), ("price", "f4"), ("tenant", "u1"), ("year", ">i2")]
        records = np.array([("x", 0.5, 1, -3), ("y", 1.5, 2, 4)], fields)
        frame = Frame(year=[-3, 4], tenant=np.array([1, 2], np.int16), price=[0.5, 1.5], other=["x", "y"])
        for table in frame, records:
            store = self.memory()
            self.assertEqual(store.insert_batch(["a", "b"], vectors(2), columns=table), 2)
            self.assertEqual(store.upsert_batch(["c", "d"], vectors(2), columns=table), 2)
            self.assertEqual(store.write(["e", "f"], vectors(2), columns=table).rows, 2)
            self.assertEqual(store.insert_many(["g", "h"], vectors(2), columns=table, batch_rows=1, progress=False), 2)
            found = [row.values for row in store.rows()]
            self.assertEqual(found, 4 * [dict(year=-3, tenant=1, price=0.5), dict(year=4, tenant=2, price=1.5)])
        store = self.memory()
        with self.assertRaisesRegex(InvalidArgumentError, "has no 'tenant'"):
            store.insert_batch(["a", "b"], vectors(2), columns=Frame(year=[1, 2], price=[1, 2]))
        with self.assertRaisesRegex(InvalidArgumentError, "no columns"):
            self.memory(None).insert_batch(["a", "b"], vectors(2), columns=frame)

    def test_values_that_would_change_are_refused(self) -> None:
        store = self.memory()
        store.insert_batch(["a", "b"], vectors(2))
        for columns, part in [
            ({"colour": [1, 2]}, "no column 'colour'"),
            ({"year": [1, 2, 3]}, r"one for each key"),
            ({"year": 1}, r"one for each key"),
            ({"year": [[1, 2]]}, r"one for each key"),
            ({"price": [1.0, np.nan]}, "'price' have NaN at position 1"),
            ({"price": [None, 1.0]}, "'price' have NaN at position 0"),
            ({"year": [1.0, np.nan]}, "'year' have NaN at position 1"),
            ({"year": [1, 2.5]}, "2.5 at position 1"),
            ({"year": [1, np.inf]}, "inf at position 1"),
            ({"year": [1, 2**63]}, "9223372036854775808 at position 1"),
            ({"year": np.array([1, 2**63], np.uint64)}, "9223372036854775808 at position 1"),
            ({"tenant": [-1, 2**64 - 1]}, "-1 at position 0"),
            ({"tenant": np.array([1, -1])}, "-1 at position 1"),
            ({"tenant": np.array([1.0, 2.0**64])}, "at position 1"),
        ]:
            for call in (
                lambda: store.update(["a", "b"], columns=columns),
                lambda: store.write(["a", "b"], vectors(2), columns=columns, upsert=True),
            ):
                with self.assertRaisesRegex(InvalidArgumentError, part, msg=columns):
                    call()
        for values in ["x", "y"], np.array(["2020", "2021"], "M8[Y]"), [1j, 2j]:
            for name in "year", "price":
                with self.assertRaises(TypeError, msg=values):
                    store.update(["a", "b"], columns={name: values})
        with self.assertRaises(InvalidArgumentError):
            store.update(["a", "b"])
        self.assertEqual(store.view("b").values, {"year": 0, "tenant": 0, "price": 0.0})
        # What is no int64 is converted where nothing is lost.
        for years in [True, False], np.array([1.0, 0.0]), np.array([1, 0], object), [np.int8(1), 0], range(1, -1, -1):
            self.assertEqual(store.update(["a", "b"], columns={"year": years}), 2)
            self.assertEqual([row.values["year"] for row in store.rows()], [1, 0])
        self.assertEqual(store.update(["a"], columns={"price": [np.inf], "year": [-(2**63)], "tenant": [2**64 - 1]}), 1)
        self.assertEqual(store.view("a").values, {"year": -(2**63), "tenant": 2**64 - 1, "price": np.inf})
        self.assertEqual(store.insert_batch([], np.zeros((0, 67)), columns={"year": []}), 0)
        with self.assertRaises(NotFoundError):
            store.get_value("nothing", "year")
        with self.assertRaises(InvalidArgumentError):
            store.get_value("a", "colour")

    def test_hashes_are_those_of_every_binding(self) -> None:
        self.assertEqual(hash64(""), 0xCBF29CE484222325)
        self.assertEqual((hash64("a"), hash64(b"a")), (0xAF63DC4C8601EC8C,) * 2)
        store = self.memory()
        store.insert_batch(["a"], vectors(1), columns={"tenant": [hash64("Zoë")]})
        self.assertEqual(store.get_value("a", "tenant"), hash64("Zoë".encode()))


if __name__ == "__main__":
    unittest.main()
