"""A `Rate` in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.measure.rate import Rate

TITLE = "Rate"


def text(of: Rate) -> str:
    """Samples per second with their spread, and the workers."""
    rate, kind = of.samples_per_second, "processes" if of.use_multiprocessing else "threads"
    return (
        f"{rate.median:.4g} samples/s (interquartile range {rate.iqr:.2g}, n={rate.n}), "
        f"{of.batch_ms.median:.4g} ms a batch, {of.workers} {kind}"
    )
