"""Choose the values that are shown as black and white."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.preview.tiles import display_scale, format_number

CLIPPED_PERCENT = 0.5  # of the values at each end, if they are outliers
MOST_VALUES = 100_000  # that percentiles are computed from; more take longer than drawing
# What `preprocess_input` of Keras's VGG and ResNet subtracts from blue, green and red.
IMAGENET_MEAN = (103.939, 116.779, 123.68)
BGR = "looks like BGR minus ImageNet's mean, so red and blue are swapped here"

Plane = npt.NDArray[Any]  # (height, width, channels)


def choose_contrast(planes: Sequence[Plane]) -> tuple[float, float, str]:
    """Choose the values shown as black and white, the same for all images.

    If the extremes are more than twice as far apart as the central 99 % of the values, they are
    clipped.

    Returns:
        The two values, and a description for the user.
    """
    lows, highs = zip(*map(_extremes, planes), strict=True)
    lowest, highest = min(lows), max(highs)
    if lowest > highest:
        return 0.0, 1.0, "no finite values to show"
    low, high, stretched = display_scale(lowest, highest)
    if not stretched:
        return low, high, f"shown on {low:g} … {high:g}"
    bgr = f" · {BGR}" if lowest < -IMAGENET_MEAN[1] and _is_bgr(planes) else ""
    low, high = _percentiles(planes)
    if highest - lowest <= 2 * (high - low) or low == high:
        extent = f"{format_number(lowest)} … {format_number(highest)}"
        return lowest, highest, f"contrast stretched {extent}{bgr}"
    clipped = f"values from {format_number(lowest)} to {format_number(highest)}"
    return low, high, f"contrast stretched {format_number(low)} … {format_number(high)}, {clipped}"


def _extremes(image: Plane) -> tuple[float, float]:
    low, high = float(image.min()), float(image.max())
    if np.isfinite(low) and np.isfinite(high):
        return low, high
    finite = image[np.isfinite(image)]
    return (float(finite.min()), float(finite.max())) if finite.size else (np.inf, -np.inf)


def _is_bgr(planes: Sequence[Plane]) -> bool:
    """Whether each channel lies in 0..255 less its ImageNet mean, with red last."""
    if any(each.shape[2] != 3 for each in planes):
        return False
    some = np.concatenate([each[::3, ::3].reshape(-1, 3) for each in planes])
    lows, highs = some.min(axis=0), some.max(axis=0)
    mean = np.array(IMAGENET_MEAN)
    within = (lows >= -mean - 0.01).all() and (highs <= 255 - mean + 0.01).all()
    return bool(within and lows[2] < -mean[1])


def _percentiles(planes: Sequence[Plane]) -> tuple[float, float]:
    step = max(1, sum(each.size for each in planes) // MOST_VALUES)
    values = np.concatenate([each.ravel()[::step] for each in planes]).astype(np.float32)
    values = values[np.isfinite(values)]
    low, high = np.percentile(values, [CLIPPED_PERCENT, 100 - CLIPPED_PERCENT])
    return float(low), float(high)
