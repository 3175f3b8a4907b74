"""Compare batches and times of Keras's iterator and the fast dataset.

Runs Keras's own code on a copy of the iterator, and restores the global random state.
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
    from workbench.keras_iterators.faster_dataset import FasterDataset

KERAS, FASTER = "Keras", "wb.faster"
ROUNDS = 15  # fewer, but at least five, if they take longer than SECONDS
SECONDS = 15.0
TILE_PIXELS = 96  # the longer side of a picture
GREY_LEVELS = 255


@dataclass(frozen=True)
class Pair:
    """One image from Keras and from `wb.faster`.

    Attributes:
        name: Name of the file, or index in the array.
        largest: Largest difference of a pixel, in grey levels (1/255 of the images' scale).
        mean: Mean difference of the pixels, in grey levels.
        pictures: Keras's image and ours, as JPEG, and their difference, as PNG in which one grey
            level is white.
    """

    name: str
    largest: float
    mean: float
    pictures: tuple[bytes, bytes, bytes]


@dataclass(frozen=True)
class KerasComparison(Result):
    """Keras's iterator against `wb.faster` of it.

    Attributes:
        holds: As in `Report`.
        pairs: The images, before standardization.
        largest: Largest difference of a value in the standardized batches.
        same_labels: Whether everything else in the batches is equal bit for bit.
        old_ms: Milliseconds per batch with Keras.
        new_ms: Milliseconds per batch with `wb.faster`.
        ratio: Keras's time divided by ours, for batches that ran one after the other.
        batch: Samples per batch.
        threads: Number of threads that ours may use.
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


def compare(fast: FasterDataset, n: int) -> KerasComparison:
    """See `Faster.compare`."""
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise ValueError(f"n: expected a whole number from 1. Received: {n!r}")
    batches = range(min(len(fast), -(-n // fast.batch_size)))
    with restored_state(fast):
        unstandardized = _without_standardization(fast)
        pairs = [pair for index in batches for pair in _pairs(unstandardized, index)][:n]
        sides = Sides(fast, fast.keras_iterator)
        largest, same = _compared(sides, batches)
        race = _timed(sides, batches)
    return KerasComparison(
        fast.report.holds,
        tuple(pairs),
        largest,
        same,
        race[KERAS].ms,
        race[FASTER].ms,
        race.times_as_fast(FASTER),
        min(fast.batch_size, fast.n),
        max(1, cv2.getNumThreads()),
    )


class Sides:
    """Batches of the present epoch, from Keras's own code and from ours.

    Args:
        fast: Our dataset.
        iterator: Keras's iterator, which is copied.
    """

    def __init__(self, fast: FasterDataset, iterator: Any) -> None:
        self.fast, self._keras, self._position = fast, copy.copy(iterator), fast.position
        self._keras.lock, self._keras.save_to_dir = Lock(), None
        self._keras.seed = self._position.replay.seed

    def rows(self, index: int) -> Rows:
        """The samples of the batch."""
        return self._position.plan(index, self._position.epoch).rows

    def old(self, index: int) -> Any:
        """The batch from Keras; seeds the global random state."""
        call = self._position.plan(index, self._position.epoch).call
        self._keras.total_batches_seen = call.number
        self._keras.index_array = None if call.shuffles else self._position.order
        return self._keras[index]

    def new(self, index: int) -> Any:
        """The batch from ours."""
        return self.fast.batch(index, self._position.epoch)


def _without_standardization(fast: FasterDataset) -> Sides:
    """Both sides without standardization, so that differences are in grey levels."""
    iterator = copy.copy(fast.keras_iterator)
    generator = iterator.image_data_generator = copy.copy(iterator.image_data_generator)
    generator.rescale = generator.preprocessing_function = None
    generator.samplewise_center = generator.samplewise_std_normalization = False
    generator.featurewise_center = generator.featurewise_std_normalization = False
    plain = type(fast)(iterator, fast.position.replay.seed, fast.report)
    plain.position = fast.position
    return Sides(plain, iterator)


def _pairs(sides: Sides, index: int) -> Iterator[Pair]:
    before, after = _images(sides.old(index)), _images(sides.new(index))
    if sides.fast.data_format == "channels_first":
        before, after = np.moveaxis(before, 1, 3), np.moveaxis(after, 1, 3)
    low, high = float(before.min()), float(before.max())
    top = next((top for top in (1, 255, 65535) if high <= top), high)
    off = np.abs(after.astype(np.float64) - before) * (GREY_LEVELS / top)
    files = getattr(sides.fast, "filenames", None)
    for i, row in enumerate(sides.rows(index)):
        pictures = (
            _picture(before[i], low, high, ".jpg"),
            _picture(after[i], low, high, ".jpg"),
            _picture(off[i], 0, 1, ".png"),
        )
        name = PurePath(files[row]).name if files else f"sample {row}"
        yield Pair(name, float(off[i].max()), float(off[i].mean()), pictures)


def _timed(sides: Sides, batches: range) -> Race:
    """Time batches of Keras and of ours alternately."""

    def turn(make: Callable[[int], Any]) -> Callable[[], Any]:
        indices = cycle(batches)
        return lambda: make(next(indices))

    return run({KERAS: turn(sides.old), FASTER: turn(sides.new)}, seconds=SECONDS, rounds=ROUNDS)


def _compared(sides: Sides, batches: range) -> tuple[float, bool]:
    """Largest difference of a value, and whether all labels and weights are equal."""
    found = [difference(sides.old(index), sides.new(index)) for index in batches]
    return max(off for off, _ in found), all(same for _, same in found)


def difference(before: Any, after: Any) -> tuple[float, bool]:
    """Largest difference of the images, and whether everything else is equal."""
    images, others = _images(before), keras.tree.flatten(before)[1:]
    off = float(np.abs(_images(after).astype(np.float64) - images).max())
    pairs = zip(others, keras.tree.flatten(after)[1:], strict=True)
    # Labels may be the images themselves, which need not be equal.
    return off, all(np.array_equal(a, b) or np.shape(a) == np.shape(images) for a, b in pairs)


def _images(batch: Any) -> Images:
    images: Images = keras.tree.flatten(batch)[0]
    return images


def _picture(image: Images, low: float, high: float, kind: str) -> bytes:
    """Encode a thumbnail in which `low` is black and `high` white."""
    shown = image[..., 2::-1] if image.shape[2] >= 3 else image[..., :1]  # OpenCV's order: BGR
    shown = (shown.astype(np.float32) - low) * np.float32(255 / ((high - low) or 1))
    scale = TILE_PIXELS / max(image.shape[:2])
    if scale < 1:
        size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
        shown = cv2.resize(np.ascontiguousarray(shown), size, interpolation=cv2.INTER_AREA)
    return cv2.imencode(kind, np.clip(np.rint(shown), 0, 255).astype(np.uint8))[1].tobytes()
