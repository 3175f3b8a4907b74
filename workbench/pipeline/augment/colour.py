"""Channel shift, brightness and conversion to the batch's dtype, after the warp."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.pipeline.draws import Draws

Images = npt.NDArray[Any]
PIXELS = (1, 2, 3)  # the axes of one image in a batch


def float_target(out: Images) -> Images:
    """The array to compute in: `out` itself if it is float32, or else a new one."""
    return out if out.dtype == np.float32 else np.empty(out.shape, np.float32)


def finish(warped: Images, source: Images, draws: Draws, part: slice, out: Images) -> None:
    """Apply channel shift and brightness in place, then store into `out` if that is another array.

    Args:
        warped: `float_target(out)`, filled; shape (samples, height, width, channels).
        source: The same samples before augmentation.
        draws: Draws of the whole batch.
        part: Which samples of the batch these are.
        out: These samples of the batch.
    """
    if draws.channel_shift_intensity is not None:
        shift = _per_image(draws.channel_shift_intensity[part])
        low = warped.min(axis=PIXELS, keepdims=True)
        high = warped.max(axis=PIXELS, keepdims=True)
        warped += shift
        np.clip(warped, low, high, out=warped)
    if draws.brightness is not None:
        warped *= _per_image(draws.brightness[part])
        np.clip(warped, 0, scale_maximum(source), out=warped)
    if warped is not out:
        store(warped, out)


def store(images: Images, out: Images) -> None:
    """Copy into a batch. For an integer batch, `images` are rounded and clipped in place first."""
    if out.dtype.kind != "f":
        np.rint(images, out=images)
        np.clip(images, 0, np.iinfo(out.dtype).max, out=images)
    out[...] = images


def as_stored(value: float, dtype: np.dtype[Any]) -> Images:
    """A pixel value as `store` converts it, shape ()."""
    stored = np.empty((), dtype)
    store(np.array(value, np.float32), stored)
    return stored


def scale_maximum(images: Images) -> Any:
    """Greatest value of each image's scale: of its integer type, or 1, 255 or 65535."""
    if images.dtype.kind == "u":
        return np.float32(np.iinfo(images.dtype).max)
    highest = images.max(axis=PIXELS, keepdims=True)
    scales = [highest <= top for top in (1, 255, 65535)]
    return np.select(scales, [np.float32(top) for top in (1, 255, 65535)], np.float32(np.inf))


def _per_image(values: npt.NDArray[np.float64]) -> Images:
    return values.astype(np.float32)[:, None, None, None]
