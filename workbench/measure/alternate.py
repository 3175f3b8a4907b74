"""Time several ways of doing the same work in alternation: a busy machine slows all alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from time import perf_counter, process_time

# One of two equally fast ways is ahead in all of them once in 16 times.
LEAST_ROUNDS = 5

LEAST_BATCHES = 2  # that a block counts
MOST_BATCHES = 1000  # after which a block may end early
WAIT = 0.75  # times the mean of a block: a batch that takes as long was waited for
PAUSE = 0.005  # seconds; threads that use less than a fifth of them have finished
LONGEST_PAUSE = 0.5


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


def seconds_in_block(
    make: Callable[[], object], seconds: float, least: int = LEAST_BATCHES
) -> float:
    """Seconds per batch, of batches made one after the other for some seconds.

    Leaves out batches that were made ahead, by threads or processes that work between blocks.
    """
    let_threads_finish()
    times: list[float] = []
    until = perf_counter() + seconds
    while True:
        times.append(seconds_of(make))
        if perf_counter() < until and len(times) < MOST_BATCHES:
            continue
        # The first that was not ready may have been begun before. Several workers deliver in
        # bursts: what counts is from one wait to another.
        counted = times[ready(times) + 1 :]
        if len(counted) >= least and times[-1] >= _wait(times):
            return sum(counted) / len(counted)


def ready(times: Sequence[float]) -> int:
    """Number of batches at the start that were made ahead: they take next to no time."""
    wait = _wait(times)
    return next(number for number, each in enumerate(times) if each >= wait)


def _wait(times: Sequence[float]) -> float:
    return WAIT * sum(times) / len(times)


def let_threads_finish() -> None:
    """Wait until threads that fill queues after a block have finished, though not for long."""
    until = perf_counter() + LONGEST_PAUSE
    while perf_counter() < until:
        before = process_time()
        time.sleep(PAUSE)
        if process_time() - before < PAUSE / 5:
            return
