"""Whether something is faster than something else, and how far their results differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from workbench.advice.captured_call import is_picture
from workbench.measure.alternate import alternate, seconds_of
from workbench.measure.stats import Summary

ROUNDS = 15  # at least as many that a quartile has neighbours on both sides
SECONDS = 2.0  # for all rounds of one proof, but for the least
# What is gained must be clear of noise, and worth a change: three quarters of all rounds had it.
LEAST_RATIO = 1.15

Run = Callable[[], Any]


@dataclass(frozen=True)
class Times:
    """Two ways, timed alternately on the same values.

    Attributes:
        old: Seconds a call.
        new: Seconds a call.
        saved: Old less new of each round.
        ratio: Old by new of each round.
        batch: Seconds of a whole batch, the old way in it.
    """

    old: Summary
    new: Summary
    saved: Summary
    ratio: Summary
    batch: Summary

    @property
    def clear(self) -> bool:
        """Whether the new way is faster beyond noise."""
        return self.ratio.low >= LEAST_RATIO


def timed(old: Sequence[Run], new: Sequence[Run], batch: Run) -> Times | None:
    """Time two ways of doing each of some calls, and a whole batch, round by round.

    Results are dropped at once: memory that is kept makes the next call slower. The way that comes
    first in a round takes turns.

    Args:
        old: Runs one call the old way.
        new: The same calls the new way.
        batch: Makes a whole batch: timed beside them, because a machine's speed changes.

    Returns:
        None if the new way was not faster at first sight.
    """
    new[0]()  # imports, caches
    few = _few(old)
    before, after = (partial(seconds_of, partial(_run_all, runs[:few])) for runs in (old, new))
    if after() > before():
        return None
    timers = [before, after, partial(seconds_of, batch)]
    rounds = np.array(alternate(timers, seconds=SECONDS, rounds=ROUNDS, swaps=True))
    olds, news, batches = (rounds / [few, few, 1]).T
    return Times(*map(Summary.of, (olds, news, olds - news, olds / news, batches)))


def _few(runs: Sequence[Run]) -> int:
    """How many calls a round has time for."""
    left = SECONDS / ROUNDS
    for number, run in enumerate(runs):
        left -= seconds_of(run)
        if left < 0:
            return number + 1
    return len(runs)


def _run_all(runs: Sequence[Run]) -> None:
    for run in runs:
        run()


@dataclass(frozen=True)
class Difference:
    """How far results differ, in grey levels: 255ths of the range.

    Attributes:
        most: The greatest of all values of all results.
        mean: Their mean.
        top: What the range ends at: the integer type's own end; of floats 1, 255 or 65535.
        results: How many were compared.
        old_dtype: Of the results before.
        new_dtype: Of the results after.
    """

    most: float
    mean: float
    top: float
    results: int
    old_dtype: str
    new_dtype: str


def difference(old: Sequence[Any], new: Sequence[Any]) -> Difference | None:
    """How far arrays or pictures differ.

    Returns:
        None if their shapes differ, or they are no numbers.
    """
    pairs = [(np.asarray(a), np.asarray(b)) for a, b in zip(old, new, strict=True)]
    if any(a.shape != b.shape or not a.size for a, b in pairs):
        return None
    if any(each.dtype.kind not in "buif" for pair in pairs for each in pair):
        return None
    top = top_of([a for a, _ in pairs])
    gaps = [_gap(a, b) * (255 / top) for a, b in pairs]
    size = sum(gap.size for gap in gaps)
    first = pairs[0]
    return Difference(
        most=max(float(gap.max()) for gap in gaps),
        mean=sum(float(gap.sum()) for gap in gaps) / size,
        top=top,
        results=len(pairs),
        old_dtype=first[0].dtype.name,
        new_dtype=first[1].dtype.name,
    )


def _gap(one: Any, other: Any) -> Any:
    """How far values differ; what is no number in both is the same."""
    with np.errstate(invalid="ignore"):
        gap = np.abs(np.subtract(one, other, dtype=np.float64))
    gap[(one == other) | (np.isnan(one) & np.isnan(other))] = 0
    return gap


def top_of(arrays: Sequence[Any]) -> float:
    """The end of the scale that images are on."""
    if arrays[0].dtype.kind in "ui" and arrays[0].dtype.itemsize <= 2:
        return float(np.iinfo(arrays[0].dtype).max)
    peaks = [np.abs(array[np.isfinite(array)]).max(initial=0) for array in arrays]
    highest = float(max(peaks))
    return next((top for top in (1.0, 255.0, 65535.0) if highest <= top), highest)


def shown(value: Any) -> Any:
    """A copy of an array or picture to look at; None if it is neither."""
    return np.array(value) if isinstance(value, np.ndarray) or is_picture(value) else None
