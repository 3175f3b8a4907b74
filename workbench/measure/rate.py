"""How many samples a second Keras gets from a loader: the figures. `feed` measures them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from workbench.measure.stats import Quartiles


@dataclass(frozen=True)
class Spread:
    """A measured figure: median, interquartile range, and from how many intervals."""

    median: float
    iqr: float
    n: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """Of at least one value."""
        found = Quartiles.of(values)
        return cls(found.median, found.high - found.low, found.n)


@dataclass(frozen=True)
class Rate:
    """What a loader delivers to Keras.

    Attributes:
        samples_per_second: Counted by the batches' real leading dimension.
        batch_ms: Milliseconds from one batch to the next.
        first_batch_ms: Until the first batch came, workers' start included.
        megabytes_per_second: 10^6 bytes of batches handed over.
        peak_memory_bytes: Highest anonymous memory of this process, plus what its worker
            processes hold for themselves.
        workers: As measured; so are the next two.
        use_multiprocessing: Processes instead of threads.
        max_queue_size: Batches that could wait.
    """

    samples_per_second: Spread
    batch_ms: Spread
    first_batch_ms: float
    megabytes_per_second: float
    peak_memory_bytes: int
    workers: int
    use_multiprocessing: bool
    max_queue_size: int

    def to_dict(self) -> dict[str, Any]:
        """As plain dicts, for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        rate, kind = self.samples_per_second, "processes" if self.use_multiprocessing else "threads"
        return (
            f"{rate.median:.4g} samples/s (interquartile range {rate.iqr:.2g}, n={rate.n}), "
            f"{self.batch_ms.median:.4g} ms a batch, {self.workers} {kind}"
        )


class Stopped(Exception):
    """The measurement was asked to stop before it had a figure."""
