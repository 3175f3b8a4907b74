"""`keras_loop` against `opencv` through `__getitem__`: example 1's settings, float32 out."""

from __future__ import annotations

import os
from time import perf_counter
from typing import Any

import cv2
import numpy as np

SHAPES = ((224, 224, 3), (512, 512, 1))
ROUNDS = 15
METHODS = ("keras_loop", "opencv")


def run() -> dict[str, Any]:
    """Milliseconds a batch of 32 and ratios, by shape and threads; methods in alternation."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    found = {}
    threads = cv2.getNumThreads()
    for shape in SHAPES:
        for used in (1, 2):
            cv2.setNumThreads(used)
            found[f"{'x'.join(map(str, shape))}, {used} OpenCV threads"] = _compare(shape)
    cv2.setNumThreads(threads)
    return {"cases": found}


def _compare(shape: tuple[int, int, int]) -> dict[str, Any]:
    from tests.benchmarks.__main__ import spread

    datasets = {method: _dataset(shape, method) for method in METHODS}
    times: dict[str, list[float]] = {method: [] for method in METHODS}
    for round_ in range(ROUNDS + 1):
        for method, dataset in datasets.items():
            began = perf_counter()
            dataset[round_ % len(dataset)]
            times[method].append(1e3 * (perf_counter() - began))
    # The first round imports and touches memory.
    slow, fast = (times[method][1:] for method in METHODS)
    ratios = [a / b for a, b in zip(slow, fast, strict=True)]
    return {"keras_loop_ms": spread(slow), "opencv_ms": spread(fast), "ratio": spread(ratios)}


def _dataset(shape: tuple[int, int, int], method: str) -> Any:
    from workbench.generators.dataset import Dataset
    from workbench.generators.pipeline import Pipeline
    from workbench.generators.sources import ArraySource
    from workbench.settings import ArraysData, Methods, Settings
    from workbench.widgets.panel import EXAMPLE_1

    x = np.random.default_rng(0).integers(0, 256, (96, *shape), np.uint8)
    settings = Settings.for_data(
        ArraysData(shape=x.shape, dtype="uint8"),
        augmentation=EXAMPLE_1,
        methods=Methods(read="array", augment=method),  # type: ignore[arg-type]
    )
    return Dataset(Pipeline(settings, ArraySource(x, None), subset=None))


def table(values: dict[str, Any]) -> str:
    """For people."""
    rows = ["32 images, uint8 in, float32 out | keras_loop ms | opencv ms | ratio (quartiles)"]
    for name, case in values["cases"].items():
        ratio = case["ratio"]
        rows.append(
            f"{name:36s} {case['keras_loop_ms']['median']:8.1f} {case['opencv_ms']['median']:8.1f}"
            f" {ratio['median']:8.1f}x ({ratio['low']:.1f}-{ratio['high']:.1f}, n={ratio['n']})"
        )
    return "\n".join(rows)
