"""The article's three examples, before and after, as Python generators that run on Keras 3.

Rewritten. A comment starting with FAULT names a fault of the article's code that people copy, which
`tests/article/test_examples.py` shows on the literal code. Plain generators have no length, no
workers and no shuffling: to train, use a `Dataset`, whose methods `keras_loop` and `keras_flow`,
`loop` and `vectorized`, `list` and `array` do the same work.
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
EPSILON = 1e-6  # as Keras adds to a standard deviation


def augment_each_sample(
    images: Array, labels: Array, batch_size: int = 32, seed: int = 0
) -> Batches:
    """Example 1, before: `random_transform` for one sample after the other, into a list.

    Args:
        images: Shape (samples, height, width, channels). Not changed.
        labels: One entry per sample.
        batch_size: Samples per batch; the last batch of an epoch may be smaller.
        seed: Seed of the augmentation.

    Yields:
        (images, labels), endlessly, epoch after epoch.
    """
    generator, rng = _image_data_generator(), np.random.RandomState(seed)
    while True:
        for part in _parts(len(images), batch_size):
            with _global_rng(rng):
                batch = [generator.random_transform(image) for image in _floats(images[part])]
            yield np.array(batch), labels[part]


def augment_with_flow(images: Array, labels: Array, batch_size: int = 32, seed: int = 0) -> Batches:
    """Example 1, after: `ImageDataGenerator.flow` for each batch.

    Not a batch operation: `flow` loops over the samples inside. See `augment_each_sample`.
    """
    rng = np.random.RandomState(seed)
    # FAULT: `flow(batch)` for each batch builds an iterator each time, and `.next()` was removed.
    # One iterator serves all epochs.
    flow = _image_data_generator().flow(images, labels, batch_size=batch_size, shuffle=False)
    while True:
        with _global_rng(rng):
            batch = next(flow)
        yield batch


def scale_in_a_loop(features: Array, labels: Array, batch_size: int = 32) -> Batches:
    """Example 2, before: subtract each sample's mean and divide by its deviation, in a loop.

    Args:
        features: Shape (samples, ...). Not changed.
        labels: One entry per sample.
        batch_size: Samples per batch; the last batch of an epoch may be smaller.

    Yields:
        (features, labels), endlessly, epoch after epoch.
    """
    while True:
        for part in _parts(len(features), batch_size):
            # FAULT: a slice is a view, and scaling it in place changes the data set: the second
            # epoch scales it again, and whole numbers become -1, 0 and 1.
            batch = _floats(features[part])
            for index, sample in enumerate(batch):
                batch[index] = (sample - sample.mean()) / (sample.std() + EPSILON)
            yield batch, labels[part]


def scale_vectorized(features: Array, labels: Array, batch_size: int = 32) -> Batches:
    """Example 2, after: the same for the whole batch at once; see `scale_in_a_loop`."""
    while True:
        for part in _parts(len(features), batch_size):
            batch = _floats(features[part])
            # FAULT: axis=1 is the only axis of a sample in a table, but the height of an image.
            axes = tuple(range(1, batch.ndim))
            mean, std = batch.mean(axis=axes, keepdims=True), batch.std(axis=axes, keepdims=True)
            # FAULT: without an epsilon a constant sample gives NaN.
            yield (batch - mean) / (std + EPSILON), labels[part]


def read_from_lists(
    images: Sequence[Array], labels: Sequence[Any], batch_size: int = 32
) -> Batches:
    """Example 3, before: samples in Python lists, converted to an array batch by batch.

    Args:
        images: Samples of equal shape.
        labels: One entry per sample.
        batch_size: Samples per batch; the last batch of an epoch may be smaller.

    Yields:
        (images, labels), endlessly, epoch after epoch.
    """
    while True:
        for part in _parts(len(images), batch_size):
            yield np.array(images[part]), np.array(labels[part])


def read_from_npy(folder: str | Path, batch_size: int = 32) -> Batches:
    """Example 3, after: slices of `data.npy` and `labels.npy`; see `read_from_lists`.

    `np.load` first reads the whole file into memory; `mmap_mode="r"` would not.
    """
    images, labels = (np.load(Path(folder) / name) for name in ("data.npy", "labels.npy"))
    while True:
        for part in _parts(len(images), batch_size):
            # A copy: writing into a view would change the data set.
            yield images[part].copy(), labels[part].copy()


def _parts(count: int, size: int) -> Iterator[slice]:
    if count < 1 or size < 1:
        raise ValueError(f"expected samples and a batch size from 1. Received: {count} and {size}")
    return (slice(start, start + size) for start in range(0, count, size))


def _floats(values: Array) -> Array:
    """A copy as float32."""
    return values.astype(np.float32)


def _image_data_generator() -> Any:
    # FAULT: `from keras.preprocessing.image import ImageDataGenerator` no longer imports.
    from tensorflow.keras.preprocessing.image import ImageDataGenerator

    return ImageDataGenerator(**AUGMENTATION)


@contextmanager
def _global_rng(rng: np.random.RandomState) -> Iterator[None]:
    """Make Keras draw from `rng`. Not thread-safe.

    FAULT: Keras draws from NumPy's global state, so other code that draws changes the augmentation,
    and the augmentation changes what other code draws.
    """
    saved = np.random.get_state()
    np.random.set_state(rng.get_state())
    try:
        yield
    finally:
        rng.set_state(np.random.get_state())
        np.random.set_state(saved)
