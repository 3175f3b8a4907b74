"""Measure whether a replacement is faster, and how far its results differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from workbench.advice.captured_call import is_picture
from workbench.measure.alternate import alternate, seconds_of
from workbench.measure.stats import Summary

ROUNDS = 15  # most rounds
SECONDS = 2.0  # for all rounds, beyond the least number of rounds
# Three quarters of the rounds must gain this much, to be beyond noise and worth a change.
LEAST_RATIO = 1.15

Run = Callable[[], Any]


@dataclass(frozen=True)
class Times:
    """Two ways of computing the same, timed in alternation.

    Attributes:
        old: Seconds per call.
        new: Seconds per call.
        saved: Old minus new in each round.
        ratio: Old divided by new in each round.
        batch: Seconds of a whole batch as it is.
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

    Results are dropped at once, since memory that stays in use makes the next call slower. Every
    other round runs in reverse order.

    Args:
        old: Each makes one call the old way.
        new: The same calls the new way.
        batch: Makes a whole batch, timed in the same rounds because a machine's speed changes.

    Returns:
        None if the new way was not faster in a first trial.
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
    """Number of calls that a round has time for."""
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
    """How far results differ, in grey levels: 255ths of the range of values.

    Attributes:
        most: Largest difference of any value.
        mean: Mean difference.
        top: End of the range: of the integer type, or 1, 255 or 65535 for floats.
        results: Number of compared results.
        old_dtype: Type of the results before.
        new_dtype: Type of the results after.
    """

    most: float
    mean: float
    top: float
    results: int
    old_dtype: str
    new_dtype: str


def difference(old: Sequence[Any], new: Sequence[Any]) -> Difference | None:
    """Compare arrays or pictures.

    Returns:
        None if their shapes differ, or they do not hold numbers.
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
    """Absolute differences; two NaN are equal."""
    with np.errstate(invalid="ignore"):
        gap = np.abs(np.subtract(one, other, dtype=np.float64))
    gap[(one == other) | (np.isnan(one) & np.isnan(other))] = 0
    return gap


def top_of(arrays: Sequence[Any]) -> float:
    """The end of the range of values of images: their type's, or 1, 255 or 65535 for floats."""
    if arrays[0].dtype.kind in "ui" and arrays[0].dtype.itemsize <= 2:
        return float(np.iinfo(arrays[0].dtype).max)
    peaks = [np.abs(array[np.isfinite(array)]).max(initial=0) for array in arrays]
    highest = float(max(peaks))
    return next((top for top in (1.0, 255.0, 65535.0) if highest <= top), highest)


def shown(value: Any) -> Any:
    """A copy of an array or picture to show; None for other values."""
    return np.array(value) if isinstance(value, np.ndarray) or is_picture(value) else None
