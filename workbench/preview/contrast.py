"""Which values are shown as black and white, and how to say it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.preview.tiles import number, on_scale

PERCENT_BEYOND = 0.5  # at each end, of values that do not count where they are far away
COUNTED_VALUES = 100_000  # percentiles of more take longer than drawing
# What `preprocess_input` of Keras's VGG and ResNet takes off blue, green and red.
IMAGENET_MEAN = (103.939, 116.779, 123.68)
BGR = "looks like BGR with ImageNet's mean taken off, so red and blue are swapped here"

Plane = npt.NDArray[Any]  # (height, width, channels)


def contrast(planes: Sequence[Plane]) -> tuple[float, float, str]:
    """The values shown as black and white for these images together, and how to say it.

    Extremes more than twice as far apart as 99 % of the values do not count.
    """
    lows, highs = zip(*map(_extremes, planes), strict=True)
    lowest, highest = min(lows), max(highs)
    if lowest > highest:
        return 0.0, 1.0, "no finite number to show"
    low, high, stretched = on_scale(lowest, highest)
    if not stretched:
        return low, high, f"shown on {low:g} … {high:g}"
    bgr = f" · {BGR}" if lowest < -IMAGENET_MEAN[1] and _is_bgr(planes) else ""
    low, high = _middle(planes)
    if highest - lowest <= 2 * (high - low) or low == high:
        return lowest, highest, f"contrast stretched {number(lowest)} … {number(highest)}{bgr}"
    far = f"values from {number(lowest)} to {number(highest)}"
    return low, high, f"contrast stretched {number(low)} … {number(high)}, {far}"


def _extremes(image: Plane) -> tuple[float, float]:
    low, high = float(image.min()), float(image.max())
    if np.isfinite(low) and np.isfinite(high):
        return low, high
    finite = image[np.isfinite(image)]
    return (float(finite.min()), float(finite.max())) if finite.size else (np.inf, -np.inf)


def _is_bgr(planes: Sequence[Plane]) -> bool:
    """Whether each channel keeps to what is left of 0..255, and red comes last."""
    if any(each.shape[2] != 3 for each in planes):
        return False
    some = np.concatenate([each[::3, ::3].reshape(-1, 3) for each in planes])
    lows, highs = some.min(axis=0), some.max(axis=0)
    mean = np.array(IMAGENET_MEAN)
    within = (lows >= -mean - 0.01).all() and (highs <= 255 - mean + 0.01).all()
    return bool(within and lows[2] < -mean[1])


def _middle(planes: Sequence[Plane]) -> tuple[float, float]:
    step = max(1, sum(each.size for each in planes) // COUNTED_VALUES)
    values = np.concatenate([each.ravel()[::step] for each in planes]).astype(np.float32)
    values = values[np.isfinite(values)]
    low, high = np.percentile(values, [PERCENT_BEYOND, 100 - PERCENT_BEYOND])
    return float(low), float(high)
