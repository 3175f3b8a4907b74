"""What the line profiler itself costs on this machine."""

from __future__ import annotations

from functools import cache
from time import perf_counter

from workbench.measure.lines.account import Cost
from workbench.measure.lines.calls import Calls, Place
from workbench.measure.lines.instrument import Instruments


@cache
def calibrate() -> Cost:
    """What the line profiler costs on this machine, from lines that do nearly nothing."""
    rounds = 2000
    _busy(rounds)  # lets the interpreter specialize it
    plain = min(_timed(rounds) for _ in range(5))
    calls = Calls()
    place, code = Place.of(_busy.__code__), _busy.__code__
    calls.codes[place][id(code)], calls.namespaces[place] = code, _busy.__globals__
    instruments = Instruments(calls, [place])
    try:
        inside, outside = min(_profiled(instruments, place, rounds, plain) for _ in range(5))
    finally:
        instruments.remove()
    return Cost(inside, outside)


def _profiled(
    instruments: Instruments, place: Place, rounds: int, plain: float
) -> tuple[float, float]:
    with instruments.everywhere(), instruments.here():
        whole = _timed(rounds)
    lines = instruments.new_ticks()[place].values()
    hits, charged = sum(hits for hits, _ in lines), sum(seconds for _, seconds in lines)
    return max(0.0, charged - plain) / hits, max(0.0, whole - charged) / hits


def _timed(rounds: int) -> float:
    began = perf_counter()
    _busy(rounds)
    return perf_counter() - began


def _busy(rounds: int) -> int:
    total = 0
    for number in range(rounds):
        total += number
    return total
