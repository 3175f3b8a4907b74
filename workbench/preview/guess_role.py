"""What an array of a batch probably is, by rules that a person can follow.

In words, first match counts. Sample weights are the third part of a tuple, or have one axis and
"weight" in their key. One axis: a label if all numbers are whole, else a value. Two axes, in
targets: one-hot if there is one 1 in each row of 0, multi-hot if there are other counts,
probabilities if rows sum to 1; else a vector. Three axes: an image in grey if height and width are
at least 16 and at most four times each other, else a sequence (samples, steps, features); one image
(height, width, channels) if other parts of the batch have other lengths or are single numbers, or
it is alone and of bytes. Four axes: 1 to 4 channels, looked for last, then second; else a volume,
or many channels, whose depth is the axis that differs from the other two. Five axes: a volume with
channels last, or second. One 1 among 0 along the channels: a mask. A mask, too: whole numbers of
few kinds, of the size of an image, in targets or after that image; as floats in targets, or where
its key says mask or seg.
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
AXES = "NDHWCTF"  # samples, depth, height, width, channels; steps and features
CHANNELS = (1, 2, 3, 4)
SMALLEST = 16  # pixels: a smaller (samples, a, b) is rather steps and features, or boxes
ELONGATED = 4
KINDS = 32  # values of a mask; a picture of bytes has more
# Samples of a batch, and pixels among these, that are searched for values that no mask has.
LOOKED_AT, PIXELS = 4, 50_000


class Guess(NamedTuple):
    """A role, and the meaning of the axes if it can be drawn."""

    role: Role
    axes: str = ""


def guess(array: npt.NDArray[Any], part: Part, name: str, count: int) -> Guess:
    """The role and axes of an array; of masks only those that are one-hot.

    Args:
        array: Numbers or strings of any shape, or arrays as objects.
        part: Its place in the tuple.
        name: Its key in a dict, in small letters; empty if there is none.
        count: How many samples the batch has; 0 if not known.
    """
    if array.dtype == object and array.size and isinstance(array.flat[0], np.ndarray):
        inner = guess(array[0][None], part, name, 0)
        return inner if inner.axes else Guess("other")
    if array.dtype.kind in "SUO":
        return Guess("text")
    if not array.size or not array.ndim:
        return Guess("other")
    if part == "w" or (array.ndim == 1 and "weight" in name):
        return Guess("weights")
    if axes := _of_one_image(array, count):
        return Guess("image", axes)
    rules = {1: _of_1, 2: _of_2, 3: _of_3, 4: _of_4, 5: _of_5}
    return rules[array.ndim](array, part) if array.ndim in rules else Guess("other")


def role_of_axes(axes: str) -> Role:
    """What is drawn of an array whose axes have these meanings.

    Raises:
        ValueError: If there is nothing to draw.
    """
    for needed, role in (("DHW", "volume"), ("HW", "image"), ("TF", "sequence"), ("F", "vector")):
        if set(needed) <= set(axes) <= set(needed) | set("NC" if "H" in needed else "N"):
            return role  # type: ignore[return-value]
    raise ValueError(
        'axes: expected letters such as "NHWC", "NCHW", "HW", "NDHW", "NTF" or "NF" (samples, '
        f"depth, height, width, channels, steps, features). Received: {axes!r}"
    )


def is_mask(array: npt.NDArray[Any], axes: str, floats: bool) -> bool:
    """Whether an array like an image has one channel, and few kinds of values, all whole.

    Args:
        array: Numbers, or arrays of them as objects.
        axes: The meaning of its axes.
        floats: Whether they may be floats, to which masks in targets are often cast.
    """
    if array.dtype == object:
        array = array[0][None]
    if "C" in axes and array.shape[axes.index("C")] != 1:
        return False
    if array.dtype.kind == "f" and not floats:
        return False
    few = array[:LOOKED_AT].ravel()
    looked_at = few[:: few.size // PIXELS | 1]  # an odd step comes to all columns
    return _whole(looked_at) and len(np.unique(looked_at)) <= KINDS


def _of_1(array: npt.NDArray[Any], part: Part) -> Guess:
    return Guess("label" if _whole(array) else "value")


def _of_2(array: npt.NDArray[Any], part: Part) -> Guess:
    if array.shape[1] == 1 and part != "x":
        return _of_1(array, part)
    if part == "x":
        return Guess("vector", "NF")
    if _zeros_and_ones(array):
        return Guess("one-hot" if (array.sum(axis=1) == 1).all() else "multi-hot", "NF")
    if array.dtype.kind == "f" and array.min() >= 0 and _close_to_1(array.sum(axis=1)):
        return Guess("probabilities", "NF")
    return Guess("vector", "NF")


def _of_3(array: npt.NDArray[Any], part: Part) -> Guess:
    short, long = sorted(array.shape[1:])
    if short >= SMALLEST and long <= ELONGATED * short:
        return Guess("image", "NHW")
    return Guess("sequence", "NTF")


def _of_4(array: npt.NDArray[Any], part: Part) -> Guess:
    _, first, middle, last = array.shape
    for place, axes in ((3, "NHWC"), (1, "NCHW")):
        if array.shape[place] > 1 and _one_hot_along(array, place):
            return Guess("mask", axes)
    if last in CHANNELS:
        return Guess("image", "NHWC")
    if first in CHANNELS:
        return Guess("image", "NCHW")
    if middle == last or (first != middle and first <= last):
        return Guess("volume", "NDHW")
    return Guess("volume", "NHWD")


def _of_5(array: npt.NDArray[Any], part: Part) -> Guess:
    for place, axes in ((4, "NDHWC"), (1, "NCDHW")):
        if array.shape[place] > 1 and _one_hot_along(array, place):
            return Guess("mask", axes)
    first = array.shape[1] in CHANNELS and array.shape[4] not in CHANNELS
    return Guess("volume", "NCDHW" if first else "NDHWC")


def _of_one_image(array: npt.NDArray[Any], count: int) -> str:
    """The axes of one image that has no axis of samples; empty if it has one."""
    if array.ndim not in (2, 3) or min(array.shape[:2]) < SMALLEST:
        return ""
    if array.ndim == 2:
        return "HW" if count == 1 else ""
    alone = count != len(array) if count else array.dtype == np.uint8
    return "HWC" if alone and array.shape[2] in (1, 3, 4) else ""


def _whole(array: npt.NDArray[Any]) -> bool:
    return array.dtype.kind in "biu" or bool((np.isfinite(array) & (array == np.rint(array))).all())


def _zeros_and_ones(array: npt.NDArray[Any]) -> bool:
    return array.dtype == bool or bool(((array == 0) | (array == 1)).all())


def _close_to_1(sums: npt.NDArray[Any]) -> bool:
    return bool((np.abs(sums - 1) < 1e-3).all())


def _one_hot_along(array: npt.NDArray[Any], axis: int) -> bool:
    """Whether there is one 1 among 0; a few pixels tell most that are not."""
    few = array[(0, *(slice(None, 3) if a != axis else slice(None) for a in range(1, array.ndim)))]
    return all(
        _zeros_and_ones(some) and bool((some.sum(axis=axis - offset) == 1).all())
        for some, offset in ((few, 1), (array[:LOOKED_AT], 0))
    )
