"""Rates of known sleeps through Keras's feed, and what `fit` itself gets."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import workbench as wb
from tests.accuracy.case import Case, Cases, middle, relative
from tests.loaders import loaders_zoo as zoo
from tests.measure import sleepers

FEEDS = {"1 thread": (1, False), "2 threads": (2, False), "2 processes": (2, True)}


class Sleeper(sleepers.Sleeper, keras.utils.PyDataset):
    """Which `fit` takes too; batches of 20 ms."""

    def __len__(self) -> int:
        return 60


def cases(repeats: int) -> Cases:
    """Batches a second: of sleeps, as `fit` gets them, of elements of tf.data."""
    for name, feed in FEEDS.items():
        yield from middle(partial(_sleeps, name, *feed), repeats)
    for name, feed in FEEDS.items():
        yield from middle(partial(_fit, name, *feed), repeats)
    yield from middle(_without_length, repeats)
    yield from middle(_elements, repeats)


def _rate(loader: Any, workers: int, processes: bool) -> float:
    """Batches a second."""
    rate = wb.measure_rate(loader, workers=workers, use_multiprocessing=processes, seconds=1.0)
    return 1e3 / rate.batch_ms.median


def _sleeps(name: str, workers: int, processes: bool) -> list[Case]:
    rate = _rate(Sleeper(), workers, processes)
    return [relative(f"batches of 20 ms, {name}", 50 * workers, rate, 0.1, "a second")]


class Idle(keras.Model):
    """Takes no time."""

    def train_step(self, data: Any) -> dict[str, Any]:
        return {"loss": tf.constant(0.0)}


def _fit(name: str, workers: int, processes: bool) -> list[Case]:
    loader = Sleeper(workers=workers, use_multiprocessing=processes)
    model, stamps = Idle(), []
    model.compile()
    model.fit(Sleeper(), steps_per_epoch=2, verbose=0)  # traces the training function
    callback = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda *_, **__: stamps.append(time.perf_counter())
    )
    model.fit(loader, shuffle=False, verbose=0, callbacks=[callback])
    fitted = (len(stamps) - 11) / (stamps[-1] - stamps[10])
    rate = _rate(loader, workers, processes)
    return [relative(f"batches that `fit` gets, {name}", fitted, rate, 0.15, "a second")]


def _without_length() -> list[Case]:
    one, two = (_rate(zoo.WithoutLength(), workers, False) for workers in (1, 2))
    return [Case("2 threads against 1, no length", 1.4, two / one, sense="≥")]


def _elements() -> list[Case]:
    def pause(x: Any) -> Any:
        time.sleep(0.01)
        return x

    data = tf.data.Dataset.from_tensor_slices(np.zeros((80, 4, 4, 1), np.float32)).batch(4)
    data = data.map(
        lambda x: tf.ensure_shape(tf.numpy_function(pause, [x], tf.float32), (4, 4, 4, 1))
    )
    return [relative("tf.data: elements of 10 ms", 100, _rate(data, 1, False), 0.1, "a second")]
