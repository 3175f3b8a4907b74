"""Collect a line profile of `__getitem__` and of the functions that take its time.

Batches run with and without the profiler ("plain") in alternation: in this thread, in worker
threads or in worker processes. Shares come from the profiled batches and seconds from the plain
ones, so that the profiler's own overhead does not show up as the user's time.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from math import ceil
from time import perf_counter
from types import TracebackType
from typing import Self

from workbench.isolation.growth import KeepsGrowing
from workbench.loader import Loader
from workbench.measure.line_profile import LineProfile
from workbench.measure.lines.attribution import Attribution
from workbench.measure.lines.build_profile import ProfileBuilder
from workbench.measure.lines.calibrate_overhead import calibrate
from workbench.measure.lines.observations import Observation, PairedTotals, UnpairedTotals
from workbench.measure.lines.process_runner import ProcessRunner
from workbench.measure.lines.profile_remarks import remarks
from workbench.measure.lines.profiled_loader import ProfiledLoader
from workbench.measure.lines.runners import Runner, ThreadRunner
from workbench.measure.workers.preflight import check_forward_only, examine

# Several workers run batches in rounds of at least this long, so that they mostly run together.
ROUND_SECONDS = 0.05
MOST_PER_ROUND = 16
# So does a tf.data pipeline, since it works ahead: at the ends of a round it runs other batches.
AHEAD_SECONDS = 0.1
MOST_AHEAD = 100
# Pairs of batches before which another batch is recorded, since some branches are rare: often at
# first, then so rarely that it costs 2 % of the time.
RECORDED_PAIRS = frozenset((5, 11, 17, 23, *range(47, 240, 24)))
# Seconds that a worker process's batch may take, and as a multiple of the calling thread's.
LEAST_LIMIT = 30.0
LIMIT_FACTOR = 20
# Two profiles at once would change the same functions, and count each other's lines.
_PROFILING = threading.Lock()
ALONE_SECONDS = 10.0  # how long to wait for another profile to end


def profile(
    loader: Loader, seconds: float, workers: int, processes: bool, libraries: Iterable[str]
) -> LineProfile:
    """Profile a loader for some seconds, and for two batches at least."""
    with LineSession(loader, workers, processes, libraries) as session:
        until = perf_counter() + seconds
        try:
            while not session.has_enough or perf_counter() < until:
                session.step()
        except KeepsGrowing:
            if not session.has_enough:
                raise
        return session.snapshot()


@contextmanager
def _only_profile() -> Iterator[None]:
    if not _PROFILING.acquire(timeout=ALONE_SECONDS):
        raise RuntimeError("Another line profile is running in this process: one at a time.")
    try:
        yield
    finally:
        _PROFILING.release()


class LineSession:
    """A profile that grows batch by batch.

    `step` and the context manager belong to one thread; `snapshot` and `give_up` may be called from
    any. Leaving the context restores all functions and ends the workers.

    Args:
        loader: Gives the batches.
        workers: 0 for the thread that calls `step`.
        processes: Worker processes instead of threads.
        libraries: Packages whose functions are profiled too.
        warm_up: Run one batch first, so that imports and first reads do not count as the
            generator's own time.

    Raises:
        ValueError: If the loader has no batches, or `workers` is negative.
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
        self._steps = 0
        self._half_pair: list[tuple[bool, list[Observation]]] = []  # (profiled, observations)
        self._totals, self._one_thread = PairedTotals(), PairedTotals()
        # For loaders with a cache: of batches made for the first time, and not made just before.
        self._first_visits, self._unrepeated = UnpairedTotals(), UnpairedTotals()
        self._peak_bytes: int | None = None
        self._running_since: float | None = None
        self._runners: list[Runner] = []
        # Not held while a batch is made, which may never end.
        self._lock, self._undo = threading.Lock(), ExitStack()
        # The profile to show while other functions are instrumented.
        self._shown: LineProfile | None = None

    def __enter__(self) -> Self:
        try:
            self._undo.enter_context(_only_profile())
            self._overhead = calibrate()
            self._profiled = ProfiledLoader(self._loader, self._libraries, warm_up=self._warm_up)
            self._undo.callback(self._profiled.remove)
            self._profiled.start()
            self._runners = self._start_runners()
        except BaseException:
            self._undo.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self._close_runners()
        finally:
            self._undo.close()

    def give_up(self) -> None:
        """Restore all functions and end worker processes while a batch runs that may never end.

        The thread that waits for the batch finds nothing to undo when it leaves the context.
        """
        for runner in self._runners:
            if isinstance(runner, ProcessRunner):
                runner.close()
        self._undo.close()

    def step(self) -> None:
        """Run some batches, at least one for each worker, profiled or plain in turn."""
        pair, second = divmod(self._steps, 2)
        if self._peak_bytes is None and pair == 1:
            self._peak_bytes = self._profiled.peak_bytes(0)
        if not second and pair in RECORDED_PAIRS:
            self._record_again()
        self._steps += 1
        # With several threads every other pair runs in one thread, for comparison.
        turn, which = divmod(pair, len(self._runners))
        size = self._round_size() if which == 0 else 1
        indices = [(turn * size + number) % len(self._loader) for number in range(size)]
        # The second of a pair finds its files in the system's cache, so profiled batches come
        # second as often as first.
        profiled = second == turn % 2
        self._running_since = perf_counter() if profiled and which == 0 else None
        log, visited = self._profiled.log, self._profiled.log.first_visits
        log.is_repeating = bool(second) and not self._loader.forward_only
        try:
            observations = self._runners[which].run(indices, profiled)
        finally:
            self._running_since = None
        if which == 0 and not log.is_repeating:
            with self._lock:
                self._unrepeated.add_half(profiled, observations)
                if log.first_visits - visited == size:
                    self._first_visits.add_half(profiled, observations)
        self._half_pair.append((profiled, observations))
        if len(self._half_pair) == 2:
            (_, plain), (_, profiled_ones) = sorted(self._half_pair, key=lambda half: half[0])
            self._half_pair.clear()
            with self._lock:
                (self._one_thread if which else self._totals).add_pair(profiled_ones, plain)

    @property
    def batches(self) -> int:
        """Profiled batches so far."""
        return self._totals.profiled.batches

    @property
    def has_enough(self) -> bool:
        """Whether there are two batches and, for several threads, one thread to compare with."""
        compared = len(self._runners) == 1 or self._one_thread.profiled.batches > 0
        return self.batches >= 2 and compared

    def snapshot(self) -> LineProfile:
        """The profile so far; of finished lines only while the first batches run."""
        with self._lock:
            return self._shown or self._snapshot()

    def _snapshot(self) -> LineProfile:
        totals = self._totals if self.batches else self._unfinished_totals()
        cached = self._profiled.log.cached()
        counted = self._first_visits if cached and cached.whole_epoch else self._unrepeated
        if cached and counted.profiled.batches:
            totals = counted
        alone = self._one_thread if self._one_thread.profiled.batches else None
        return ProfileBuilder(
            self._profiled,
            self._attribution(totals),
            totals,
            self._attribution(alone) if alone else None,
        ).build(
            batches=totals.profiled.batches if self.batches else 0,
            workers=self._workers,
            use_multiprocessing=self._processes,
            peak_bytes=self._peak_bytes,
            notes=remarks(self._profiled.log, cached, totals is counted),
        )

    def _record_again(self) -> None:
        """Record a batch; restart the profile if that shows other functions to profile."""
        found = self._profiled.record(self._profiled.calls.batches)
        with self._lock:
            if not self._profiled.add_calls(found):
                return
            self._shown = self._snapshot()
        self._close_runners()
        self._profiled.instrument_again()
        self._runners = self._start_runners()
        with self._lock:
            self._totals, self._one_thread = PairedTotals(), PairedTotals()
            self._first_visits, self._unrepeated = UnpairedTotals(), UnpairedTotals()
            self._shown = None

    def _start_runners(self) -> list[Runner]:
        """What runs the batches; for several threads followed by the one to compare them with."""
        if self._processes:
            examine(self._loader, self._workers, True).raise_problems()
            limit = max(LEAST_LIMIT, LIMIT_FACTOR * self._profiled.calls.batch_seconds)
            return [ProcessRunner(self._profiled, self._workers, limit)]
        runners: list[Runner] = [ThreadRunner(self._profiled, self._workers)]
        return [*runners, ThreadRunner(self._profiled, 0)] if self._workers > 1 else runners

    def _close_runners(self) -> None:
        while self._runners:
            self._runners.pop().close()

    def _round_size(self) -> int:
        plain = self._totals.plain
        recorded = self._profiled.calls.batch_seconds
        batch = max(plain.seconds / plain.batches if plain.batches else recorded, 1e-6)
        if self._profiled.works_ahead:
            return min(MOST_AHEAD, ceil(AHEAD_SECONDS / batch))
        if self._workers < 2:
            return 1
        return self._workers * min(MOST_PER_ROUND, ceil(ROUND_SECONDS / batch))

    def _attribution(self, totals: PairedTotals) -> Attribution:
        instruments = self._profiled.instruments
        return Attribution(self._profiled.calls, instruments.functions, totals, self._overhead)

    def _unfinished_totals(self) -> PairedTotals:
        """What finished lines show before the first batches have ended."""
        totals, since = PairedTotals(), self._running_since
        seconds = perf_counter() - since if since else 1.0
        timings = self._profiled.instruments.timings()
        totals.add_profiled(Observation(1, 0, seconds, timings=timings))
        return totals
