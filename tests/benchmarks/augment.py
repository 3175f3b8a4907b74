"""Every augment method through `__getitem__`, and peers: example 1's settings, 32 images."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from typing import Any, get_args

import cv2
import numpy as np

from tests.benchmarks.peers import left_out, peers
from tests.benchmarks.spread import alternating, ratios, settled_milliseconds, shown, spread

SHAPES = ((28, 28, 1), (64, 64, 3), (224, 224, 3), (512, 512, 1))
THREADS = (1, 2)
# Types in and out. Float images have no integer type to go to.
TYPES = (("uint8", "float32"), ("uint8", "uint8"), ("float32", "float32"))
# What the README shows, and the targets are for: more rounds.
HEADLINE = ((224, 224, 3), (512, 512, 1))
HEADLINE_TYPES = ("uint8", "float32")
HEADLINE_ROUNDS, ROUNDS, QUICK_ROUNDS = 15, 5, 2

Shape = tuple[int, int, int]


def run(quick: bool = False) -> dict[str, Any]:
    """Milliseconds a batch of 32 and ratios to `keras_loop`, all methods in alternation.

    TensorFlow's threads are set before its first operation and then stay: methods that use them
    are measured at the number that this process started with. OpenCV's, and those of the peer in
    tf.data, are the case's.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    threads = cv2.getNumThreads()
    try:
        rows = [row for case in product(SHAPES, TYPES, THREADS) for row in _case(*case, quick)]
    finally:
        cv2.setNumThreads(threads)
    return {"rows": rows, "left_out": left_out()}


def _case(shape: Shape, types: tuple[str, str], used: int, quick: bool) -> Iterator[dict[str, Any]]:
    """One row for each method and peer."""
    cv2.setNumThreads(used)
    headline = shape in HEADLINE and types == HEADLINE_TYPES
    rounds = QUICK_ROUNDS if quick else HEADLINE_ROUNDS if headline else ROUNDS
    times = alternating(_calls(shape, *types, used), rounds)
    case = {"shape": _text(shape), "in": types[0], "out": types[1], "threads": used}
    for method, values in times.items():
        found = {"ms": spread(values), "ratio": ratios(times["keras_loop"], values)}
        yield {**case, "method": method, "peer": method not in _methods(), **found}
    yield {**case, **_against_fastest_peer(times)}


def _against_fastest_peer(times: dict[str, list[float]]) -> dict[str, Any]:
    others = [name for name in times if name not in _methods()]
    fastest = min(others, key=lambda name: np.median(times[name]))
    ratio = ratios(times[fastest], times["opencv"])
    return {"method": f"opencv against {fastest}", "against": fastest, "ratio": ratio}


def _calls(shape: Shape, read: str, made: str, used: int) -> dict[str, Callable[[int], float]]:
    x = np.random.default_rng(0).integers(0, 256, (96, *shape), np.uint8).astype(read)
    datasets = {method: dataset_of(x, made, method) for method in _methods()}
    calls = {method: partial(_batch, dataset) for method, dataset in datasets.items()}
    pipeline = datasets["opencv"].pipeline
    augmentation = pipeline.settings.augmentation
    return {**calls, **dict(peers(x, pipeline.order(0), made, augmentation, used))}


def _batch(dataset: Any, number: int) -> float:
    return settled_milliseconds(lambda: dataset[number % len(dataset)])


def _methods() -> tuple[str, ...]:
    from workbench.settings import AugmentMethod

    methods: tuple[str, ...] = get_args(AugmentMethod)
    return methods


def _text(shape: Shape) -> str:
    return "x".join(map(str, shape))


def dataset_of(x: Any, made: str, method: str, **augmentation: Any) -> Any:
    """A dataset of these images with example 1's augmentation, and more of it."""
    from workbench.panel.pipeline_subject import EXAMPLE_1
    from workbench.pipeline.dataset import Dataset
    from workbench.pipeline.pipeline import Pipeline
    from workbench.pipeline.sources.open_source import ArraySource
    from workbench.settings import ArraysData, Batch, Methods, Settings

    settings = Settings.for_data(
        ArraysData(shape=x.shape, dtype=x.dtype.name),
        batch=Batch(dtype=made),  # type: ignore[arg-type]
        augmentation=EXAMPLE_1.model_copy(update=augmentation),
        methods=Methods(read="array", augment=method),  # type: ignore[arg-type]
    )
    return Dataset(Pipeline(settings, ArraySource(x, None), subset=None))


def table(values: dict[str, Any]) -> str:
    """For people."""
    lines = ["32 images; ms a batch and times keras_loop: medians (quartiles, rounds)"]
    case = None
    for row in values["rows"]:
        here = f"{row['shape']}, {row['in']} in, {row['out']} out, {row['threads']} OpenCV threads"
        if here != case:
            case = here
            lines.append(f"\n{here}")
        ms = shown(row["ms"], 1, " ms") if "ms" in row else ""
        lines.append(f"  {row['method']:40s} {ms:32s} {shown(row['ratio'], 2, 'x')}")
    return "\n".join([*lines, *values["left_out"]])
