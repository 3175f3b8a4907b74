"""Whether batches come from a cache after their first visit."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

LEAST = 4  # first and later visits that a finding rests on
NEXT = 16  # visits before and after the change that are compared
# How much slower first visits are than later ones: those of this call, or of an earlier one, when
# the machine may have been busier.
RATIO, OLD_RATIO = 2.0, 3.0
# First visits are slower by less than this where nothing is cached: new memory, cold caches of the
# processor.
LEAST_SECONDS = 0.001

Times = npt.NDArray[np.float64]  # a row for each visit: seconds, processor time, pauses


class Cached(NamedTuple):
    """Median milliseconds of a batch at its first visit and later, from a cache.

    Attributes:
        first_ms: At a first visit.
        later_ms: Later.
        whole_epoch: Whether the cache holds a whole epoch, or was only asked for recent batches.
    """

    first_ms: float
    later_ms: float
    whole_epoch: bool

    def __str__(self) -> str:
        first, later = f"{self.first_ms:.3g} ms", f"{self.later_ms:.2g} ms"
        if self.whole_epoch:
            return (
                "Batches come from a cache after their first visit: the first epoch takes "
                f"{first} per batch, later epochs {later}."
            )
        return (
            f"Batches that were made shortly before come from a cache: one takes {first} in the "
            f"first epoch, {later} when it is made again. Later epochs are faster only if the "
            "cache holds a whole epoch."
        )


def find_cache(
    fresh: Sequence[Sequence[float]],
    known: Sequence[Sequence[float]],
    later: Times,
    whole_epoch: bool = True,
) -> Cached | None:
    """Compare first with later visits; None if there is no cache, or too little to tell.

    Args:
        fresh: First visits of this call, rows as in `Times`.
        known: The same, and those of earlier calls.
        later: Later visits.
        whole_epoch: See `Cached`.
    """
    is_fresh = len(fresh) >= LEAST
    first, ratio = np.array(fresh if is_fresh else known), RATIO if is_fresh else OLD_RATIO
    if min(len(first), len(later)) < LEAST or not _is_faster(first, later, ratio):
        return None
    first_ms, later_ms = (1e3 * float(np.median(times[:, 0])) for times in (first, later))
    return Cached(first_ms, later_ms, whole_epoch)


def _is_faster(first: Times, later: Times, ratio: float) -> bool:
    """Whether it is later visits that are faster, and not the machine that was busy before."""
    if np.quantile(first[:, 0], 0.25) < ratio * np.median(later[:, 0]) + LEAST_SECONDS:
        return False
    if np.median(first[-NEXT:, 0]) < ratio * np.quantile(later[:NEXT, 0], 0.25):
        return False
    # A busy machine delays a batch, which computes and reads as much as otherwise.
    (_, computes, pauses), (_, computes_later, pauses_later) = (
        np.median(times, axis=0) for times in (first, later)
    )
    return bool(
        computes > ratio * computes_later or pauses > pauses_later or sys.platform != "linux"
    )
