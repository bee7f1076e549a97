"""What a store needs now and then: its index, its space, its health."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any, Callable, List, Optional

from ._errors import call
from ._native import library
from ._numbers import count_of
from ._progress import bar
from ._rows import RowForm
from ._salvage import Finding, Path, finding_of, path_bytes
from ._structs import CStats, ProgressCallback, VerifyCallback

Progress = Callable[[int, int], bool]


@dataclass(frozen=True)
class Stats:
    """A store in numbers; the header says more of each."""

    rows: int
    live_rows: int
    deleted_rows: int
    file_bytes: int
    vector_bytes: int
    log_bytes: int
    slack_bytes: int
    index_bytes: int
    replaced_bytes: int
    indexed_rows: int
    generation: int
    last_seq: int
    durable_seq: int
    has_index: bool
    default_ef: int
    index_recall: float
    secs_since_checkpoint: float


class Upkeep:
    """The part of a store that keeps it in order."""

    _handle: ctypes.c_void_p
    _form: RowForm

    @property
    def has_index(self) -> bool:
        """Whether searches have an index to use."""
        return bool(library.has_index(self._handle))

    @property
    def stats(self) -> Stats:
        """The store in numbers."""
        raw = CStats(struct_size=ctypes.sizeof(CStats))
        call(library.get_stats, self._handle, raw)
        numbers = {name: getattr(raw, name) for name in Stats.__annotations__}
        return Stats(**{**numbers, "has_index": bool(raw.has_index)})

    def build_index(self, callback: Optional[Progress] = None, *, progress: bool = False) -> None:
        """Takes every vector into the index, then makes a checkpoint.

        `callback(done, total)` is told how far it is and returns False to stop, which is a CancelledError.
        """
        self._long("build index", library.build_index_with, (), callback, progress)

    def index_step(self, budget: float = 0.0, *, budget_us: Optional[int] = None) -> int:
        """Takes rows into the index for about `budget` seconds; how many are left."""
        left = ctypes.c_uint64()
        call(library.index_step, self._handle, _micros(budget, budget_us), left)
        return left.value

    def compact(self, callback: Optional[Progress] = None, *, progress: bool = False) -> None:
        """Gives back the disk space of deleted rows: a new file takes the old one's place. Rows get new numbers."""
        self._long("compact", library.compact, (), callback, progress)

    def compact_step(self, budget: float = 0.0, *, budget_us: Optional[int] = None) -> bool:
        """Does a part of `compact`, for about `budget` seconds; whether it is done."""
        done = ctypes.c_bool()
        call(library.compact_step, self._handle, _micros(budget, budget_us), done)
        return done.value

    def interrupt(self) -> None:
        """Ends the long calls that other threads have on the store, soon, by CancelledError. Searches have deadlines."""
        call(library.interrupt, self._handle)

    def compact_cancel(self) -> None:
        """Gives up a compaction that `compact_step` has begun."""
        call(library.compact_cancel, self._handle)

    def snapshot_to(self, path: Path, callback: Optional[Progress] = None, *, progress: bool = False) -> None:
        """Writes the live rows of this moment into a new file: a backup."""
        self._long("snapshot", library.snapshot_to, (path_bytes(path),), callback, progress)

    def refresh(self) -> bool:
        """Moves a store that was opened read-only on to its file's newest state; whether that is another one."""
        changed = ctypes.c_bool()
        call(library.refresh, self._handle, changed)
        return changed.value

    def check_recall(self, samples: int = 100, k: int = 10, *, ef: int = 0, seed: int = 0) -> float:
        """Which share of the nearest the index finds, measured on that many stored vectors."""
        recall = ctypes.c_double()
        numbers = (count_of("samples", samples), count_of("k", k), count_of("ef", ef, 32), count_of("seed", seed))
        call(library.check_recall, self._handle, *numbers, recall)
        return recall.value

    def _long(self, what: str, function: Any, arguments: Any, callback: Optional[Progress], progress: bool) -> None:
        """A call that tells how far it is."""
        raised: List[BaseException] = []
        with bar(progress, what) as shown:

            def relay(_: Any, done: int, total: int) -> bool:
                try:
                    if shown.total != total:
                        shown.reset(total)
                    shown.update(done - shown.n)
                    return callback is None or bool(callback(done, total))
                except BaseException as error:  # It must not get into C; it goes on below.
                    raised.append(error)
                    return False

            try:
                call(function, self._handle, *arguments, ProgressCallback(relay), None)
            finally:
                if raised:
                    raise raised[0]

    def verify(
        self, callback: Optional[Callable[[Optional[Finding], int, int], bool]] = None, *, progress: bool = False
    ) -> List[Finding]:
        """Proves that the store is whole; what is not.

        `callback(finding, done, total)` is called with each finding, and with None to tell of progress; it returns
        False to stop, which is a CancelledError. What it raises comes out of here.
        """
        findings: List[Finding] = []
        raised: List[BaseException] = []
        with bar(progress, "verify") as shown:

            def relay(_: Any, found: Any, done: int, total: int) -> bool:
                try:
                    finding = finding_of(found.contents, self._form) if found else None
                    if finding:
                        findings.append(finding)
                    else:
                        shown.total = total
                        shown.update(done - shown.n)
                    return callback is None or bool(callback(finding, done, total))
                except BaseException as error:  # It must not get into C; it goes on below.
                    raised.append(error)
                    return False

            try:
                call(library.verify, self._handle, VerifyCallback(relay), None, ctypes.c_uint64())
            finally:
                if raised:
                    raise raised[0]
        return findings


def _micros(seconds: float, micros: Optional[int]) -> int:
    return max(0, int(seconds * 1e6)) if micros is None else count_of("budget_us", micros)
