"""The rate at which Keras gets samples from a loader, as `feed` measures it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workbench.measure.stats import Summary
from workbench.result import Result


@dataclass(frozen=True)
class Rate(Result):
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

    samples_per_second: Summary
    batch_ms: Summary
    first_batch_ms: float
    megabytes_per_second: float
    peak_memory_bytes: int
    workers: int
    use_multiprocessing: bool
    max_queue_size: int

    def to_dict(self) -> dict[str, Any]:
        """As plain dicts, for JSON: the figures by their median and interquartile range."""
        found = super().to_dict()
        for name in ("samples_per_second", "batch_ms"):
            figure: Summary = getattr(self, name)
            found[name] = {"median": figure.median, "iqr": figure.iqr, "n": figure.n}
        return found


class Stopped(Exception):
    """The measurement was asked to stop before it had a figure."""
