"""Races of known sleeps. Needs no TensorFlow."""

from __future__ import annotations

import time
from functools import partial

import workbench as wb
from tests.accuracy.case import Case, Cases, middle, relative


def cases(repeats: int) -> Cases:
    """Times, ratios and the length of a race."""
    yield from middle(_threefold, repeats)
    yield from middle(_equal, repeats)
    yield from middle(_length, repeats)


def _threefold() -> list[Case]:
    sleeps = {"slow": partial(time.sleep, 0.03), "fast": partial(time.sleep, 0.01)}
    race = wb.race(sleeps, seconds=1, batches_per_epoch=100)
    return [
        relative("race: a sleep of 10 ms", 10, race["fast"].ms.median, 0.1, "ms"),
        relative("race: 30 ms against 10", 3, race.times_as_fast("fast").median, 0.1),
        relative(
            "race: an epoch of 100 times 30 ms", 3, race.epoch_seconds("slow").median, 0.1, "s"
        ),
    ]


def _equal() -> list[Case]:
    race = wb.race({name: partial(time.sleep, 0.005) for name in "ab"}, seconds=0.5)
    return [relative("race: 5 ms against 5", 1, race.times_as_fast("b").median, 0.02)]


def _length() -> list[Case]:
    began = time.perf_counter()
    wb.race({"nap": partial(time.sleep, 0.01)}, seconds=0.3, rounds=10_000)
    return [Case("race: ends after 0.3 s", 0.3, time.perf_counter() - began, 0.05, unit="s")]
