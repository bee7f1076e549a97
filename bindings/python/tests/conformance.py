"""Replays bindings/conformance/cases.txt, whose README.md describes it.

    conformance.py CASES FOLDER
"""

from __future__ import annotations

import resource
import shutil
import signal
import struct
import sys
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

import numpy as np
import syna_mmap
from conformance_words import as_bytes, bytes_of, is_distance, open_options, require, vector_of, yes_no
from conformance_writes import Writes
from syna_mmap import Element, Filter, KeyKind, Results, Status, Store, SynaError


class Replay(Writes):
    def __init__(self, cases: str, folder: str) -> None:
        self.lines = Path(cases).read_text(encoding="utf-8").split("\n")
        self.folder = Path(folder)
        self.number = 0
        self.cases = self.checks = 0
        self.stores: Dict[str, Store] = {}
        self.results = Results()
        self.words: List[str] = []
        self.expected: List[str] = []

    # ---- lines ----

    def next(self) -> bool:
        while self.number < len(self.lines):
            self.number += 1
            line = self.lines[self.number - 1]
            if line and not line.startswith("#"):
                self.words = line.split(" ")
                self.expected = []
                if "->" in self.words:
                    arrow = self.words.index("->")
                    self.words, self.expected = self.words[:arrow], self.words[arrow + 1 :]
                return True
        return False

    def is_next(self, operation: str) -> bool:
        number = self.number
        if self.next() and self.words[0] == operation:
            return True
        self.number = number
        return False

    def said(self, *answer: object) -> None:
        require([str(word) for word in answer] == self.expected, f"came out as {answer}")
        self.checks += 1

    def said_status(self, call: Callable[[], Any]) -> bool:
        """Compares the status of a call and the words that it returns; whether it is OK."""
        try:
            answer = call()
        except SynaError as error:
            require(str(error) != "", "an error without a message")
            self.said(Status(error.status).name)
            return False
        self.said("OK", *(answer if isinstance(answer, list) else []))
        return True

    # ---- operations ----

    def store(self) -> Store:
        return self.stores[self.words[1]]

    def case(self) -> None:
        self.close_all()
        shutil.rmtree(self.folder)
        self.folder.mkdir()
        self.results = Results()
        self.cases += 1

    def close_all(self) -> None:
        for store in self.stores.values():
            store.close()
        self.stores = {}

    def open(self) -> None:
        options = open_options(self.words[3:])
        name, path = self.words[1], self.folder / self.words[2]
        self.said_status(lambda: self.stores.__setitem__(name, Store(path, **options)))

    def get(self) -> None:
        vector: List[Any] = []
        store, key = self.store(), bytes_of(self.words[2])

        def compared() -> List[str]:
            vector.append(store.read(key))
            same = vector[0].tobytes() == vector_of(self.expected[1]).tobytes()
            return [self.expected[1] if same else f"another vector {vector}"]

        self.said_status(compared)

    def payload(self) -> None:
        def compared() -> List[str]:
            payload = self.store().payload(bytes_of(self.words[2]))
            return [self.expected[1] if payload == bytes_of(self.expected[1]) else f"payload {payload!r}"]

        self.said_status(compared)

    def compare_hits(self, searched: Optional[Store], hits: Any) -> None:
        count = 0
        while self.is_next("hit"):
            hit = hits[count]
            require(as_bytes(hit.key) == bytes_of(self.words[1]), f"key {hit.key}")
            require(is_distance(self.words[2], hit.distance), f"distance {hit.distance}")
            require(hit.row == int(self.words[3]), f"row {hit.row}")
            require(hit.tags == int(self.words[4]), f"tags {hit.tags}")
            require(hit.payload == bytes_of(self.words[5]), f"payload {hit.payload!r}")
            if searched is not None:
                require(isinstance(hit.key, bytes) == (searched.key_kind == KeyKind.BYTES), f"a {type(hit.key)}")
                require(searched[hit.key].tobytes() == hit.vector.tobytes(), "another vector")
                is_view = searched.element == Element.F32
                require(hit.vector.flags.owndata != is_view, "a copy in a store of floats, or none in another one")
            count += 1
            self.checks += 1
        require(count in (0, len(hits)), "more hits than lines")

    def options(self) -> Dict[str, Any]:
        """What the words with `=` say of a search."""
        options: Dict[str, Any] = {}
        condition = Filter()
        for word in self.words:
            name, is_option, value = word.partition("=")
            if not is_option:
                continue
            if name == "prefix":
                condition.key_prefix = bytes_of(value)
            elif name == "ends":
                ending = bytes_of(value)
                condition.callback = lambda row: as_bytes(row.key).endswith(ending)
            elif name == "rows":
                condition.rows = [int(row) for row in value.split(",") if row]
            elif name.startswith("tags_"):
                setattr(condition, name, int(value))
            elif name == "max_distance":
                if self.words[0] == "search_range":
                    continue
                options[name] = float(value)
            elif name == "after":
                bits, _, row = value.partition(",")
                options[name] = (struct.unpack(">f", bytes.fromhex(bits))[0], int(row))
            else:
                options[name] = int(value)
        if condition != Filter():
            options["filter"] = condition
        return options

    def said_search(self, search: Callable[..., Any], *what: Any) -> None:
        store, options = self.store(), self.options()

        def found() -> List[Any]:
            search(*what, into=self.results, **options)
            return [len(self.results)] + (["partial"] if self.results.is_partial else [])

        if self.said_status(found):
            self.compare_hits(store, self.results)

    def search(self) -> None:
        self.said_search(self.store().search, vector_of(self.words[2]), int(self.words[3]))

    def search_key(self) -> None:
        self.said_search(self.store().search_key, bytes_of(self.words[2]), int(self.words[3]))

    def search_range(self) -> None:
        # Python has one argument for both maximum distances.
        limits = [word[len("max_distance=") :] for word in self.words if word.startswith("max_distance=")]
        most = min(float(limit) for limit in [self.words[3], *limits])
        self.said_search(self.store().search_range, vector_of(self.words[2]), most)

    def search_batch(self) -> None:
        queries = [vector_of(word) for word in self.words[3:] if "=" not in word]
        self.said_search(self.store().search_batch, np.array(queries), int(self.words[2]))

    def query(self) -> None:
        number, hits = int(self.words[1]), []

        def found() -> List[Any]:
            hits.extend(self.results.query(number))
            return [len(hits)]

        if self.said_status(found):
            self.compare_hits(None, hits)

    def hits(self) -> None:
        self.said(len(self.results))
        self.compare_hits(None, self.results)

    def iterate(self) -> None:
        rows: List[Any] = []
        letter = self.words[1]

        def walked() -> List[Any]:
            rows.extend(self.store().rows(int(self.words[2])))
            return [len(rows)]

        self.said_status(walked)
        count = 0
        while self.is_next("entry"):
            row, words = rows[count], self.words
            require(as_bytes(row.key) == bytes_of(words[1]), f"key {row.key}")
            require(row.vector.tobytes() == vector_of(words[2]).tobytes(), "another vector")
            if self.stores[letter].element != Element.F32:
                require(self.stores[letter][row.key].tobytes() == row.vector.tobytes(), "another vector by its key")
            require(len(row.stored) == self.stores[letter].vector_bytes, "stored bytes of another length")
            require(row.tags == int(words[3]), f"tags {row.tags}")
            require(row.payload == bytes_of(words[4]), f"payload {row.payload!r}")
            require(row.row == int(words[5]), f"row {row.row}")
            count += 1
            self.checks += 1
        require(count in (0, len(rows)), "more rows than lines")

    def compact_steps(self) -> None:
        while not self.store().compact_step():
            pass

    def open_in_memory(self) -> None:
        name, options = self.words[1], open_options(self.words[2:])
        self.said_status(lambda: self.stores.__setitem__(name, Store.in_memory(**options)))

    def open_at(self) -> None:
        name, offset = self.words[1], int(self.words[3])
        length = (self.folder / self.words[4]).stat().st_size
        with open(self.folder / self.words[2], "rb") as file:
            at = file.fileno()
            self.said_status(lambda: self.stores.__setitem__(name, Store.open_at(at, offset, length)))

    def open_memory(self) -> None:
        name, content = self.words[1], (self.folder / self.words[2]).read_bytes()
        self.said_status(lambda: self.stores.__setitem__(name, Store.open_memory(content)))

    def put(self) -> None:
        key, vector, tags, payload, mode = self.words[2:7]
        data = {"tags": int(tags), "payload": bytes_of(payload), "replace": mode == "upsert"}
        self.said_status(lambda: [yes_no(self.store().put(bytes_of(key), vector_of(vector), **data))])

    def view(self) -> None:
        def compared() -> List[Any]:
            row = self.store().view(bytes_of(self.words[2]))
            is_same = row.vector.tobytes() == vector_of(self.expected[1]).tobytes()
            is_same = is_same and row.payload == bytes_of(self.expected[3])
            is_same = is_same and self.store().read(row.key).tobytes() == row.vector.tobytes()
            if not is_same:
                return [row]
            answer = [self.expected[1], row.tags, self.expected[3], row.row]
            if len(self.expected) > 5:
                is_stored = bytes(row.stored) == bytes_of(self.expected[6])
                answer += [self.store().element.name.lower(), self.expected[6] if is_stored else "other bytes"]
            else:
                require(bytes(row.stored) == row.vector.tobytes(), "other bytes")
            return answer

        self.said_status(compared)

    def hit_part(self, part: Callable[[Any], bytes], wanted: Callable[[str], bytes]) -> None:
        """A part of a hit of the results, if there is such a hit."""
        index, word = int(self.words[1]), self.expected[0]
        if index >= len(self.results):
            self.said("none")
            return
        is_same = word != "none" and part(self.results[index]) == wanted(word)
        self.said(word if is_same else "something else")

    def row_at(self) -> None:
        def compared() -> List[Any]:
            key = self.store().row_at(int(self.words[2])).key
            return [self.expected[1] if key.encode() == bytes_of(self.expected[1]) else key]

        self.said_status(compared)

    def get_batch(self) -> None:
        keys = [bytes_of(word) for word in self.words[2:]]

        def compared() -> List[Any]:
            vectors, found = self.store().read_many(keys)
            for key, vector, is_found in zip(keys, vectors, found):
                require(not is_found or vector.tobytes() == self.store()[key].tobytes(), "another vector")
            return [int(found.sum())] + [yes_no(one) for one in found]

        self.said_status(compared)

    def count_where(self) -> None:
        condition = self.options().get("filter")
        self.said_status(lambda: [self.store().count_where(condition)])

    def rows_where(self) -> None:
        condition, first, most = self.options().get("filter"), int(self.words[2]), int(self.words[3])
        self.said_status(lambda: self.store().rows_where(condition, first, most).tolist())

    def distance(self) -> None:
        a, b = vector_of(self.words[2]), vector_of(self.words[3])

        def compared() -> List[Any]:
            distance = self.store().distance(a, b)
            return [self.expected[1] if is_distance(self.expected[1], distance) else distance]

        self.said_status(compared)

    def path(self) -> None:
        self.said_status(lambda: [Path(self.store().path or "-").name])

    def pack(self) -> None:
        content = (self.folder / self.words[2]).read_bytes()
        (self.folder / self.words[1]).write_bytes(b"\0" * int(self.words[3]) + content)

    def verify(self, is_stopped: bool = False) -> None:
        found: List[Any] = []

        def told(finding: Any, done: int, total: int) -> bool:
            if finding:
                found.append([as_bytes(finding.key), finding.row, finding.problem.name])
            return not is_stopped

        self.said_status(lambda: [len(self.store().verify(told))])
        count = 0
        while self.is_next("finding"):
            wanted = [bytes_of(self.words[1]), int(self.words[2]), self.words[3]]
            require(found[count] == wanted, f"finding {found[count]}")
            count += 1
            self.checks += 1
        require(is_stopped or count == len(found), "more findings than lines")

    def status(self) -> None:
        number = int(self.words[1])
        known = [s for s in Status if s == number]
        name = syna_mmap.status_name(number).replace("SYNA_MMAP_", "").replace("ERR_", "")
        require(not known or known[0].name == name, f"the library says {name}")
        self.said(known[0].name if known else "-")

    def replace(self) -> None:
        path = self.folder / self.words[1]
        content = path.read_bytes()
        require(bytes_of(self.words[2]) in content, "not in the file")
        path.write_bytes(content.replace(bytes_of(self.words[2]), bytes_of(self.words[3]), 1))

    def limit_file_bytes(self) -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        limit, (_, hard) = int(self.words[1]), resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit or hard, hard))

    def operate(self) -> None:
        words = self.words
        simple: Dict[str, Callable[[], Any]] = {
            "case": self.case,
            "open": self.open,
            "close": lambda: self.said_status(self.store().close),
            "checkpoint": lambda: self.said_status(self.store().checkpoint),
            "flush": lambda: self.said_status(self.store().flush),
            "build_index": lambda: self.said_status(self.store().build_index),
            "reserve": lambda: self.said_status(lambda: self.store().reserve(int(words[2]))),
            "insert": lambda: self.said_status(
                lambda: [yes_no(self.store().insert(bytes_of(words[2]), vector_of(words[3])))]
            ),
            "upsert": lambda: self.said_status(lambda: self.store().upsert(bytes_of(words[2]), vector_of(words[3]))),
            "batch": self.batch,
            "delete": lambda: self.said_status(lambda: [yes_no(self.store().delete(bytes_of(words[2])))]),
            "delete_batch": self.delete_batch,
            "delete_where": self.delete_where,
            "update": self.update,
            "set_tags": lambda: self.said_status(lambda: self.store().set_tags(bytes_of(words[2]), int(words[3]))),
            "set_payload": lambda: self.said_status(
                lambda: self.store().set_payload(bytes_of(words[2]), bytes_of(words[3]))
            ),
            "user_block": self.user_block,
            "set_user_block": self.set_user_block,
            "get": self.get,
            "tags": lambda: self.said_status(lambda: [self.store().tags(bytes_of(words[2]))]),
            "payload": self.payload,
            "contains": lambda: self.said(yes_no(bytes_of(words[2]) in self.store())),
            "has_index": lambda: self.said(yes_no(self.store().has_index)),
            "is_dirty": lambda: self.said(yes_no(self.store().is_dirty)),
            "len": lambda: self.said(len(self.store())),
            "dimensions": lambda: self.said(self.store().dimensions),
            "last_durable_seq": lambda: self.said(self.store().last_durable_seq),
            "metric": lambda: self.said(self.store().metric.name.lower()),
            "key_kind": lambda: self.said(self.store().key_kind.name.lower()),
            "element": lambda: self.said(self.store().element.name.lower()),
            "vector_bytes": lambda: self.said(self.store().vector_bytes),
            "hit_vector": lambda: self.hit_part(
                lambda hit: hit.vector.tobytes(), lambda word: vector_of(word).tobytes()
            ),
            "hit_stored": lambda: self.hit_part(lambda hit: bytes(hit.stored), bytes_of),
            "batch_stored": self.batch_stored,
            "search": self.search,
            "search_key": self.search_key,
            "search_range": self.search_range,
            "search_batch": self.search_batch,
            "query": self.query,
            "hits": self.hits,
            "iterate": self.iterate,
            "stats": lambda: self.said_status(
                lambda: (lambda stats: [getattr(stats, name) for name in words[2:]])(self.store().stats)
            ),
            "recall": lambda: self.said_status(
                lambda: [f"{self.store().check_recall(int(words[2]), int(words[3]), seed=1):.3f}"]
            ),
            "index_step": lambda: self.said_status(lambda: [self.store().index_step(budget_us=int(words[2]))]),
            "build_stop": lambda: self.said_status(lambda: self.store().build_index(lambda done, total: False)),
            "compact": lambda: self.said_status(self.store().compact),
            "compact_stop": lambda: self.said_status(lambda: self.store().compact(lambda done, total: False)),
            "compact_steps": lambda: self.said_status(self.compact_steps),
            "interrupt": lambda: self.said_status(self.store().interrupt),
            "compact_cancel": lambda: self.said_status(self.store().compact_cancel),
            "refresh": lambda: self.said_status(lambda: [yes_no(self.store().refresh())]),
            "snapshot": lambda: self.said_status(lambda: self.store().snapshot_to(self.folder / words[2])),
            "open_in_memory": self.open_in_memory,
            "open_at": self.open_at,
            "open_memory": self.open_memory,
            "put": self.put,
            "view": self.view,
            "row_of": lambda: self.said_status(lambda: [self.store().row_of(bytes_of(words[2]))]),
            "row_at": self.row_at,
            "get_batch": self.get_batch,
            "count_where": self.count_where,
            "rows_where": self.rows_where,
            "distance": self.distance,
            "path": self.path,
            "option": lambda: self.said_status(lambda: [self.store().options[words[2]]]),
            "set_ef_search": lambda: self.said_status(lambda: self.store().set_ef_search(int(words[2]))),
            "set_checkpoint_interval": lambda: self.said_status(
                lambda: self.store().set_checkpoint_interval(int(words[2]))
            ),
            "pack": self.pack,
            "verify": self.verify,
            "verify_stop": lambda: self.verify(True),
            "salvage": lambda: self.said_status(
                lambda: list(syna_mmap.salvage(self.folder / words[1], self.folder / words[2]))
            ),
            "status": self.status,
            "file": lambda: (self.folder / words[1]).write_bytes(bytes_of(words[2])),
            "replace": self.replace,
            "limit_file_bytes": self.limit_file_bytes,
        }
        require(words[0] in simple, "an unknown operation")
        simple[words[0]]()


def main() -> int:
    replay = Replay(sys.argv[1], sys.argv[2])
    try:
        while replay.next():
            replay.operate()
        replay.close_all()
    except Exception as error:
        print(f"cases.txt:{replay.number}: {replay.lines[replay.number - 1]}: {error!r}", file=sys.stderr)
        return 1
    print(f"conformance: {replay.cases} cases, {replay.checks} checks")
    return 0


if __name__ == "__main__":
    sys.exit(main())
