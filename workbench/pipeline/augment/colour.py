"""What follows the warp: channel shift, brightness, and the way into the batch's own type."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.pipeline.draws import Draws

Images = npt.NDArray[Any]
PIXELS = (1, 2, 3)  # the axes of one image in a batch


def float_target(out: Images) -> Images:
    """Where to compute in float32: `out` itself, or room beside it."""
    return out if out.dtype == np.float32 else np.empty(out.shape, np.float32)


def finish(warped: Images, source: Images, draws: Draws, part: slice, out: Images) -> None:
    """Channel shift and brightness in place, then into `out` where that is elsewhere.

    Args:
        warped: `float_target(out)`, filled; shape (samples, height, width, channels).
        source: The same samples before augmentation.
        draws: Of the whole batch.
        part: The batch's samples that these are.
        out: The same samples of the batch.
    """
    if draws.channel_shift_intensity is not None:
        shift = _each(draws.channel_shift_intensity[part])
        low = warped.min(axis=PIXELS, keepdims=True)
        high = warped.max(axis=PIXELS, keepdims=True)
        warped += shift
        np.clip(warped, low, high, out=warped)
    if draws.brightness is not None:
        warped *= _each(draws.brightness[part])
        np.clip(warped, 0, top_of(source), out=warped)
    if warped is not out:
        store(warped, out)


def store(images: Images, out: Images) -> None:
    """Copy into a batch: rounded and clipped, in place too, where it holds integers."""
    if out.dtype.kind != "f":
        np.rint(images, out=images)
        np.clip(images, 0, np.iinfo(out.dtype).max, out=images)
    out[...] = images


def in_type(value: float, dtype: np.dtype[Any]) -> Images:
    """A pixel's value as `store` leaves it; shape ()."""
    found = np.empty((), dtype)
    store(np.array(value, np.float32), found)
    return found


def top_of(images: Images) -> Any:
    """The greatest value of the scale that each image is on: its type's, or 1, 255, 65535."""
    if images.dtype.kind == "u":
        return np.float32(np.iinfo(images.dtype).max)
    highest = images.max(axis=PIXELS, keepdims=True)
    scales = [highest <= top for top in (1, 255, 65535)]
    return np.select(scales, [np.float32(top) for top in (1, 255, 65535)], np.float32(np.inf))


def _each(values: npt.NDArray[np.float64]) -> Images:
    return values.astype(np.float32)[:, None, None, None]
