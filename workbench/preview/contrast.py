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
IMAGENET_MEAN = np.array((103.939, 116.779, 123.68), np.float32)
BGR = "looks like BGR minus ImageNet's mean: shown as RGB, with the mean added"

Plane = npt.NDArray[Any]  # (height, width, channels)


def to_rgb_if_bgr(planes: Sequence[Plane]) -> tuple[Sequence[Plane], str]:
    """Undo the `preprocess_input` of Keras's VGG and ResNet, if the images look like its results.

    Returns:
        The images to show, and a note for the user, or "" if they are the same.
    """
    if any(each.shape[2] != 3 or each[::3, ::3].min() > -1 for each in planes):
        return planes, ""
    lows = np.min([np.fmin.reduce(each, axis=(0, 1)) for each in planes], axis=0)
    highs = np.max([np.fmax.reduce(each, axis=(0, 1)) for each in planes], axis=0)
    ends = lows + IMAGENET_MEAN, highs + IMAGENET_MEAN
    within = (ends[0] >= -0.01).all() and (ends[1] <= 255.01).all()
    # Beyond the ends that these channels would have in RGB.
    blue_first = highs[0] > 255 - IMAGENET_MEAN[1] or lows[2] < -IMAGENET_MEAN[1]
    if not (within and blue_first):
        return planes, ""
    return [np.ascontiguousarray((each + IMAGENET_MEAN)[..., ::-1]) for each in planes], BGR


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
    low, high = _percentiles(planes)
    if highest - lowest <= 2 * (high - low) or low == high:
        extent = f"{format_number(lowest)} … {format_number(highest)}"
        return lowest, highest, f"contrast stretched {extent}"
    clipped = f"values from {format_number(lowest)} to {format_number(highest)}"
    return low, high, f"contrast stretched {format_number(low)} … {format_number(high)}, {clipped}"


def _extremes(image: Plane) -> tuple[float, float]:
    low, high = float(image.min()), float(image.max())
    if np.isfinite(low) and np.isfinite(high):
        return low, high
    finite = image[np.isfinite(image)]
    return (float(finite.min()), float(finite.max())) if finite.size else (np.inf, -np.inf)


def _percentiles(planes: Sequence[Plane]) -> tuple[float, float]:
    step = max(1, sum(each.size for each in planes) // MOST_VALUES)
    values = np.concatenate([each.ravel()[::step] for each in planes]).astype(np.float32)
    values = values[np.isfinite(values)]
    low, high = np.percentile(values, [CLIPPED_PERCENT, 100 - CLIPPED_PERCENT])
    return float(low), float(high)
