"""What is kept of repeated timings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from time import perf_counter
from typing import Any

from workbench.measure.stats import Summary

SLOW_MS, SLOW_ROUNDS = 500.0, 5
QUICK_MS = 100.0


def spread(values: list[float]) -> dict[str, Any]:
    """Median and quartiles, and the values themselves."""
    return asdict(Summary.of(values)) | {"raw": [round(value, 3) for value in values]}


def ratios(slow: list[float], fast: list[float]) -> dict[str, Any]:
    """How many times faster, round by round: what slows the machine slows both.

    Only rounds that both took part in; see `alternating`.
    """
    return spread([a / b for a, b in zip(slow, fast, strict=False)])


def alternating(
    calls: dict[str, Callable[[int], float]], rounds: int, warm_up: int = 1
) -> dict[str, list[float]]:
    """Each call's own figure in each round, one call after the other, then in reverse order.

    Args:
        calls: Each takes the round's number and gives what it measured.
        rounds: How many are kept.
        warm_up: How many before those are thrown away: they import and touch memory.

    Calls of half a second and more take part in `SLOW_ROUNDS` only.
    """
    found: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(rounds + warm_up):
        for name in list(calls)[:: -1 if number % 2 else 1]:
            slow = found[name] and min(found[name]) > SLOW_MS
            if not slow or number < SLOW_ROUNDS + warm_up:
                found[name].append(calls[name](number))
    return {name: values[warm_up:] for name, values in found.items()}


def milliseconds(call: Callable[[], Any]) -> float:
    """What one call takes. Its result is dropped at once, but not within the time."""
    began = perf_counter()
    result = call()
    taken = 1e3 * (perf_counter() - began)
    del result
    return taken


def settled_milliseconds(call: Callable[[], Any]) -> float:
    """What a quick call takes right after another one like it, as in training.

    What ran before leaves memory for the next call or takes it away: 5 ms for a batch of 19 MB.
    """
    taken = milliseconds(call)
    return taken if taken > QUICK_MS else milliseconds(call)


def shown(found: dict[str, Any], digits: int = 1, unit: str = "") -> str:
    """For people: median (quartiles, n)."""
    low, median, high = (f"{found[name]:.{digits}f}" for name in ("low", "median", "high"))
    return f"{median}{unit} ({low}-{high}, n={found['n']})"
