"""The rate at which Keras gets samples from a loader, measured by `feed`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workbench.measure.stats import Summary
from workbench.result import Result


@dataclass(frozen=True)
class Rate(Result):
    """What a loader delivers to Keras.

    Attributes:
        samples_per_second: By the batches' real leading dimension.
        batch_ms: Milliseconds from one batch to the next.
        first_batch_ms: Milliseconds until the first batch, including the workers' start.
        megabytes_per_second: 10^6 bytes of batches.
        peak_memory_bytes: Peak anonymous memory of this process, plus memory that its worker
            processes do not share.
        workers: Number of workers.
        use_multiprocessing: Whether the workers were processes instead of threads.
        max_queue_size: Most batches that could wait in the queue.
        notes: Remarks without which the figures could be misread: whether they come from a cache,
            whether the loader's threads wait, when training would run out of data.
    """

    samples_per_second: Summary
    batch_ms: Summary
    first_batch_ms: float
    megabytes_per_second: float
    peak_memory_bytes: int
    workers: int
    use_multiprocessing: bool
    max_queue_size: int
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As plain dicts, for JSON; summaries by median and interquartile range."""
        found = super().to_dict()
        for name in ("samples_per_second", "batch_ms"):
            figure: Summary = getattr(self, name)
            iqr = figure.iqr if figure.n > 1 else None  # of one value there is none
            found[name] = {"median": figure.median, "iqr": iqr, "n": figure.n}
        return found


class Stopped(Exception):
    """The measurement was stopped before it had a result."""
