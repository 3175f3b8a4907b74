"""Time several ways of doing the same work in alternation: a busy machine slows all alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter

LEAST_ROUNDS = 5  # of two equal ways, one is ahead in all of them once in 16 times


def seconds_of(work: Callable[[], object]) -> float:
    """Duration of a call. Its result is dropped at once, as part of the work."""
    began = perf_counter()
    work()
    return perf_counter() - began


def alternate(
    timers: Sequence[Callable[[], float]], *, seconds: float, rounds: int, swaps: bool = False
) -> list[tuple[float, ...]]:
    """Run all timers once in each round, and return their seconds, a tuple for each round.

    Args:
        timers: Each does its work once and returns the seconds that it took.
        seconds: Time for all rounds; at least `LEAST_ROUNDS` run all the same.
        rounds: The most that are run.
        swaps: Whether every other round runs in reverse order.
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
