"""Log how long batches take, to recognize caches and work that other threads do."""

from __future__ import annotations

import sys
import weakref
from contextlib import suppress
from multiprocessing.sharedctypes import RawArray
from time import perf_counter, process_time, thread_time
from typing import Any

import numpy as np

from workbench.batch import is_empty
from workbench.loader import Loader
from workbench.measure.cache_evidence import Cached, Times, find_cache

IS_LINUX = sys.platform == "linux"
if sys.platform == "linux":
    from resource import RUSAGE_THREAD, getrusage

MOST_INDICES, MOST_LATER = 4096, 256  # entries kept
MOSTLY = 0.5  # share of a batch from which waiting, or work in other threads, is reported
UNTIMED = -1.0  # visited, but not timed
Clocks = tuple[float, float, float, float]


class BatchLog(Loader):
    """A loader that logs how long each batch takes, at its first visit and later.

    The log is shared with worker processes.

    First visits are remembered as long as the user's object lives: a cache that an earlier
    measurement has filled would otherwise look like a fast loader.

    Args:
        loader: Gives the batches.

    Attributes:
        is_repeating: Set while batches are made again that were just made, unlike in training.
    """

    is_repeating = False

    def __init__(self, loader: Loader) -> None:
        super().__init__(loader.original, loader.kind, loader.notes)
        self.forward_only, self.one_worker = loader.forward_only, loader.one_worker
        self.loader, self._known = loader, _first_visits(loader.original)
        self._old = dict(self._known)
        size = min(loader.epoch_batches or MOST_INDICES, MOST_INDICES)
        # A row for each visit: seconds, processor time and pauses of the thread.
        self._firsts = RawArray("d", 3 * size)
        self._laters, self._repeats = (RawArray("d", 3 * MOST_LATER) for _ in range(2))
        # First visits, later visits, repeats, batches; sums of seconds, and of `read_clocks`.
        self._sums = RawArray("d", 8)
        for index in self._old.keys() & range(size):
            _rows(self._firsts)[index] = self._old[index]

    def __len__(self) -> int:
        return len(self.loader)

    def __getitem__(self, index: int) -> Any:
        """The batch at an index, timed.

        Raises:
            ValueError: If it has no samples.
        """
        clocks = read_clocks()
        batch = self.loader[index]
        self.add(index, clocks)
        if is_empty(batch):
            raise ValueError(
                f"Batch {index} of {self.kind} has no samples. Its length must be the number of "
                f"batches in an epoch. Received: {self.loader.epoch_batches}"
            )
        return batch

    def add(self, index: int, began: Clocks) -> float:
        """Log a batch that has just been made; return how many seconds it took."""
        seconds = perf_counter() - began[-1]
        own, process, pauses = (a - b for a, b in zip(read_clocks()[:-1], began, strict=False))
        sums, firsts, row = self._sums, _rows(self._firsts), (seconds, own, pauses)
        for number, value in enumerate((1, seconds, own, process, pauses), 3):
            sums[number] += value
        index = self.loader.position(index)
        if index < len(firsts) and not firsts[index, 0]:
            firsts[index] = row
            sums[0] += 1
        elif index < len(firsts):
            kind, others = (2, self._repeats) if self.is_repeating else (1, self._laters)
            if sums[kind] < MOST_LATER:
                _rows(others)[int(sums[kind])] = row
                sums[kind] += 1
        return seconds

    def mark(self, index: int) -> None:
        """Log a visit whose time does not compare with the others'."""
        index, firsts = self.loader.position(index), _rows(self._firsts)
        if index < len(firsts) and not firsts[index, 0]:
            firsts[index, 0] = UNTIMED

    @property
    def epoch_batches(self) -> int | None:
        """See `Loader`."""
        return self.loader.epoch_batches

    @property
    def first_visits(self) -> int:
        """Number of first visits logged."""
        return int(self._sums[0])

    @property
    def waiting(self) -> float:
        """Share of the time in which the threads that made batches did not compute.

        A thread that never lets another one run waits for nothing: the machine is busy.
        """
        *_, batches, seconds, own, _, pauses = self._sums
        is_known = seconds and (pauses >= batches or not IS_LINUX)
        return max(0.0, 1 - own / seconds) if is_known else 0.0

    @property
    def elsewhere(self) -> float:
        """Share of this process's processor time that other threads used."""
        *_, own, process, _ = self._sums
        return max(0.0, 1 - own / process) if process else 0.0

    def keep(self) -> dict[int, tuple[float, ...]]:
        """Remember the first visits; return all that are known."""
        visited = {index: tuple(row) for index, row in enumerate(_rows(self._firsts)) if row[0]}
        self._known.update(visited)
        return visited

    def cached(self) -> Cached | None:
        """The times at first and later visits, if a cache makes later ones faster."""
        visited = self.keep()
        timed = {index: row for index, row in visited.items() if row[0] > 0}
        fresh = [row for index, row in timed.items() if index not in self._old]
        later, repeats = (
            _rows(rows)[: int(self._sums[kind])]
            for kind, rows in ((1, self._laters), (2, self._repeats))
        )
        whole = len(visited) == self.epoch_batches
        return find_cache(fresh, list(timed.values()), later, whole) or find_cache(
            fresh, list(timed.values()), repeats, False
        )


def _rows(array: Any) -> Times:
    return np.frombuffer(array).reshape(-1, 3)


def read_clocks() -> Clocks:
    """Processor time of this thread and of the process, this thread's pauses, and the time now.

    A thread pauses by itself to wait, unlike when others take its turn.
    """
    pauses = getrusage(RUSAGE_THREAD).ru_nvcsw if IS_LINUX else 0
    return thread_time(), process_time(), pauses, perf_counter()


_KNOWN: dict[int, tuple[weakref.ref[Any], dict[int, tuple[float, ...]]]] = {}  # by the object's id


def _first_visits(original: Any) -> dict[int, tuple[float, ...]]:
    """The first visits of an object's batches so far, by index."""
    key = id(original)
    if key in _KNOWN and _KNOWN[key][0]() is original:
        return _KNOWN[key][1]
    found: dict[int, tuple[float, ...]] = {}
    with suppress(TypeError):  # some types have no weak references
        _KNOWN[key] = weakref.ref(original, lambda _: _KNOWN.pop(key, None)), found
    return found
