"""The whole batch in NumPy calls, bilinear interpolation written out, for comparison.

Vectorized, yet slower than the loop except for small images: each step reads and writes arrays of
the size of the batch.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.pipeline.augment import geometry
from workbench.pipeline.augment.colour import finish, float_target
from workbench.pipeline.draws import Draws

Images = npt.NDArray[Any]


def augment(images: Images, draws: Draws, *, fill_mode: str, cval: float, out: Images) -> None:
    """See `augment.Method`."""
    height, width = images.shape[1:3]
    matrices = geometry.source_matrices(draws, height, width)
    x, y = geometry.coordinates(matrices, geometry.flips_of(draws), height, width)
    outside = geometry.outside(x, y, height, width) if fill_mode == "constant" else None
    x, y = (_inside(at, n, fill_mode) for at, n in ((x, width), (y, height)))
    warped = float_target(out)
    with np.errstate(invalid="ignore"):  # infinite pixels become NaN, as in Keras
        warped[...] = _interpolated(images, x, y)
    if outside is not None:
        warped[outside] = cval
    finish(warped, images, draws, slice(None), out)


def _inside(coordinate: geometry.Floats, length: int, fill_mode: str) -> geometry.Floats:
    if fill_mode == "wrap":
        return geometry.fold(coordinate, length)
    if fill_mode == "reflect":
        return geometry.reflect(coordinate, length)
    return np.clip(coordinate, 0, length - 1)


def _interpolated(images: Images, x: geometry.Floats, y: geometry.Floats) -> Images:
    """Bilinear interpolation at coordinates within the images."""
    samples, height, width, channels = images.shape
    left, upper = x.astype(np.int64), y.astype(np.int64)
    right, lower = np.minimum(left + 1, width - 1), np.minimum(upper + 1, height - 1)
    across, down = ((at - np.floor(at)).astype(np.float32)[..., None] for at in (x, y))
    pixels = images.reshape(-1, channels)
    first = np.arange(samples)[:, None, None] * height

    def row(rows: npt.NDArray[np.int64]) -> Images:
        begin = (first + rows) * width
        near = pixels[begin + left].astype(np.float32)
        far: Images = pixels[begin + right].astype(np.float32)
        far -= near
        far *= across
        far += near
        return far

    top, bottom = row(upper), row(lower)
    bottom -= top
    bottom *= down
    bottom += top
    return bottom
