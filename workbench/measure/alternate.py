"""Time several ways of doing the same work in alternation: a busy machine slows all alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter

# One of two equally fast ways is ahead in all of them once in 16 times.
LEAST_ROUNDS = 5


def seconds_of(work: Callable[[], object]) -> float:
    """Duration of a call, including the time to drop its result."""
    began = perf_counter()
    work()
    return perf_counter() - began


def alternate(
    timers: Sequence[Callable[[], float]], *, seconds: float, rounds: int, swaps: bool = False
) -> list[tuple[float, ...]]:
    """Run all timers once per round.

    Args:
        timers: Each does its work once and returns the seconds that it took.
        seconds: Time for all rounds; at least `LEAST_ROUNDS` run even if that takes longer.
        rounds: Most rounds to run.
        swaps: Whether every other round runs in reverse order.

    Returns:
        For each round, the seconds of each timer.
    """
    found: list[tuple[float, ...]] = []
    began, longest = perf_counter(), 0.0
    while len(found) < rounds:
        round_began = perf_counter()
        if len(found) >= LEAST_ROUNDS and round_began + longest - began > seconds:
            break
        if swaps and len(found) % 2:
            found.append(tuple(timer() for timer in reversed(timers))[::-1])
        else:
            found.append(tuple(timer() for timer in timers))
        longest = max(longest, perf_counter() - round_began)
    return found
