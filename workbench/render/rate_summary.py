"""A `Rate` in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.measure.rate import Rate

TITLE = "Rate"


def text(rate: Rate) -> str:
    """Samples per second with their spread, time per batch, and the workers; then remarks."""
    figure, kind = rate.samples_per_second, "process" if rate.use_multiprocessing else "thread"
    spread = "one interval: no spread"
    if figure.n > 1:
        spread = f"interquartile range {figure.iqr:.2g}, n={figure.n}"
    several = "" if rate.workers == 1 else "es" if rate.use_multiprocessing else "s"
    return "\n".join(
        (
            f"{figure.median:.4g} samples/s ({spread}), {rate.batch_ms.median:.4g} ms per batch, "
            f"{rate.workers} {kind}{several}",
            *rate.notes,
        )
    )
