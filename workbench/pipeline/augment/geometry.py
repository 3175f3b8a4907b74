"""Where each pixel of an augmented image comes from: Keras's arithmetic, for a whole batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.pipeline.draws import Draws

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def source_matrices(draws: Draws, height: int, width: int) -> Floats:
    """Matrices from output to source, without the flips.

    Rotation, shift, shear and zoom are multiplied as in Keras's `apply_affine_transform`. As in
    Keras, images that are not square turn about (height / 2, width / 2) in (x, y), because the
    height's centre is used for the columns.

    Returns:
        Shape (samples, 2, 3), from (x, y, 1) of the output to (x, y) of the source, in pixels.
    """
    theta, shear = np.deg2rad(draws.theta), np.deg2rad(draws.shear)
    matrix = np.tile(np.eye(3), (len(draws), 1, 1))
    matrix[:, 0, 0] = matrix[:, 1, 1] = np.cos(theta)
    matrix[:, 0, 1], matrix[:, 1, 0] = -np.sin(theta), np.sin(theta)
    step = np.tile(np.eye(3), (len(draws), 1, 1))
    # shift @ shear @ zoom, written out
    step[:, 0, 0] = draws.zx
    step[:, 0, 1] = -np.sin(shear) * draws.zy
    step[:, 1, 1] = np.cos(shear) * draws.zy
    step[:, 0, 2], step[:, 1, 2] = draws.tx, draws.ty
    centre = np.array([[1, 0, height / 2 - 0.5], [0, 1, width / 2 - 0.5], [0, 0, 1]])
    moved: Floats = centre @ matrix @ step @ np.linalg.inv(centre)
    return moved[:, :2]


def flips_of(draws: Draws) -> Flags:
    """Whether each sample is flipped, shape (samples, 2): horizontally, vertically."""
    return np.stack([draws.flip_horizontal, draws.flip_vertical], axis=1)


def with_flips(matrices: Floats, flips: Flags, height: int, width: int) -> Floats:
    """The matrices with the flips multiplied in; Keras flips after the warp."""
    mirrors = np.tile(np.eye(3), (len(flips), 1, 1))
    for axis, length in enumerate((width, height)):
        mirrors[flips[:, axis], axis, axis] = -1
        mirrors[flips[:, axis], axis, 2] = length - 1
    flipped: Floats = matrices @ mirrors
    return flipped


def coordinates(
    matrices: Floats, flips: Flags, height: int, width: int, part: slice = slice(None)
) -> tuple[Floats, Floats]:
    """X and y in the source of each output pixel, each of shape (samples, height, width).

    With `part`, for those rows of the output only.
    """
    # Flips reverse whole numbers, so a coordinate on the border stays exactly there: the side it is
    # on decides whether SciPy fills the pixel.
    columns, rows = np.arange(width), np.arange(height)
    columns = np.where(flips[:, :1], columns[::-1], columns)[:, None, :]
    rows = np.where(flips[:, 1:], rows[::-1], rows)[:, part, None]
    a, b, offset = np.moveaxis(matrices, 2, 0)[..., None, None]
    x = a[:, 0] * columns + (b[:, 0] * rows + offset[:, 0])
    y = a[:, 1] * columns + (b[:, 1] * rows + offset[:, 1])
    return x, y


def outside(x: Floats, y: Floats, height: int, width: int) -> Flags:
    """Where SciPy's mode "constant" puts the fill value, without blending at the edge."""
    fills: Flags = (x < 0) | (x > width - 1) | (y < 0) | (y > height - 1)
    return fills


def fold(coordinate: Floats, length: int) -> Floats:
    """SciPy's mode "wrap": the first and last pixel coincide, so the period is length - 1."""
    if length == 1:
        return np.zeros_like(coordinate)
    period = length - 1
    beyond = (coordinate < 0) | (coordinate > period)
    return np.where(beyond, coordinate % period, coordinate)


def reflect(coordinate: Floats, length: int) -> Floats:
    """SciPy's mode "reflect": mirrored at the outer edges of the border pixels."""
    position: Any = (coordinate + 0.5) % (2 * length) - 0.5
    mirrored: Floats = np.minimum(position, 2 * length - 1 - position)
    return np.clip(mirrored, 0, length - 1)
