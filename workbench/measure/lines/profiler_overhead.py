"""What the line profiler itself costs on this machine, from functions that do nearly nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from time import perf_counter
from typing import Any

from workbench.measure.lines.instrument import Instruments
from workbench.measure.lines.record_calls import Calls, Place

LOOPS = 1000
REPEATS = 5


@dataclass(frozen=True)
class Cost:
    """Seconds that the profiler takes.

    Attributes:
        inside: For each line that runs, charged to the line itself.
        outside: For each line, charged to no line of the function, and so to the line that calls.
        call_inside: For each call of a profiled function, charged to its lines.
        call_outside: For each call, charged to the line that calls.
        library: For each call of a Python function that is not profiled.
    """

    inside: float
    outside: float
    call_inside: float
    call_outside: float
    library: float


@cache
def calibrate() -> Cost:
    """Measure all of it; some 20 ms."""
    line = _measure(_loop)
    calling, library = _measure(_calls, _tiny), _measure(_calls_library)
    each = line.inside + line.outside
    call = max(0.0, calling.extra - calling.hits * each) / LOOPS
    call_inside = min(call, max(0.0, calling.callee / LOOPS - line.inside))
    traced = max(0.0, library.extra - library.hits * each) / LOOPS
    return Cost(line.inside, line.outside, call_inside, call - call_inside, traced)


@dataclass(frozen=True)
class _Run:
    """One function, plain and profiled: hits of all lines, seconds that profiling took longer,
    costs of a hit, seconds charged to the function that it calls.
    """

    hits: int
    extra: float
    inside: float
    outside: float
    callee: float


def _measure(function: Any, *callees: Any) -> _Run:
    functions = (function, *callees)
    calls, places = Calls(), [Place.of(f.__code__) for f in functions]
    for place, f in zip(places, functions, strict=True):
        calls.codes[place][id(f.__code__)] = f.__code__
        calls.namespaces[place] = {f.__name__: f}
    function(LOOPS)  # lets the interpreter specialize it
    plain = min(_timed(function) for _ in range(REPEATS))
    instruments = Instruments(calls, places)
    try:
        return min(
            (_profiled(instruments, places, function, plain) for _ in range(REPEATS)),
            key=lambda run: run.extra,
        )
    finally:
        instruments.remove()


def _profiled(
    instruments: Instruments,
    places: list[Place],
    function: Callable[[int], object],
    plain: float,
) -> _Run:
    with instruments.everywhere(), instruments.here():
        whole = _timed(function)
    ticks = instruments.new_ticks()
    hits = {place: sum(h for h, _ in lines.values()) for place, lines in ticks.items()}
    charged = {place: sum(s for _, s in lines.values()) for place, lines in ticks.items()}
    own = places[0]
    return _Run(
        hits=sum(hits.values()),
        extra=whole - plain,
        inside=max(0.0, charged[own] - plain) / hits[own],
        outside=max(0.0, whole - charged[own]) / hits[own],
        callee=charged[places[-1]],
    )


def _timed(function: Callable[[int], object]) -> float:
    began = perf_counter()
    function(LOOPS)
    return perf_counter() - began


def _loop(rounds: int) -> int:
    total = 0
    for number in range(rounds):
        total += number
    return total


def _calls(rounds: int) -> None:
    for number in range(rounds):
        _tiny(number)


def _tiny(number: int) -> int:
    return number


def _calls_library(rounds: int) -> None:
    for number in range(rounds):
        _four_lines(number)


def _four_lines(number: int) -> int:
    total = number
    total += 1
    total += 2
    return total
