"""From the times at which batches arrive to a `Rate`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import ceil
from time import perf_counter

from workbench.measure.alternate import ready
from workbench.measure.rate import Rate, Stopped
from workbench.measure.stats import Summary

# Batches are grouped into at most this many intervals: enough for a median and a spread, and each
# long enough to even out bursts, which come from several workers or after a pause.
MOST_INTERVALS = 10
LEAST_MEASURED = 3  # batches for a rate


@dataclass(frozen=True)
class FeedOptions:
    """How Keras feeds batches: arguments of `keras.utils.PyDataset`."""

    workers: int
    use_multiprocessing: bool
    max_queue_size: int = 10


@dataclass
class BatchTimes:
    """When batches arrived, noted as they come.

    Attributes:
        options: How they are fed.
        batches: Time and number of samples of each.
        began: When the feed was started.
        peak_memory_bytes: The highest seen.
    """

    options: FeedOptions
    batches: list[tuple[float, int]] = field(default_factory=list)
    began: float = field(default_factory=perf_counter)
    peak_memory_bytes: int = 0

    @property
    def measured(self) -> list[tuple[float, int]]:
        """Batches after the warm-up: those begun together with the first one arrive with it.

        Batches that were made ahead, before the feed was started, are left out as well.
        """
        batches = self.batches[self.options.workers :]
        times = [after[0] - before[0] for before, after in pairwise(batches)]
        made_ahead = ready(times) if times else 0
        return batches[made_ahead + (made_ahead > 0) :]

    def has_enough(self, seconds: float, batches: float) -> bool:
        """Whether so many batches or seconds are measured, whichever comes first."""
        measured = len(self.batches) - self.options.workers - 1
        if measured < 2:
            return False
        since = self.batches[self.options.workers][0]
        if measured < batches and self.batches[-1][0] - since < seconds:
            return False
        return len(self.measured) > 2

    def part(self, start: int, end: int | None = None) -> BatchTimes:
        """The batches from one to another, by their place in the order of arrival."""
        return replace(self, batches=self.batches[max(0, start - self.options.workers) : end])

    def rate(self, bytes_per_sample: float) -> Rate:
        """The measured rate.

        Raises:
            Stopped: If there are fewer than two batches after the warm-up.
        """
        if len(self.measured) < LEAST_MEASURED:
            raise Stopped(f"after {len(self.batches)} batches")
        intervals = list(_intervals(self.measured, self.options.workers))
        rate = Summary.of([samples / duration for duration, samples, _ in intervals])
        return Rate(
            samples_per_second=rate,
            batch_ms=Summary.of([1e3 * duration / count for duration, _, count in intervals]),
            first_batch_ms=1e3 * (self.batches[0][0] - self.began),
            megabytes_per_second=rate.median * bytes_per_sample / 1e6,
            peak_memory_bytes=self.peak_memory_bytes,
            workers=self.options.workers,
            use_multiprocessing=self.options.use_multiprocessing,
            max_queue_size=self.options.max_queue_size,
        )


def _intervals(batches: list[tuple[float, int]], workers: int) -> Iterator[tuple[float, int, int]]:
    """(seconds, samples, batches) of groups of batches that follow each other.

    Several workers deliver in bursts: a group holds at least two batches of each worker.
    """
    count = len(batches) - 1
    size = min(count, workers * max(2, ceil(count / MOST_INTERVALS / workers)))
    for start in range(0, count - size + 1, size):
        group = batches[start + 1 : start + size + 1]
        yield group[-1][0] - batches[start][0], sum(samples for _, samples in group), size
