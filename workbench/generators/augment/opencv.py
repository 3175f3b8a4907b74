"""All geometry of a sample folded into one OpenCV warp.

Agrees with Keras's `apply_transform` within 1 grey level of 255 in every pixel. Where OpenCV's
borders differ from SciPy's, which Keras uses, the source coordinates are computed here instead.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from workbench.generators.draws import Draws

INVERSE = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP  # the matrix leads from output to source

Images = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

# SciPy's "constant" is done as "nearest" plus a mask, its "wrap" by folding coordinates.
BORDERS = {
    "nearest": cv2.BORDER_REPLICATE,
    "constant": cv2.BORDER_REPLICATE,
    "reflect": cv2.BORDER_REFLECT,
}


def augment(images: Images, draws: Draws, *, fill_mode: str, cval: float, out: Images) -> None:
    """See `augment.Method`."""
    matrices = source_matrices(draws, *images.shape[1:3])
    flips = np.stack([draws.flip_horizontal, draws.flip_vertical], axis=1)
    folded = matrices @ _mirrors(flips, *images.shape[1:3])
    source = np.empty(images.shape[1:], np.float32)
    for place, image in enumerate(images):
        target = out[place] if out.dtype == np.float32 else np.empty(image.shape, np.float32)
        source[:] = image
        _warp(source, matrices[place], folded[place], flips[place], fill_mode, cval, target)
        if draws.channel_shift_intensity is not None:
            shift, low, high = draws.channel_shift_intensity[place], target.min(), target.max()
            np.clip(target + np.float32(shift), low, high, out=target)
        if draws.brightness is not None:
            np.clip(target * np.float32(draws.brightness[place]), 0, top_of(image), out=target)
        if target.base is not out:
            out[place] = np.clip(np.rint(target), 0, np.iinfo(out.dtype).max)


def source_matrices(draws: Draws, height: int, width: int) -> Floats:
    """Where each output pixel comes from, flips left out.

    Rotation, shift, shear and zoom are multiplied as in Keras's `apply_affine_transform`. Like
    Keras, the first axis takes the height's centre although it then means columns: images that are
    not square turn about (height / 2, width / 2) in (x, y).

    Returns:
        Shape (samples, 2, 3): (x, y, 1) of the output to (x, y) of the source, in pixels.
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


def top_of(image: Images) -> float:
    """The greatest value of the scale an image is on: its type's, or 1, 255, 65535 for floats."""
    if image.dtype.kind == "u":
        return float(np.iinfo(image.dtype).max)
    highest = image.max()
    return next((top for top in (1.0, 255.0, 65535.0) if highest <= top), np.inf)


def _warp(
    image: Images,
    matrix: Floats,
    folded: Floats,
    flips: npt.NDArray[np.bool_],
    fill_mode: str,
    cval: float,
    target: Images,
) -> None:
    """Warp one float32 image into `target`; `folded` is the matrix with the flips in it."""
    height, width, channels = image.shape
    if channels == 2:
        # OpenCV's two-channel path is up to 6 grey levels off.
        for channel in range(2):
            plane = np.empty((height, width, 1), np.float32)
            _warp(image[..., [channel]], matrix, folded, flips, fill_mode, cval, plane)
            target[..., channel] = plane[..., 0]
        return
    if fill_mode == "wrap":
        x, y = _coordinates(matrix, flips, height, width)
        maps = _fold(x, width).astype(np.float32), _fold(y, height).astype(np.float32)
        cv2.remap(image, *maps, cv2.INTER_LINEAR, dst=target, borderMode=cv2.BORDER_REPLICATE)
        return
    cv2.warpAffine(image, folded, (width, height), target, INVERSE, BORDERS[fill_mode])
    if fill_mode == "constant":
        x, y = _coordinates(matrix, flips, height, width)
        target[(x < 0) | (x > width - 1) | (y < 0) | (y > height - 1)] = cval


def _mirrors(flips: npt.NDArray[np.bool_], height: int, width: int) -> Floats:
    """The flips that follow the warp as matrices, shape (samples, 3, 3)."""
    mirrors = np.tile(np.eye(3), (len(flips), 1, 1))
    for axis, length in enumerate((width, height)):
        mirrors[flips[:, axis], axis, axis] = -1
        mirrors[flips[:, axis], axis, 2] = length - 1
    return mirrors


def _coordinates(
    matrix: Floats, flips: npt.NDArray[np.bool_], height: int, width: int
) -> tuple[Floats, Floats]:
    """X and y in the source of each output pixel, each of shape (height, width)."""
    columns = np.arange(width)[:: -1 if flips[0] else 1]
    rows = np.arange(height)[:: -1 if flips[1] else 1, None]
    x, y = (a * columns + (b * rows + offset) for a, b, offset in matrix)
    return x, y


def _fold(coordinate: Floats, length: int) -> Floats:
    """SciPy's mode "wrap": first and last pixel are the same place, so the period is n-1."""
    if length == 1:
        return np.zeros_like(coordinate)
    period = length - 1
    outside = (coordinate < 0) | (coordinate > period)
    return np.where(outside, coordinate % period, coordinate)
