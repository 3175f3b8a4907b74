"""`workbench.keras_iterators`: one line that makes an old training script's iterator fast."""

from __future__ import annotations

import itertools
import types
import warnings
from typing import Any

import numpy as np

from workbench.keras_iterators.faster_dataset import Faster
from workbench.keras_iterators.iterator_images import Files
from workbench.keras_iterators.iterator_parts import overridden, source_of, unwarped
from workbench.keras_iterators.report import report_of

MADE_BY = "flow, flow_from_directory or flow_from_dataframe of Keras's ImageDataGenerator"
# Methods that a subclass may have changed, so that what it gives is not what we would.
ITERATES = (
    *("__getitem__", "__next__", "_set_index_array", "_flow_index", "on_epoch_end"),
    "_get_batches_of_transformed_samples",
)

# Iterators without a seed, so far: two must not share their draws.
_unseeded = itertools.count()


def faster(iterator: Any) -> Faster:
    """Make an `ImageDataGenerator` iterator fast: the same batches, augmented by OpenCV.

    With a seed the same samples, labels and random transforms in the same order as from Keras's
    iterator, every pixel within 1 grey level; `.report` says what holds, and `.compare()` shows it.
    Everything else stays: train with `model.fit(train)` as before. The iterator is left as it is.

    Without a seed, draws follow from the present state of `np.random`, which stays as it is: a
    script that begins with `np.random.seed(1)` stays repeatable.

    Args:
        iterator: What `flow`, `flow_from_directory` or `flow_from_dataframe` returns. One that is
            fast already is returned.

    Raises:
        TypeError: If it is something else, or a subclass that makes batches in its own way.
        ValueError: If it has no images, zca_whitening or an integer dtype.

    Example:
        >>> train = generator.flow_from_directory("scans", seed=42)
        >>> train = wb.faster(train)
        >>> model.fit(train, epochs=10)
    """
    if isinstance(iterator, Faster):
        return iterator
    _check(iterator)
    source = source_of(iterator)
    pillow = _pillow(iterator) if isinstance(source, Files) else ""
    report = report_of(iterator, unwarped(iterator.image_data_generator), pillow)
    for line in report.not_carried:
        warnings.warn(f"wb.faster: not carried: {line}", stacklevel=2)
    return Faster(iterator, _own_seed() if iterator.seed is None else iterator.seed, report)


def _pillow(iterator: Any) -> str:
    """Why every file is read by Pillow, if so."""
    if iterator.color_mode == "rgba":
        return "color_mode='rgba'"
    if iterator.keep_aspect_ratio:
        return "keep_aspect_ratio"
    nearest = iterator.interpolation == "nearest"
    return "" if nearest else f"interpolation={iterator.interpolation!r}"


def _own_seed() -> int:
    """A seed for an iterator without: another for each."""
    dice = np.random.RandomState()
    dice.set_state(np.random.get_state())
    words = [dice.randint(2**31), next(_unseeded)]
    return int(np.random.SeedSequence(words).generate_state(1)[0] >> 1)


def _check(iterator: Any) -> None:
    from tensorflow.keras.preprocessing.image import Iterator

    generator = getattr(iterator, "image_data_generator", None)
    if not isinstance(iterator, Iterator) or generator is None:
        raise TypeError(
            f"expected what {MADE_BY} returns. "
            f"Received: {_short(iterator)} of type {type(iterator).__name__}{_slip(iterator)}"
        )
    changed = overridden(iterator, *ITERATES) + overridden(generator, "get_random_transform")
    if changed:
        raise TypeError(
            f"expected Keras's own way of making batches. Received: {', '.join(changed)}, which "
            "would be passed over. Train with the iterator itself"
        )
    if generator.zca_whitening:
        raise ValueError(
            "zca_whitening: it makes differences of less than a grey level large, and takes longer "
            "than all that could be saved. Leave it out, or train with the iterator itself"
        )
    if np.dtype(iterator.dtype).kind != "f":
        raise ValueError(
            f"dtype: expected a float type, such as float32. Received: {iterator.dtype}"
        )
    if not iterator.n:
        raise ValueError(
            f"expected at least one image. Received: an iterator of none{_where(iterator)}"
        )


def _where(iterator: Any) -> str:
    directory = getattr(iterator, "directory", "")
    return f" in {directory}: are the images in class folders there?" if directory else ""


def _slip(received: Any) -> str:
    """What was probably meant."""
    name = type(received).__name__
    if name == "ImageDataGenerator" or hasattr(received, "flow_from_directory"):
        return ". Did you mean wb.faster(generator.flow(x, y)) or .flow_from_directory(...)?"
    if callable(received) and getattr(received, "__name__", "").startswith("flow"):
        return f". Call it first: wb.faster(generator.{received.__name__}(...))"
    if isinstance(received, zip):
        return ". Make each iterator faster before they are zipped: zip(wb.faster(a), wb.faster(b))"
    if isinstance(received, types.GeneratorType):
        return (
            ". A Python generator does not tell what it reads: pass the iterator inside it, or "
            "look at it with wb.profile_lines"
        )
    if hasattr(received, "image_data_generator") or hasattr(received, "total_batches_seen"):
        return ". It is another package's: make it with tf.keras.preprocessing.image"
    return ""


def _short(received: Any) -> str:
    text = repr(received)
    return text if len(text) <= 60 else text[:57] + "..."
