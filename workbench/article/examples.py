"""The article's three examples, before and after, as Python generators that run on Keras 3.

In our own words. Where the article's code has a fault that people copy, a comment starting with
FAULT says what it was; `tests/test_examples.py` shows each on the literal form. As plain generators
they have no length, no workers and no order of their own: to train, take a `Dataset`, whose methods
`keras_loop` and `keras_flow`, `loop` and `vectorized`, `list` and `array` do the same work.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Batches = Iterator[tuple[Array, Array]]

# Example 1's settings, with the names of `ImageDataGenerator`.
AUGMENTATION = {
    "rotation_range": 20,
    "width_shift_range": 0.2,
    "height_shift_range": 0.2,
    "shear_range": 0.2,
    "zoom_range": 0.2,
    "horizontal_flip": True,
    "fill_mode": "nearest",
}
EPSILON = 1e-6  # what Keras adds to a standard deviation


def augment_each_sample(
    images: Array, labels: Array, batch_size: int = 32, seed: int = 0
) -> Batches:
    """Example 1, before: `random_transform` for one sample after the other, into a list.

    Args:
        images: Shape (samples, height, width, channels); is not changed.
        labels: One entry a sample.
        batch_size: Samples in a batch; the last one of an epoch may be short.
        seed: Of the augmentation.

    Yields:
        (images, labels) without end, epoch after epoch.
    """
    generator, dice = _image_data_generator(), np.random.RandomState(seed)
    while True:
        for part in _parts(len(images), batch_size):
            with _rolling(dice):
                batch = [generator.random_transform(image) for image in _floats(images[part])]
            yield np.array(batch), labels[part]


def augment_with_flow(images: Array, labels: Array, batch_size: int = 32, seed: int = 0) -> Batches:
    """Example 1, after: `ImageDataGenerator.flow` for each batch.

    It is no batch operation: `flow` loops over the samples inside. See `augment_each_sample`.
    """
    dice = np.random.RandomState(seed)
    # FAULT: `flow(batch)` anew for each batch builds an iterator each time, and `.next()` is gone.
    # One iterator goes on over all epochs.
    flow = _image_data_generator().flow(images, labels, batch_size=batch_size, shuffle=False)
    while True:
        with _rolling(dice):
            batch = next(flow)
        yield batch


def scale_in_a_loop(features: Array, labels: Array, batch_size: int = 32) -> Batches:
    """Example 2, before: each sample less its mean, by its standard deviation, in a loop.

    Args:
        features: Shape (samples, ...); is not changed.
        labels: One entry a sample.
        batch_size: Samples in a batch; the last one of an epoch may be short.

    Yields:
        (features, labels) without end, epoch after epoch.
    """
    while True:
        for part in _parts(len(features), batch_size):
            # FAULT: a slice is a view. Scaled in place it changes the data set for ever: the second
            # epoch scales it again, and whole numbers become -1, 0 and 1.
            batch = _floats(features[part])
            for place, sample in enumerate(batch):
                batch[place] = (sample - sample.mean()) / (sample.std() + EPSILON)
            yield batch, labels[part]


def scale_vectorized(features: Array, labels: Array, batch_size: int = 32) -> Batches:
    """Example 2, after: the same for the whole batch at once; see `scale_in_a_loop`."""
    while True:
        for part in _parts(len(features), batch_size):
            batch = _floats(features[part])
            # FAULT: axis=1 is a sample's only axis for tables alone; of images it is the height.
            axes = tuple(range(1, batch.ndim))
            mean, std = batch.mean(axis=axes, keepdims=True), batch.std(axis=axes, keepdims=True)
            # FAULT: without an epsilon a constant sample gives NaN.
            yield (batch - mean) / (std + EPSILON), labels[part]


def read_from_lists(
    images: Sequence[Array], labels: Sequence[Any], batch_size: int = 32
) -> Batches:
    """Example 3, before: samples in Python lists, made an array batch by batch.

    Args:
        images: Samples of one shape.
        labels: One entry a sample.
        batch_size: Samples in a batch; the last one of an epoch may be short.

    Yields:
        (images, labels) without end, epoch after epoch.
    """
    while True:
        for part in _parts(len(images), batch_size):
            yield np.array(images[part]), np.array(labels[part])


def read_from_npy(folder: str | Path, batch_size: int = 32) -> Batches:
    """Example 3, after: slices of `data.npy` and `labels.npy`; see `read_from_lists`.

    `np.load` reads all of it into memory first, as the lists had it; `mmap_mode="r"` would not.
    """
    images, labels = (np.load(Path(folder) / name) for name in ("data.npy", "labels.npy"))
    while True:
        for part in _parts(len(images), batch_size):
            # A copy: a view would let whoever gets the batch write into the data set.
            yield images[part].copy(), labels[part].copy()


def _parts(count: int, size: int) -> Iterator[slice]:
    if count < 1 or size < 1:
        raise ValueError(f"expected samples and a batch size. Received: {count} and {size}")
    return (slice(start, start + size) for start in range(0, count, size))


def _floats(values: Array) -> Array:
    """A copy as float32."""
    return values.astype(np.float32)


def _image_data_generator() -> Any:
    # FAULT: `from keras.preprocessing.image import ImageDataGenerator` no longer imports.
    from tensorflow.keras.preprocessing.image import ImageDataGenerator

    return ImageDataGenerator(**AUGMENTATION)


@contextmanager
def _rolling(dice: np.random.RandomState) -> Iterator[None]:
    """Let Keras draw from `dice`.

    FAULT: it draws from NumPy's global state, so that whatever else draws in between changes the
    augmentation, and the augmentation changes what else is drawn. In one thread at a time.
    """
    outside = np.random.get_state()
    np.random.set_state(dice.get_state())
    try:
        yield
    finally:
        dice.set_state(np.random.get_state())
        np.random.set_state(outside)
