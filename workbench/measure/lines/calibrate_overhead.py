"""What the line profiler costs on this machine, measured on functions that do almost nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from time import perf_counter
from typing import Any

from workbench.measure.lines.call_graph import CallGraph, FunctionKey
from workbench.measure.lines.instrument import InstrumentedFunctions

LOOPS = 1000
REPEATS = 5


@dataclass(frozen=True)
class ProfilerOverhead:
    """Seconds that the profiler adds.

    Attributes:
        hit_self: For each hit of a line, charged to that line.
        hit_caller: For each hit, charged to the line that calls the function.
        call_self: For each call of a profiled function, charged to its lines.
        call_caller: For each call, charged to the line that calls.
        library_call: For each call of a Python function that is not profiled.
    """

    hit_self: float
    hit_caller: float
    call_self: float
    call_caller: float
    library_call: float


@cache
def calibrate() -> ProfilerOverhead:
    """Measure the overhead; takes about 20 ms."""
    loop = _measure(_loop)
    calling, library = _measure(_calls, _tiny), _measure(_calls_library)
    hit = loop.hit_self + loop.hit_caller
    call = max(0.0, calling.extra - calling.hits * hit) / LOOPS
    call_self = min(call, max(0.0, calling.callee / LOOPS - loop.hit_self))
    library_call = max(0.0, library.extra - library.hits * hit) / LOOPS
    return ProfilerOverhead(
        loop.hit_self, loop.hit_caller, call_self, call - call_self, library_call
    )


@dataclass(frozen=True)
class _Measured:
    """A function with and without the profiler.

    Attributes:
        hits: Hits of all lines.
        extra: Seconds that it took longer with the profiler.
        hit_self: Seconds for each hit, charged to the line.
        hit_caller: Seconds for each hit, charged to no line of the function.
        callee: Seconds charged to the function that it calls.
    """

    hits: int
    extra: float
    hit_self: float
    hit_caller: float
    callee: float


def _measure(function: Any, *callees: Any) -> _Measured:
    functions = (function, *callees)
    calls, keys = CallGraph(), [FunctionKey.of(f.__code__) for f in functions]
    for key, f in zip(keys, functions, strict=True):
        calls.codes[key][id(f.__code__)] = f.__code__
        calls.namespaces[key] = {f.__name__: f}
    function(LOOPS)  # lets the interpreter specialize it
    plain = min(_seconds(function) for _ in range(REPEATS))
    instruments = InstrumentedFunctions(calls, keys)
    try:
        return min(
            (_profiled(instruments, keys, function, plain) for _ in range(REPEATS)),
            key=lambda measured: measured.extra,
        )
    finally:
        instruments.remove()


def _profiled(
    instruments: InstrumentedFunctions,
    keys: list[FunctionKey],
    function: Callable[[int], object],
    plain: float,
) -> _Measured:
    with instruments.enabled_in_process(), instruments.enabled_in_thread():
        whole = _seconds(function)
    timings = instruments.new_timings()
    hits = {key: sum(h for h, _ in lines.values()) for key, lines in timings.items()}
    charged = {key: sum(s for _, s in lines.values()) for key, lines in timings.items()}
    caller = keys[0]
    return _Measured(
        hits=sum(hits.values()),
        extra=whole - plain,
        hit_self=max(0.0, charged[caller] - plain) / hits[caller],
        hit_caller=max(0.0, whole - charged[caller]) / hits[caller],
        callee=charged[keys[-1]],
    )


def _seconds(function: Callable[[int], object]) -> float:
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
