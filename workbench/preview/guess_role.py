"""Guess what an array of a batch is: an image, a mask, a label, ...

The first rule that applies counts:

- Sample weights: the third element of a tuple, or one axis and "weight" in the key.
- A single image (height, width, channels): the other arrays of the batch have other lengths or
  are scalars, or the array is alone and uint8.
- One axis: labels if all values are integers, else values.
- Two axes: vectors; in targets one-hot if each row of 0 has a single 1, multi-hot if it has other
  counts, probabilities if rows sum to 1.
- Three axes: grey images if height and width are at least 16 and at most four times each other,
  else sequences (samples, steps, features).
- Four axes: images if the last axis, or else the second, has 1 to 4 channels; else volumes, whose
  depth is the axis that differs from the other two.
- Five axes: volumes, with channels last or second.

Four or five axes with a single 1 among 0 along the channels are a mask. Other masks are recognized
by the image that they belong to; see `find_targets`.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

Role = Literal[
    "image", "volume", "mask", "sequence", "vector", "label", "one-hot", "multi-hot",
    "probabilities", "value", "weights", "text", "other",
]  # fmt: skip
Part = Literal["x", "y", "w", ""]
CHANNELS = (1, 2, 3, 4)
SMALLEST = 16  # pixels; (samples, a, b) with smaller a or b are steps and features, or boxes
LONGEST = 4  # times the other side
MOST_MASK_VALUES = 32  # an 8-bit image has more
# How many samples, and pixels of these, are searched for values that no mask has.
MOST_SAMPLES, MOST_PIXELS = 4, 50_000


class Guess(NamedTuple):
    """A role and, if it can be drawn, the meaning of its axes.

    Axes are letters such as "NHWC": samples N, depth D, height H, width W, channels C, steps T and
    features F.
    """

    role: Role
    axes: str = ""


def guess_role(array: npt.NDArray[Any], part: Part, name: str, count: int) -> Guess:
    """Guess the role and axes of an array. Only one-hot masks are recognized; see `is_mask`.

    Args:
        array: Numbers or strings of any shape, or an object array of arrays.
        part: "x", "y" or "w", by its position in the tuple.
        name: Its key in a dict, in lower case; empty if there is none.
        count: Number of samples in the batch; 0 if unknown.
    """
    if array.dtype == object and array.size and isinstance(array.flat[0], np.ndarray):
        inner = guess_role(array[0][None], part, name, 0)
        return inner if inner.axes else Guess("other")
    if array.dtype.kind in "SUO":
        return Guess("text")
    if not array.size or not array.ndim:
        return Guess("other")
    if part == "w" or (array.ndim == 1 and "weight" in name):
        return Guess("weights")
    if axes := _single_image_axes(array, count):
        return Guess("image", axes)
    rules = {1: _guess_1d, 2: _guess_2d, 3: _guess_3d, 4: _guess_4d, 5: _guess_5d}
    return rules[array.ndim](array, part) if array.ndim in rules else Guess("other")


def is_mask(array: npt.NDArray[Any], axes: str, floats: bool) -> bool:
    """Whether an image-like array has one channel and few different values, all integers.

    Args:
        array: Numbers, or an object array of such arrays.
        axes: The meaning of its axes.
        floats: Whether floats are allowed: masks in targets are often cast.
    """
    if array.dtype == object:
        array = array[0][None]
    if "C" in axes and array.shape[axes.index("C")] != 1:
        return False
    if array.dtype.kind == "f" and not floats:
        return False
    pixels = array[:MOST_SAMPLES].ravel()
    some = pixels[:: pixels.size // MOST_PIXELS | 1]  # an odd step reaches all columns
    return _all_integers(some) and len(np.unique(some)) <= MOST_MASK_VALUES


def one_hot_axes(array: npt.NDArray[Any], *layouts: str) -> str:
    """The first layout in which the channels are one-hot; empty if there is none."""
    for axes in layouts:
        channels = axes.index("C")
        if array.shape[channels] > 1 and _is_one_hot_along(array, channels):
            return axes
    return ""


def _guess_1d(array: npt.NDArray[Any], part: Part) -> Guess:
    return Guess("label" if _all_integers(array) else "value")


def _guess_2d(array: npt.NDArray[Any], part: Part) -> Guess:
    if array.shape[1] == 1 and part != "x":
        return _guess_1d(array, part)
    if part == "x":
        return Guess("vector", "NF")
    if _only_zeros_and_ones(array):
        return Guess("one-hot" if (array.sum(axis=1) == 1).all() else "multi-hot", "NF")
    if array.dtype.kind == "f" and array.min() >= 0 and _close_to_1(array.sum(axis=1)):
        return Guess("probabilities", "NF")
    return Guess("vector", "NF")


def _guess_3d(array: npt.NDArray[Any], part: Part) -> Guess:
    short, long = sorted(array.shape[1:])
    if short >= SMALLEST and long <= LONGEST * short:
        return Guess("image", "NHW")
    return Guess("sequence", "NTF")


def _guess_4d(array: npt.NDArray[Any], part: Part) -> Guess:
    _, first, middle, last = array.shape
    if axes := one_hot_axes(array, "NHWC", "NCHW"):
        return Guess("mask", axes)
    if last in CHANNELS:
        return Guess("image", "NHWC")
    if first in CHANNELS:
        return Guess("image", "NCHW")
    if middle == last or (first != middle and first <= last):
        return Guess("volume", "NDHW")
    return Guess("volume", "NHWD")


def _guess_5d(array: npt.NDArray[Any], part: Part) -> Guess:
    if axes := one_hot_axes(array, "NDHWC", "NCDHW"):
        return Guess("mask", axes)
    first = array.shape[1] in CHANNELS and array.shape[4] not in CHANNELS
    return Guess("volume", "NCDHW" if first else "NDHWC")


def _single_image_axes(array: npt.NDArray[Any], count: int) -> str:
    """The axes of a single image without a sample axis; empty for other arrays."""
    if array.ndim not in (2, 3) or min(array.shape[:2]) < SMALLEST:
        return ""
    if array.ndim == 2:
        return "HW" if count == 1 else ""
    single = count != len(array) if count else array.dtype == np.uint8
    return "HWC" if single and array.shape[2] in (1, 3, 4) else ""


def _all_integers(array: npt.NDArray[Any]) -> bool:
    return array.dtype.kind in "biu" or bool((np.isfinite(array) & (array == np.rint(array))).all())


def _only_zeros_and_ones(array: npt.NDArray[Any]) -> bool:
    return array.dtype == bool or bool(((array == 0) | (array == 1)).all())


def _close_to_1(sums: npt.NDArray[Any]) -> bool:
    return bool((np.abs(sums - 1) < 1e-3).all())


def _is_one_hot_along(array: npt.NDArray[Any], axis: int) -> bool:
    """Whether there is a single 1 among 0 along an axis. A few pixels rule out most arrays."""
    few = array[(0, *(slice(None, 3) if a != axis else slice(None) for a in range(1, array.ndim)))]
    return all(
        _only_zeros_and_ones(some) and bool((some.sum(axis=axis - offset) == 1).all())
        for some, offset in ((few, 1), (array[:MOST_SAMPLES], 0))
    )
