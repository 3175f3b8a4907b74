"""Every normalize method: samplewise mean and deviation of 32 float32 images, in place."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any

import numpy as np

from tests.benchmarks.spread import alternating, milliseconds, ratios, shown, spread
from workbench.pipeline.normalize import METHODS, Normalization
from workbench.settings import Augmentation

SHAPES = (
    (64, 1, 1), (32, 32, 1), (28, 28, 1), (64, 64, 3), (128, 128, 3), (224, 224, 3), (512, 512, 1),
)  # fmt: skip
VALUES = 2**22  # scaled in each round at least: small batches several times
ROUNDS, QUICK_ROUNDS = 25, 3
STEPS = Normalization(Augmentation(samplewise_center=True, samplewise_std_normalization=True))


def run(quick: bool = False) -> dict[str, Any]:
    """Milliseconds a batch of 32 by method and shape, in alternation."""
    return {"rows": [_row(shape, QUICK_ROUNDS if quick else ROUNDS) for shape in SHAPES]}


def _row(shape: tuple[int, int, int], rounds: int) -> dict[str, Any]:
    images = np.random.default_rng(0).random((32, *shape), np.float32)
    times = alternating({name: partial(_scale, METHODS[name], images) for name in METHODS}, rounds)
    better = min(("loop", "vectorized"), key=lambda name: median(times[name]))
    return {
        "shape": "x".join(map(str, shape)),
        "ms": {name: spread(values) for name, values in times.items()},
        "vectorized_ratio": ratios(times["loop"], times["vectorized"]),
        "cache_blocked_ratio": ratios(times["loop"], times["cache_blocked"]),
        "better": better,
        "cache_blocked_against_the_better": ratios(times[better], times["cache_blocked"]),
    }


def _scale(method: Callable[[Any, Normalization], None], images: Any, _: int) -> float:
    times = max(1, VALUES // images.size)

    def scale() -> None:
        for _ in range(times):
            method(images, STEPS)

    return milliseconds(scale) / times


def table(values: dict[str, Any]) -> str:
    """For people."""
    lines = ["32 images, float32: ms by method; times loop; cache_blocked times the better of both"]
    for row in values["rows"]:
        ms = "  ".join(f"{name} {found['median']:8.3f}" for name, found in row["ms"].items())
        lines.append(
            f"{row['shape']:10s} {ms}  vectorized {row['vectorized_ratio']['median']:5.2f}x  "
            f"cache_blocked {row['cache_blocked_ratio']['median']:5.2f}x  "
            f"{shown(row['cache_blocked_against_the_better'], 2, 'x')} {row['better']}"
        )
    return "\n".join(lines)
