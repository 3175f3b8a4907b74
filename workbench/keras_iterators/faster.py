"""Replace a Keras iterator by a fast one, in one line of a training script."""

from __future__ import annotations

import itertools
import types
import warnings
from typing import Any

import numpy as np

from workbench.keras_iterators.clipped_files import clipped_files
from workbench.keras_iterators.compare_keras import KerasComparison, compare
from workbench.keras_iterators.faster_dataset import FasterDataset
from workbench.keras_iterators.iterator_images import FileImages
from workbench.keras_iterators.iterator_parts import overridden, source_of, why_keras_warps
from workbench.keras_iterators.report import report_of

FLOW_METHODS = "flow, flow_from_directory or flow_from_dataframe of Keras's ImageDataGenerator"
# A subclass that overrides one of these makes batches in its own way.
ITERATION_METHODS = (
    *("__getitem__", "__next__", "_set_index_array", "_flow_index", "on_epoch_end"),
    "_get_batches_of_transformed_samples",
)

# Counts iterators without a seed, so that no two share their draws.
_unseeded = itertools.count()


class Faster(FasterDataset):
    """What `faster` returns: a `FasterDataset` that can be compared with Keras's iterator."""

    def compare(self, n: int = 16) -> KerasComparison:
        """Show images and timings of Keras's iterator next to those of this one.

        Args:
            n: Number of images.
        """
        return compare(self, n)


def faster(iterator: Any) -> Faster:
    """Make an `ImageDataGenerator` iterator fast: the same batches, augmented by OpenCV.

    With a seed, samples, labels and random transforms are those of Keras's iterator, in the same
    order, and every pixel is within 1 grey level. `.report` says what stays the same, and
    `.compare()` shows it. Train with `model.fit(train)` as before. The iterator itself does not
    change.

    Without a seed, draws follow from the present state of `np.random`, so a script that starts
    with `np.random.seed(1)` stays reproducible. The state does not change.

    Args:
        iterator: From `flow`, `flow_from_directory` or `flow_from_dataframe`. A fast one is
            returned unchanged.

    Raises:
        TypeError: If it is not such an iterator, or a subclass that makes batches in its own way.
        ValueError: If it has no images, uses zca_whitening, or has an integer dtype.

    Example:
        >>> train = generator.flow_from_directory("scans", seed=42)
        >>> train = wb.faster(train)
        >>> model.fit(train, epochs=10)
    """
    if isinstance(iterator, Faster):
        return iterator
    fast = make_fast(iterator)
    for line in fast.report.not_carried:
        warnings.warn(f"wb.faster: not carried over: {line}", stacklevel=2)
    if fast.report.clipped:
        warnings.warn(f"wb.faster: {fast.report.clipped}", stacklevel=2)
    return fast


def make_fast(iterator: Any) -> Faster:
    """`faster`, without its warnings."""
    _check(iterator)
    source = source_of(iterator)
    pillow = _why_pillow(iterator) if isinstance(source, FileImages) else ""
    clipped = clipped_files(iterator)
    report = report_of(iterator, why_keras_warps(iterator.image_data_generator), pillow, clipped)
    return Faster(iterator, _new_seed() if iterator.seed is None else iterator.seed, report)


def _why_pillow(iterator: Any) -> str:
    """Why Pillow must read every file; empty if OpenCV can."""
    if iterator.color_mode == "rgba":
        return "color_mode='rgba'"
    if iterator.keep_aspect_ratio:
        return "keep_aspect_ratio"
    nearest = iterator.interpolation == "nearest"
    return "" if nearest else f"interpolation={iterator.interpolation!r}"


def _new_seed() -> int:
    """A seed for an iterator that has none; different for each."""
    rng = np.random.RandomState()
    rng.set_state(np.random.get_state())
    words = [rng.randint(2**31), next(_unseeded)]
    return int(np.random.SeedSequence(words).generate_state(1)[0] >> 1)


def _check(iterator: Any) -> None:
    from tensorflow.keras.preprocessing.image import Iterator

    generator = getattr(iterator, "image_data_generator", None)
    if not isinstance(iterator, Iterator) or generator is None:
        raise TypeError(
            f"expected what {FLOW_METHODS} returns. "
            f"Received: {_shortened(iterator)} of type {type(iterator).__name__}{_hint(iterator)}"
        )
    changed = overridden(iterator, *ITERATION_METHODS) + overridden(
        generator, "get_random_transform"
    )
    if changed:
        raise TypeError(
            "expected an iterator that makes batches with Keras's own methods. "
            f"Received: {', '.join(changed)}. Train with the iterator itself"
        )
    if generator.zca_whitening:
        raise ValueError(
            "zca_whitening: expected False, because whitening amplifies differences below a grey "
            "level and takes longer than could be saved. Received: True. Leave it out, or train "
            "with the iterator itself"
        )
    if np.dtype(iterator.dtype).kind != "f":
        raise ValueError(
            f"dtype: expected a float type, such as float32. Received: {iterator.dtype}"
        )
    if not iterator.n:
        raise ValueError(
            f"expected at least one image. Received: an iterator of none{_directory_hint(iterator)}"
        )


def _directory_hint(iterator: Any) -> str:
    directory = getattr(iterator, "directory", "")
    return f" in {directory}: are the images in class folders there?" if directory else ""


def _hint(received: Any) -> str:
    """What the user probably meant."""
    name = type(received).__name__
    if name == "ImageDataGenerator" or hasattr(received, "flow_from_directory"):
        return ". Did you mean wb.faster(generator.flow(x, y)) or .flow_from_directory(...)?"
    if callable(received) and getattr(received, "__name__", "").startswith("flow"):
        return f". Call it first: wb.faster(generator.{received.__name__}(...))"
    if isinstance(received, zip):
        return ". Make each iterator faster before zipping: zip(wb.faster(a), wb.faster(b))"
    if isinstance(received, types.GeneratorType):
        return (
            ". A Python generator does not reveal what it reads: pass the iterator inside it, or "
            "profile it with wb.profile_lines"
        )
    if hasattr(received, "image_data_generator") or hasattr(received, "total_batches_seen"):
        return ". It is from another package: make it with tf.keras.preprocessing.image"
    return ""


def _shortened(received: Any) -> str:
    text = repr(received)
    return text if len(text) <= 60 else text[:57] + "..."
