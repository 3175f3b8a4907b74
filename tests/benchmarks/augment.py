"""Every augment method through `__getitem__`: example 1's settings, 32 images."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import product
from time import perf_counter
from typing import Any, get_args

import cv2
import numpy as np

SHAPES = ((28, 28, 1), (64, 64, 3), (224, 224, 3), (512, 512, 1))
THREADS = (1, 2)
# Types in and out. Float images have no integer type to go to.
TYPES = (("uint8", "float32"), ("uint8", "uint8"), ("float32", "float32"))
# What the README shows, and the targets are for.
HEADLINE = ((224, 224, 3), (512, 512, 1))
HEADLINE_ROUNDS, ROUNDS = 15, 5


def run() -> dict[str, Any]:
    """Milliseconds a batch of 32 and ratios to `keras_loop`; methods in alternation.

    TensorFlow's threads are set before its first operation and then stay: its methods are measured
    at the number that this process started with, in all cases.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    threads = cv2.getNumThreads()
    try:
        return {"cases": dict(_headline()), "methods": list(_methods())}
    finally:
        cv2.setNumThreads(threads)


def _headline() -> Iterator[tuple[str, dict[str, Any]]]:
    for shape, used in product(HEADLINE, THREADS):
        cv2.setNumThreads(used)
        times = _times(shape, "uint8", "float32", ("keras_loop", "opencv"), HEADLINE_ROUNDS)
        case = {f"{method}_ms": _spread(values) for method, values in times.items()}
        case["ratio"] = _ratio(times, "opencv")
        yield f"{_text(shape)}, {used} OpenCV threads", case


def _methods() -> Iterator[dict[str, Any]]:
    """One row for each method, shape, types and threads."""
    from workbench.settings import AugmentMethod

    for shape, (read, made), used in product(SHAPES, TYPES, THREADS):
        cv2.setNumThreads(used)
        times = _times(shape, read, made, get_args(AugmentMethod), ROUNDS)
        for method, values in times.items():
            yield {
                "shape": _text(shape),
                "in": read,
                "out": made,
                "threads": used,
                "method": method,
                "ms": _spread(values),
                "ratio": _ratio(times, method),
            }


def _times(
    shape: tuple[int, int, int], read: str, made: str, methods: tuple[str, ...], rounds: int
) -> dict[str, list[float]]:
    x = np.random.default_rng(0).integers(0, 256, (96, *shape), np.uint8).astype(read)
    datasets = {method: _dataset(x, made, method) for method in methods}
    times: dict[str, list[float]] = {method: [] for method in methods}
    for round_ in range(rounds + 1):
        for method, dataset in datasets.items():
            began = perf_counter()
            dataset[round_ % len(dataset)]
            times[method].append(1e3 * (perf_counter() - began))
    # The first round imports and touches memory.
    return {method: values[1:] for method, values in times.items()}


def _ratio(times: dict[str, list[float]], method: str) -> dict[str, object]:
    pairs = zip(times["keras_loop"], times[method], strict=True)
    return _spread([slow / fast for slow, fast in pairs])


def _spread(values: list[float]) -> dict[str, object]:
    from tests.benchmarks.__main__ import spread

    return spread(values)


def _text(shape: tuple[int, int, int]) -> str:
    return "x".join(map(str, shape))


def _dataset(x: Any, made: str, method: str) -> Any:
    from workbench.generators.dataset import Dataset
    from workbench.generators.pipeline import Pipeline
    from workbench.generators.sources import ArraySource
    from workbench.settings import ArraysData, Batch, Methods, Settings
    from workbench.widgets.panel import EXAMPLE_1

    settings = Settings.for_data(
        ArraysData(shape=x.shape, dtype=x.dtype.name),
        batch=Batch(dtype=made),  # type: ignore[arg-type]
        augmentation=EXAMPLE_1,
        methods=Methods(read="array", augment=method),  # type: ignore[arg-type]
    )
    return Dataset(Pipeline(settings, ArraySource(x, None), subset=None))


def table(values: dict[str, Any]) -> str:
    """For people."""
    rows = ["32 images, uint8 in, float32 out | keras_loop ms | opencv ms | ratio (quartiles)"]
    for name, case in values["cases"].items():
        slow, fast = case["keras_loop_ms"]["median"], case["opencv_ms"]["median"]
        rows.append(f"{name:36s} {slow:8.1f} {fast:8.1f} {_shown(case['ratio'])}")
    rows.append("\nshape, in, out, OpenCV threads, method | ms (quartiles) | times keras_loop")
    for row in values["methods"]:
        ms = row["ms"]
        case = f"{row['shape']:10s} {row['in']:8s} {row['out']:8s} {row['threads']}"
        spread = f"({ms['low']:.1f}-{ms['high']:.1f})"
        rows.append(
            f"{case} {row['method']:16s} {ms['median']:8.1f} {spread:16s} {_shown(row['ratio'])}"
        )
    return "\n".join(rows)


def _shown(ratio: dict[str, Any]) -> str:
    quartiles = f"({ratio['low']:.1f}-{ratio['high']:.1f}, n={ratio['n']})"
    return f"{ratio['median']:8.1f}x {quartiles}"
