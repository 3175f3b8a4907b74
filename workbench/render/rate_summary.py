"""A `Rate` in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.measure.rate import Rate

TITLE = "Rate"


def text(rate: Rate) -> str:
    """Samples per second with their spread, time per batch, and the workers."""
    figure, kind = rate.samples_per_second, "processes" if rate.use_multiprocessing else "threads"
    return (
        f"{figure.median:.4g} samples/s (interquartile range {figure.iqr:.2g}, n={figure.n}), "
        f"{rate.batch_ms.median:.4g} ms per batch, {rate.workers} {kind}"
    )
