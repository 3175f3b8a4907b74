"""What batches of bytes save in `model.fit`, with `Rescaling(1/255)` in the model.

Against float32 batches of the same images, rescaled by the dataset. `held`: batches that are made
already, so that nothing but Keras's feed is left; `opencv`: example 1's augmentation.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from itertools import product
from time import perf_counter
from typing import Any

import cv2
import numpy as np

from tests.benchmarks.augment import dataset_of
from tests.benchmarks.spread import alternating, ratios, shown, spread

SHAPE = (224, 224, 3)
BATCHES = 20
FIRST = 4  # of which are not timed: workers start, the queue fills
ROUNDS, QUICK_ROUNDS = 9, 2
CASES = (("held", "idle"), ("opencv", "idle"), ("opencv", "conv"))
WORKERS = (1, 2)
MADE = ("float32", "uint8")


def run(quick: bool = False) -> dict[str, Any]:
    """Milliseconds a batch of 32x224x224x3, timed within one epoch of `fit`.

    OpenCV has one thread a batch: Keras's worker threads are what is varied.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        return {"rows": [_row(*case, quick) for case in product(CASES, WORKERS)]}
    finally:
        cv2.setNumThreads(threads)


def _row(case: tuple[str, str], workers: int, quick: bool) -> dict[str, Any]:
    feed, model = case
    calls = {made: _call(feed, model, made, workers) for made in MADE}
    times = alternating(calls, QUICK_ROUNDS if quick else ROUNDS)
    saved = [slow - fast for slow, fast in zip(times["float32"], times["uint8"], strict=True)]
    return {
        "feed": feed,
        "model": model,
        "workers": workers,
        "ms": {made: spread(values) for made, values in times.items()},
        "saved_ms": spread(saved),
        "ratio": ratios(times["float32"], times["uint8"]),
    }


def _call(feed: str, model: str, made: str, workers: int) -> Callable[[int], float]:
    dataset = _dataset(made, workers) if feed == "opencv" else _held(made, workers)
    return partial(_fit, MODELS[model](made), dataset)


def _fit(model: Any, dataset: Any, _: int) -> float:
    """Milliseconds a batch, from the end of batch `FIRST` to the end of the last."""
    import keras

    ends: list[float] = []
    note = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: ends.append(perf_counter())
    )
    model.fit(dataset, shuffle=False, verbose=0, callbacks=[note])
    return 1e3 * (ends[-1] - ends[FIRST - 1]) / (len(ends) - FIRST)


def _dataset(made: str, workers: int) -> Any:
    x = np.random.default_rng(0).integers(0, 256, (32 * BATCHES, *SHAPE), np.uint8)
    more = {"rescale": 1 / 255} if made == "float32" else {}
    dataset = dataset_of(x, made, "opencv", **more)
    dataset.workers = workers
    return dataset


def _held(made: str, workers: int) -> Any:
    import keras

    few = [_dataset(made, 1)[index] for index in range(4)]

    class Held(keras.utils.PyDataset):  # type: ignore[misc,name-defined]
        """Batches that are made already."""

        def __len__(self) -> int:
            return BATCHES

        def __getitem__(self, index: int) -> Any:
            return few[index % len(few)]

    return Held(workers=workers)


def _rescaling(made: str) -> Any:
    import keras

    return [keras.layers.Rescaling(1 / 255)] if made == "uint8" else []


def _idle(made: str) -> Any:
    """Looks at some pixels of each image, rescaled."""
    import keras

    class Idle(keras.Sequential):  # type: ignore[misc,name-defined]
        """Trains nothing."""

        def train_step(self, data: Any) -> dict[str, Any]:
            (images,) = data
            for layer in self.layers:
                images = layer(images)
            return {"loss": keras.ops.mean(images[:, ::56, ::56])}

    model = Idle(_rescaling(made))
    model.compile("sgd", jit_compile=False)
    return model


def _conv(made: str) -> Any:
    """Learns to give back the mean: labels would change nothing in what is measured."""
    import keras

    layers = keras.layers

    class Unlabelled(keras.Sequential):  # type: ignore[misc,name-defined]
        """Takes zeros as labels."""

        def train_step(self, data: Any) -> Any:
            (images,) = data
            return super().train_step((images, keras.ops.zeros((keras.ops.shape(images)[0], 1))))

    model = Unlabelled(
        [
            *_rescaling(made),
            layers.Conv2D(8, 5, strides=4, activation="relu"),
            layers.Conv2D(16, 3, strides=2, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(1),
        ]
    )
    model.compile("sgd", "mse", jit_compile=False)
    return model


MODELS: dict[str, Callable[[str], Any]] = {"idle": _idle, "conv": _conv}


def table(values: dict[str, Any]) -> str:
    """For people."""
    lines = ["fit, 32x224x224x3: ms a batch; what uint8 with Rescaling in the model saves"]
    for row in values["rows"]:
        ms = "  ".join(f"{made} {shown(found)}" for made, found in row["ms"].items())
        lines.append(
            f"{row['feed']:7s} {row['model']:5s} {row['workers']} workers  {ms}  "
            f"saves {shown(row['saved_ms'], 1, ' ms')}, {shown(row['ratio'], 2, 'x')}"
        )
    return "\n".join(lines)
