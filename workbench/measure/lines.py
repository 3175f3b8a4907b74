"""Collect a line profile of `__getitem__` and of the functions that carry its time.

Batches run profiled and plain in alternation. Shares come from the profiled ones; seconds are those
shares of the plain ones, so that the profiler's own cost does not show up as the user's.
"""

from __future__ import annotations

import inspect
import statistics
import threading
from collections import defaultdict
from time import perf_counter
from types import CodeType, FunctionType, TracebackType
from typing import Any, Self

from line_profiler import LineProfiler

from workbench.measure.calls import Calls, find_functions, record
from workbench.measure.profile import Function, HotLine, Line, LineProfile

# A function below this share of a batch is part of the line that calls it.
LEAST_SHARE = 0.01
MOST_FUNCTIONS = 20
# Below this a hit costs as much as the profiler's own bookkeeping (0.1-0.25 microseconds).
APPROXIMATE_BELOW = 1e-6

Place = tuple[str, int]  # file and first line of a function
Ticks = dict[Place, dict[int, tuple[int, float]]]  # {function: {line: (hits, seconds)}}


def profile(loader: Any, seconds: float) -> LineProfile:
    """Profile a loader in this thread for some seconds, two batches at least."""
    with LineSession(loader) as session:
        until = perf_counter() + seconds
        while session.batches < 2 or perf_counter() < until:
            session.step()
        return session.snapshot()


class LineSession:
    """A profile that grows batch by batch.

    `step` and the context manager belong to one thread; `snapshot` may be called from any. Leaving
    the context puts all functions back as they were.

    Args:
        loader: Has `__getitem__` and `__len__`.
        warm_up: Run one batch first, so that imports and first reads are not taken for the
            generator's own time.

    Raises:
        ValueError: If the loader has no batches.
    """

    def __init__(self, loader: Any, *, warm_up: bool = True) -> None:
        if len(loader) < 1:
            raise ValueError(f"loader: expected at least one batch. Received: {loader!r}")
        self._loader, self._warm_up = loader, warm_up
        self._steps = self._samples = 0
        self._profiler = LineProfiler()
        self._calls = Calls()
        self._functions: dict[CodeType, FunctionType] = {}
        self._sources: dict[CodeType, list[str]] = {}
        self._profiled: list[float] = []
        self._plain: list[float] = []
        self._began: float | None = None
        self._finished: Ticks = {}
        self._spreads: dict[tuple[Place, int], _Spread] = defaultdict(_Spread)
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        if self._warm_up:
            self._run_batch(0)
        self._calls = record(lambda: self._run_batch(0))
        codes = self._calls.carrying(LEAST_SHARE, MOST_FUNCTIONS)
        self._functions = find_functions(self._calls, codes)
        self._sources = {code: _source(code) for code in self._functions}
        for function in self._functions.values():
            self._profiler.add_function(function)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # line_profiler pads the byte code of what it profiles.
        for code, function in self._functions.items():
            function.__code__ = code

    def step(self) -> None:
        """Run one batch: each index runs profiled and plain, in an order that alternates."""
        # The second of a pair finds its files in the system's cache, so each kind is second as
        # often as first.
        pair, second = divmod(self._steps, 2)
        self._steps += 1
        index = pair % len(self._loader)
        if second == pair % 2:
            self._profiled_batch(index)
        else:
            self._plain_batch(index)

    def _plain_batch(self, index: int) -> None:
        began = perf_counter()
        self._run_batch(index)
        with self._lock:
            self._plain.append(perf_counter() - began)

    def _profiled_batch(self, index: int) -> None:
        self._began = perf_counter()
        self._profiler.enable_by_count()
        try:
            samples = self._run_batch(index)
        finally:
            self._profiler.disable_by_count()
            ended, began, self._began = perf_counter(), self._began, None
        ticks = self._ticks()
        with self._lock:
            self._profiled.append(ended - began)
            self._finished, self._samples = ticks, self._samples + samples
            for place, lines in ticks.items():
                for line, (_, seconds) in lines.items():
                    self._spreads[place, line].add(seconds)

    @property
    def batches(self) -> int:
        """Profiled batches so far."""
        return len(self._profiled)

    def snapshot(self) -> LineProfile:
        """The profile of the batches so far; within the first one, of its finished lines."""
        with self._lock:
            profiled, plain = list(self._profiled), list(self._plain)
            spreads = {key: s.deviation(len(profiled)) for key, s in self._spreads.items()}
            ticks, began, samples = self._finished, self._began, self._samples
        elapsed = sum(profiled)
        if not profiled:
            ticks, elapsed = self._ticks(), perf_counter() - began if began else 1.0
        batches = max(1, len(profiled))
        pairs = list(zip(profiled, plain, strict=False))
        batch_seconds, slowdown = elapsed / batches, 1.0
        if pairs:
            batch_seconds *= sum(q for _, q in pairs) / sum(p for p, _ in pairs)
            slowdown = statistics.median(p / q for p, q in pairs)
        shares = {code: self._shares(code, ticks, elapsed) for code in self._functions}
        scale = batch_seconds * batches / elapsed
        functions = [
            self._function(code, shares, ticks.get(_place(code), {}), spreads, scale, batches)
            for code in self._functions
        ]
        # The one that gives the batch stays first: nothing can take more.
        functions[1:] = sorted(functions[1:], key=lambda function: -function.share)
        own = sum(line.self_share for f in functions for line in f.lines)
        return LineProfile(
            batches=batches,
            seconds=elapsed,
            unprofiled_seconds=batch_seconds * batches,
            slowdown=slowdown,
            samples=samples,
            workers=0,
            use_multiprocessing=False,
            outside={"keras": 0.0, "conversion": 0.0, "waiting": 0.0, "other": max(0.0, 1 - own)},
            functions=tuple(functions),
            hot=_ranked(functions),
        )

    def _run_batch(self, index: int) -> int:
        """Run one batch and count its samples."""
        # The batch is dropped at once: keeping batches alive makes the next ones slower.
        return _leading_dimension(self._loader[index])

    def _ticks(self) -> Ticks:
        """Hits and seconds so far, of lines that have finished."""
        stats = self._profiler.get_stats()
        return {
            (file, first): {line: (hits, ticks * stats.unit) for line, hits, ticks in lines}
            for (file, first, _), lines in stats.timings.items()
        }

    def _shares(self, code: CodeType, ticks: Ticks, elapsed: float) -> dict[int, float]:
        """Each line's share of the time; a recursive function's lines count their callees twice."""
        shares = {line: s / elapsed for line, (_, s) in ticks.get(_place(code), {}).items()}
        if code in self._calls.recursive and any(shares.values()):
            # Its outermost calls' time, as recorded, is what its lines have together.
            whole = self._calls.seconds[code] / max(self._calls.seconds.values())
            total = sum(shares.values())
            shares = {line: share * whole / total for line, share in shares.items()}
        return shares

    def _function(
        self,
        code: CodeType,
        shares: dict[CodeType, dict[int, float]],
        ticks: dict[int, tuple[int, float]],
        spreads: dict[tuple[Place, int], float],
        scale: float,
        batches: int,
    ) -> Function:
        source, first = self._sources[code], code.co_firstlineno
        numbers = range(first, first + len(source)) if source else sorted(ticks)
        lines = []
        for number in numbers:
            hits, seconds = ticks.get(number, (0, 0.0))
            share = shares[code].get(number, 0.0)
            lines.append(
                Line(
                    line=number,
                    hits=hits,
                    seconds=seconds * scale,
                    share=share,
                    self_share=max(0.0, share - self._callees_share(code, number, shares)),
                    spread=spreads.get((_place(code), number), 0.0) * scale,
                    approximate=bool(hits) and seconds / hits < APPROXIMATE_BELOW,
                    source=source[number - first] if source else "",
                )
            )
        return Function(
            name=code.co_qualname,
            file=code.co_filename,
            first_line=first,
            calls=self._calls.counts[code] * batches,
            share=sum(shares[code].values()),
            lines=tuple(lines),
        )

    def _callees_share(
        self, code: CodeType, line: int, shares: dict[CodeType, dict[int, float]]
    ) -> float:
        """The share of listed functions called from this line.

        A function called from several lines is divided among them as in the recorded batch.
        """
        total = 0.0
        for (caller, at, callee), seconds in self._calls.edges.items():
            if caller is code and at == line and callee in shares:
                total += sum(shares[callee].values()) * seconds / self._calls.seconds[callee]
        return total


class _Spread:
    """Standard deviation, over batches, of a figure that is known as a running total."""

    def __init__(self) -> None:
        self._last = self._squares = 0.0

    def add(self, total: float) -> None:
        self._squares += (total - self._last) ** 2
        self._last = total

    def deviation(self, batches: int) -> float:
        if batches < 2:
            return 0.0
        variance = (self._squares - self._last**2 / batches) / (batches - 1)
        return float(max(0.0, variance) ** 0.5)


def _leading_dimension(batch: Any) -> int:
    """Samples in a batch: the first axis of its first array, however it is nested."""
    while isinstance(batch, tuple | list | dict) and batch:
        batch = next(iter(batch.values() if isinstance(batch, dict) else batch))
    shape: Any = getattr(batch, "shape", ())
    return int(shape[0]) if len(shape) else 0


def _place(code: CodeType) -> Place:
    return code.co_filename, code.co_firstlineno


def _source(code: CodeType) -> list[str]:
    """The function's lines, copied now: an edited notebook cell would show others later."""
    try:
        return [line.rstrip("\n") for line in inspect.getsourcelines(code)[0]]
    except OSError:
        return []


def _ranked(functions: list[Function]) -> tuple[HotLine, ...]:
    lines = [
        HotLine(function.name, function.file, line.line, line.self_share, line.source)
        for function in functions
        for line in function.lines
        if line.self_share > 0
    ]
    return tuple(sorted(lines, key=lambda line: -line.self_share))
