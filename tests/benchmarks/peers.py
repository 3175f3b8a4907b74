"""What people use instead, doing the same to the same images: example 1's settings, border nearest.

Peers draw for themselves, from the same ranges, and give the type that is asked for. `make bench`
installs them; `pip install -e ".[bench]"` does so elsewhere. albumentations 2.0 asks for OpenCV
from 4.9 and runs on our 5; it reads and writes uint8 and float32 as they are.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import find_spec
from typing import Any

import cv2
import numpy as np

from tests.benchmarks.spread import milliseconds, settled_milliseconds
from workbench.settings import Augmentation

ALBUMENTATIONS, KERAS = "albumentations", "Keras layers in tf.data"
BATCH = 32
# Batches of tf.data are timed from when each thread has made one: starting takes 80 ms. As many as
# have these values; an even number, two threads make two at a time.
BATCHES, VALUES = (4, 32), 2**23

Images = Any


def left_out() -> list[str]:
    """Peers that are not installed, in words."""
    if find_spec("albumentations"):
        return []
    return ['albumentations is not installed: pip install -e ".[bench]"']


def peers(
    x: Images, rows: Any, made: str, a: Augmentation, threads: int
) -> Iterator[tuple[str, Callable[[int], float]]]:
    """Names, and what measures the milliseconds of a batch.

    Args:
        x: All images.
        rows: Those of one epoch in its order.
        made: The type of a batch.
        a: What is drawn from. Shifts are shares of the image; zoom is one number.
        threads: How many each may use. OpenCV's number is set already.
    """
    if not left_out():
        transform = _albumentations(a)
        yield (
            ALBUMENTATIONS,
            lambda number: settled_milliseconds(
                lambda: _transformed(transform, x, _batch(rows, number), made)
            ),
        )
    yield KERAS, _tf_data_batch(x, rows, made, a, threads)


def _tf_data_batch(
    x: Images, rows: Any, made: str, a: Augmentation, threads: int
) -> Callable[[int], float]:
    low, high = BATCHES
    count = min(high, max(low, VALUES // (BATCH * x[0].size) // 2 * 2))
    dataset = _tf_data(x, rows, made, a, threads, threads + count)

    def measure(_: int) -> float:
        batches = iter(dataset)
        for _ in range(threads):
            next(batches)
        return milliseconds(lambda: list(batches)) / count

    return measure


def _batch(rows: Any, number: int) -> Any:
    first = number % (len(rows) // BATCH) * BATCH
    return rows[first : first + BATCH]


def _transformed(transform: Any, x: Images, rows: Any, made: str) -> Images:
    out = np.empty((len(rows), *x.shape[1:]), made)
    for place, row in enumerate(rows):
        out[place] = transform(image=x[row])["image"]
    return out


def _albumentations(a: Augmentation) -> Any:
    # Importing it would ask the network for a newer version.
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
    import albumentations as A

    across, down, zoom = a.width_shift_range, a.height_shift_range, a.zoom_bounds
    affine = A.Affine(
        rotate=(-a.rotation_range, a.rotation_range),
        translate_percent={"x": (-across, across), "y": (-down, down)},
        shear=(-a.shear_range, a.shear_range),
        scale={"x": zoom, "y": zoom},
        border_mode=cv2.BORDER_REPLICATE,
        p=1.0,  # not its default: one half would leave every other image as it is
    )
    return A.Compose([affine, A.HorizontalFlip(p=0.5)])


@cache
def _layers(a: Augmentation) -> Any:
    from keras import Sequential, layers

    turn, zoom = a.rotation_range / 360, tuple(bound - 1 for bound in a.zoom_bounds)
    shear = float(np.sin(np.deg2rad(a.shear_range)))
    border: dict[str, Any] = {"fill_mode": "nearest"}
    return Sequential(
        [
            layers.RandomRotation((-turn, turn), **border),
            layers.RandomTranslation(a.height_shift_range, a.width_shift_range, **border),
            layers.RandomShear(x_factor=(0.0, shear), **border),
            layers.RandomZoom(zoom, zoom, **border),
            layers.RandomFlip("horizontal"),
        ]
    )


def _tf_data(x: Images, rows: Any, made: str, a: Augmentation, threads: int, count: int) -> Any:
    import tensorflow as tf

    layers = _layers(a)

    def augment(images: Any) -> Any:
        images = layers(tf.cast(images, tf.float32), training=True)
        return images if made == "float32" else tf.cast(tf.round(images), made)

    with tf.device("CPU:0"):
        # So many and no more: none is made ahead while something else is measured.
        dataset = tf.data.Dataset.from_tensor_slices(x[rows]).batch(BATCH).repeat().take(count)
    options = tf.data.Options()
    options.threading.private_threadpool_size = threads
    options.threading.max_intra_op_parallelism = 1
    return dataset.map(augment, num_parallel_calls=threads).with_options(options)
