"""From the times at which batches arrived to a `Rate`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import ceil
from time import perf_counter

from workbench.measure.rate import Rate, Stopped
from workbench.measure.stats import Summary

# Arrivals are grouped into at most so many intervals: enough for a median and a spread, and each
# long enough that batches which come in bursts, from several workers or after a pause, even out.
MOST_INTERVALS = 10


@dataclass(frozen=True)
class Kind:
    """How Keras feeds: arguments of `keras.utils.PyDataset`."""

    workers: int
    use_multiprocessing: bool
    max_queue_size: int = 10


@dataclass
class Arrivals:
    """When batches came, as it is noted on the way.

    Attributes:
        kind: How they are fed.
        batches: Time and number of samples of each.
        began: When the feed was started.
        peak_memory_bytes: The highest seen.
    """

    kind: Kind
    batches: list[tuple[float, int]] = field(default_factory=list)
    began: float = field(default_factory=perf_counter)
    peak_memory_bytes: int = 0

    @property
    def measured(self) -> list[tuple[float, int]]:
        """Without the warm-up: what was begun together with the first batch arrives with it."""
        return self.batches[self.kind.workers :]

    def suffice(self, seconds: float, batches: float) -> bool:
        """Whether so many batches are measured or so many seconds, whatever is first."""
        measured = len(self.batches) - self.kind.workers - 1
        if measured < 2:
            return False
        since = self.batches[self.kind.workers][0]
        return measured >= batches or self.batches[-1][0] - since >= seconds

    def rate(self, bytes_per_sample: float) -> Rate:
        """The figures.

        Raises:
            Stopped: If there are fewer than two batches after the warm-up.
        """
        if len(self.measured) < 3:
            raise Stopped(f"after {len(self.batches)} batches")
        intervals = list(_intervals(self.measured, self.kind.workers))
        rate = Summary.of([samples / duration for duration, samples, _ in intervals])
        return Rate(
            samples_per_second=rate,
            batch_ms=Summary.of([1e3 * duration / count for duration, _, count in intervals]),
            first_batch_ms=1e3 * (self.batches[0][0] - self.began),
            megabytes_per_second=rate.median * bytes_per_sample / 1e6,
            peak_memory_bytes=self.peak_memory_bytes,
            workers=self.kind.workers,
            use_multiprocessing=self.kind.use_multiprocessing,
            max_queue_size=self.kind.max_queue_size,
        )


def _intervals(arrivals: list[tuple[float, int]], workers: int) -> Iterator[tuple[float, int, int]]:
    """(seconds, samples, batches) between arrivals, grouped.

    Batches of several workers come in bursts: an interval holds at least two from each worker.
    """
    count = len(arrivals) - 1
    size = min(count, workers * max(2, ceil(count / MOST_INTERVALS / workers)))
    for start in range(0, count - size + 1, size):
        inside = arrivals[start + 1 : start + size + 1]
        yield inside[-1][0] - arrivals[start][0], sum(samples for _, samples in inside), size
