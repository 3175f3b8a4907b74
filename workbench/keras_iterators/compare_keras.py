"""Keras's iterator and its stand-in beside each other: the same batches from both, and their times.

Runs Keras's own code on a copy of the iterator, with the global random state put back.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import PurePath
from threading import Lock
from typing import TYPE_CHECKING, Any

import cv2
import keras
import numpy as np

from workbench.isolation.restore_state import restored_state
from workbench.keras_iterators.report import Holds
from workbench.measure.race import Race
from workbench.measure.run_race import run
from workbench.measure.stats import Summary
from workbench.pipeline.sources.arrays import Images, Rows
from workbench.result import Result

if TYPE_CHECKING:
    from workbench.keras_iterators.faster_dataset import Faster

OLD, NEW = "Keras", "wb.faster"
ROUNDS = 15  # fewer, but not below five, where they take longer than this:
SECONDS = 15.0
TILE_PIXELS = 96  # the longer side of a picture; three for each image
LEVELS = 255


@dataclass(frozen=True)
class Pair:
    """One image, from both.

    Attributes:
        name: Its file, or its place in the array.
        largest: Difference of a pixel, in grey levels (1/255 of the images' scale).
        mean: Over all its pixels.
        pictures: Keras's, ours, and the difference, in which a grey level is white; JPEG and PNG.
    """

    name: str
    largest: float
    mean: float
    pictures: tuple[bytes, bytes, bytes]


@dataclass(frozen=True)
class KerasComparison(Result):
    """Keras's iterator against `wb.faster` of it.

    Attributes:
        holds: As the report says.
        pairs: The images, before standardization.
        largest: Difference of a value in the batches as they are trained on, standardized.
        same_labels: Whether all else in the batches is equal bit for bit.
        old_ms: Milliseconds a batch, from Keras.
        new_ms: From `wb.faster`.
        ratio: Keras's time by ours, each of two batches that ran one after the other.
        batch: Samples of a batch that was timed.
        threads: That ours may use.
    """

    holds: Holds
    pairs: tuple[Pair, ...]
    largest: float
    same_labels: bool
    old_ms: Summary
    new_ms: Summary
    ratio: Summary
    batch: int
    threads: int

    def to_dict(self) -> dict[str, Any]:
        """As plain dicts, for JSON; without the pictures."""
        found = super().to_dict()
        for pair in found["pairs"]:
            del pair["pictures"]
        return found


def compare(fast: Faster, n: int) -> KerasComparison:
    """See `Faster.compare`."""
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise ValueError(f"n: expected a whole number from 1. Received: {n!r}")
    batches = range(min(len(fast), -(-n // fast.batch_size)))
    with restored_state(fast):
        pairs = [pair for index in batches for pair in _pairs(_plain(fast), index)][:n]
        both = _Both(fast, fast.keras_iterator)
        largest, same = _compared(both, batches)
        race = _timed(both, batches)
    return KerasComparison(
        fast.report.holds,
        tuple(pairs),
        largest,
        same,
        race[OLD].ms,
        race[NEW].ms,
        race.times_as_fast(NEW),
        min(fast.batch_size, fast.n),
        max(1, cv2.getNumThreads()),
    )


class _Both:
    """The batches of the present epoch, from Keras's own code and from ours.

    Args:
        fast: Ours.
        iterator: Keras's; copied.
    """

    def __init__(self, fast: Faster, iterator: Any) -> None:
        self.fast, self._keras, self._now = fast, copy.copy(iterator), fast.position
        self._keras.lock, self._keras.save_to_dir = Lock(), None
        self._keras.seed = self._now.replay.seed

    def rows(self, index: int) -> Rows:
        """The samples of the batch."""
        return self._now.wanted(index, self._now.epoch).rows

    def old(self, index: int) -> Any:
        """From Keras; seeds the global random state."""
        call = self._now.wanted(index, self._now.epoch).call
        self._keras.total_batches_seen = call.number
        self._keras.index_array = None if call.shuffles else self._now.order
        return self._keras[index]

    def new(self, index: int) -> Any:
        """From ours."""
        return self.fast.batch(index, self._now.epoch)


def _plain(fast: Faster) -> _Both:
    """Both without standardization, so that differences are in grey levels."""
    iterator = copy.copy(fast.keras_iterator)
    generator = iterator.image_data_generator = copy.copy(iterator.image_data_generator)
    generator.rescale = generator.preprocessing_function = None
    generator.samplewise_center = generator.samplewise_std_normalization = False
    generator.featurewise_center = generator.featurewise_std_normalization = False
    plain = type(fast)(iterator, fast.position.replay.seed, fast.report)
    plain.position = fast.position
    return _Both(plain, iterator)


def _pairs(both: _Both, index: int) -> Iterator[Pair]:
    before, after = _images(both.old(index)), _images(both.new(index))
    if both.fast.data_format == "channels_first":
        before, after = np.moveaxis(before, 1, 3), np.moveaxis(after, 1, 3)
    low, high = float(before.min()), float(before.max())
    top = next((top for top in (1, 255, 65535) if high <= top), high)
    off = np.abs(after.astype(np.float64) - before) * (LEVELS / top)
    files = getattr(both.fast, "filenames", None)
    for place, row in enumerate(both.rows(index)):
        pictures = (
            _picture(before[place], low, high, ".jpg"),
            _picture(after[place], low, high, ".jpg"),
            _picture(off[place], 0, 1, ".png"),
        )
        name = PurePath(files[row]).name if files else f"sample {row}"
        yield Pair(name, float(off[place].max()), float(off[place].mean()), pictures)


def _timed(both: _Both, batches: range) -> Race:
    """Batches of Keras and of ours, in turns."""

    def turn(make: Callable[[int], Any]) -> Callable[[], Any]:
        places = cycle(batches)
        return lambda: make(next(places))

    return run({OLD: turn(both.old), NEW: turn(both.new)}, seconds=SECONDS, rounds=ROUNDS)


def _compared(both: _Both, batches: range) -> tuple[float, bool]:
    """Largest difference of a value, and whether all labels and weights are the same."""
    found = [_difference(both.old(index), both.new(index)) for index in batches]
    return max(off for off, _ in found), all(same for _, same in found)


def _difference(before: Any, after: Any) -> tuple[float, bool]:
    """Largest difference of the images, and whether all else is equal."""
    images, others = _images(before), keras.tree.flatten(before)[1:]
    off = float(np.abs(_images(after).astype(np.float64) - images).max())
    pairs = zip(others, keras.tree.flatten(after)[1:], strict=True)
    # Images that are their own labels are no more equal than the images.
    return off, all(np.array_equal(a, b) or np.shape(a) == np.shape(images) for a, b in pairs)


def _images(batch: Any) -> Images:
    images: Images = keras.tree.flatten(batch)[0]
    return images


def _picture(image: Images, low: float, high: float, kind: str) -> bytes:
    """A small picture of an image; `low` is black, `high` white."""
    shown = image[..., 2::-1] if image.shape[2] >= 3 else image[..., :1]  # OpenCV's order: BGR
    shown = (shown.astype(np.float32) - low) * np.float32(255 / ((high - low) or 1))
    scale = TILE_PIXELS / max(image.shape[:2])
    if scale < 1:
        size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
        shown = cv2.resize(np.ascontiguousarray(shown), size, interpolation=cv2.INTER_AREA)
    return cv2.imencode(kind, np.clip(np.rint(shown), 0, 255).astype(np.uint8))[1].tobytes()
