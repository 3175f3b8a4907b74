"""Collect a line profile of `__getitem__` and of the functions that carry its time.

Batches run profiled and plain in alternation: in this thread, in worker threads or in worker
processes. Shares come from the profiled ones; seconds are those shares of the plain ones, so that
the profiler's own cost does not show up as the user's.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from math import ceil
from time import perf_counter
from types import TracebackType
from typing import Self

from workbench.loader import Loader
from workbench.measure.line_profile import LineProfile
from workbench.measure.lines.attribution import Account, Totals
from workbench.measure.lines.build_profile import Writer
from workbench.measure.lines.profiled_loader import Probe, Seen
from workbench.measure.lines.profiler_overhead import calibrate
from workbench.measure.lines.runners import Processes, Runner, Threads
from workbench.measure.workers.preflight import check_forward_only, examine

# Several workers run batches in rounds of at least this long, so that they mostly run together.
ROUND_SECONDS = 0.05
MOST_PER_ROUND = 16
# Pairs of batches before which another one is looked at for what it calls, because some branches
# are rare: soon at first, then so seldom that it costs 2 % of the time.
LOOKS = frozenset((5, 11, 17, 23, *range(47, 240, 24)))
# A process's batch may take this long, or this many times as long as in the calling thread.
LEAST_LIMIT = 30.0
LIMIT_FACTOR = 20


def profile(
    loader: Loader, seconds: float, workers: int, processes: bool, libraries: Iterable[str]
) -> LineProfile:
    """Profile a loader for some seconds, two batches at least."""
    with LineSession(loader, workers, processes, libraries) as session:
        until = perf_counter() + seconds
        while not session.suffices or perf_counter() < until:
            session.step()
        return session.snapshot()


# Two profiles at a time would change the same functions, and count each other's lines.
_ONE = threading.Lock()
ALONE_SECONDS = 10.0


@contextmanager
def _alone() -> Iterator[None]:
    if not _ONE.acquire(timeout=ALONE_SECONDS):
        raise RuntimeError("Another line profile is running in this process: one at a time.")
    try:
        yield
    finally:
        _ONE.release()


class LineSession:
    """A profile that grows batch by batch.

    `step` and the context manager belong to one thread; `snapshot` may be called from any. Leaving
    the context puts all functions back as they were, and ends the workers.

    Args:
        loader: Gives the batches.
        workers: 0 for the thread that calls `step`.
        processes: Worker processes instead of threads.
        libraries: Packages whose functions are profiled too.
        warm_up: Run one batch first, so that imports and first reads are not taken for the
            generator's own time.

    Raises:
        ValueError: If the loader has no batches, or workers are fewer than none.
        RuntimeError: If another profile is running in this process.
        WorkerError: If worker processes are refused, or one dies or hangs.
    """

    def __init__(
        self,
        loader: Loader,
        workers: int = 0,
        processes: bool = False,
        libraries: Iterable[str] = (),
        *,
        warm_up: bool = True,
    ) -> None:
        len(loader)  # raises if there are no batches
        if workers < 0:
            raise ValueError(f"workers: expected 0 (this thread) or more. Received: {workers}")
        check_forward_only(loader, workers, processes)
        self._loader, self._libraries, self._warm_up = loader, libraries, warm_up
        self._workers, self._processes = workers, processes and workers > 0
        self._next = 0
        self._begun: list[tuple[bool, list[Seen]]] = []  # the half of a pair that is done
        self._totals, self._alone = Totals(), Totals()
        self._peak_bytes: int | None = None
        self._running_since: float | None = None
        self._runners: list[Runner] = []
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            undo.enter_context(_alone())
            self._cost = calibrate()
            self._probe = Probe(self._loader, self._libraries, warm_up=self._warm_up)
            undo.callback(self._probe.remove)
            undo.callback(self._close_runners)
            self._runners = self._hire()
            self._undo = undo.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._undo.close()

    def step(self) -> None:
        """Run some batches, one of each worker at least, profiled or plain in turn."""
        pair, second = divmod(self._next, 2)
        if self._peak_bytes is None and pair == 1:
            self._peak_bytes = self._probe.peak_bytes(0)
        if not second and pair in LOOKS:
            self._look_again()
        self._next += 1
        # With several threads every other pair runs in one thread, for comparison.
        turn, of = divmod(pair, len(self._runners))
        size = self._round_size() if of == 0 else 1
        indices = [(turn * size + place) % len(self._loader) for place in range(size)]
        # The second of a pair finds its files in the system's cache, so each kind is second as
        # often as first.
        profiled = second == turn % 2
        self._running_since = perf_counter() if profiled and of == 0 else None
        try:
            seen = self._runners[of].run(indices, profiled)
        finally:
            self._running_since = None
        self._begun.append((profiled, seen))
        if len(self._begun) == 2:
            (_, plain), (_, ours) = sorted(self._begun, key=lambda half: half[0])
            self._begun.clear()
            with self._lock:
                (self._alone if of else self._totals).add_pair(ours, plain)

    def _look_again(self) -> None:
        """See what a batch calls; a function that was not seen before starts the profile anew."""
        found = self._probe.record(self._probe.calls.batches)
        with self._lock:
            if not self._probe.learn(found):
                return
            self._close_runners()
            self._probe.instrument_again()
            self._totals, self._alone = Totals(), Totals()
            self._runners = self._hire()

    def _close_runners(self) -> None:
        while self._runners:
            self._runners.pop().close()

    @property
    def batches(self) -> int:
        """Profiled batches so far."""
        return self._totals.profiled.batches

    @property
    def suffices(self) -> bool:
        """Whether there are two batches, and what several threads are compared with."""
        compared = len(self._runners) == 1 or self._alone.profiled.batches > 0
        return self.batches >= 2 and compared

    def snapshot(self) -> LineProfile:
        """The profile of the batches so far; within the first ones, of their finished lines."""
        with self._lock:
            totals = self._totals if self.batches else self._first_lines()
            crowd = self._account(totals)
            alone = self._account(self._alone) if self._alone.profiled.batches else None
            return Writer(self._probe, crowd, totals, alone).profile(
                batches=self.batches,
                workers=self._workers,
                use_multiprocessing=self._processes,
                peak_bytes=self._peak_bytes,
            )

    def _hire(self) -> list[Runner]:
        """Who runs the batches; after them the one thread that several are compared with."""
        if self._processes:
            examine(self._loader, self._workers, True).raise_problems()
            limit = LIMIT_FACTOR * self._probe.calls.total / self._probe.calls.batches
            return [Processes(self._probe, self._workers, max(LEAST_LIMIT, limit))]
        runners: list[Runner] = [Threads(self._probe, self._workers)]
        return [*runners, Threads(self._probe, 0)] if self._workers > 1 else runners

    def _round_size(self) -> int:
        if self._workers < 2:
            return 1
        each = self._probe.calls.total / self._probe.calls.batches
        return self._workers * min(MOST_PER_ROUND, ceil(ROUND_SECONDS / max(each, 1e-6)))

    def _account(self, totals: Totals) -> Account:
        return Account(self._probe.calls, self._probe.instruments.places, totals, self._cost)

    def _first_lines(self) -> Totals:
        """What the lines that have finished show before the first batches have."""
        totals, since = Totals(), self._running_since
        seconds = perf_counter() - since if since else 1.0
        totals.add_profiled(Seen(1, 0, seconds, ticks=self._probe.instruments.ticks()))
        return totals
