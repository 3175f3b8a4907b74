"""All geometry of a sample folded into one OpenCV warp.

Agrees with Keras's `apply_transform` within 1 grey level of 255 in every pixel. Where OpenCV's
borders differ from SciPy's, which Keras uses, the source coordinates are computed here instead.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from workbench.generators.augment import geometry
from workbench.generators.augment.colour import finish, float_target
from workbench.generators.draws import Draws

EXACT = True
FORKS = True

INVERSE = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP  # the matrix leads from output to source

Images = npt.NDArray[Any]

# SciPy's "constant" is done as "nearest" plus a mask, its "wrap" by folding coordinates.
BORDERS = {
    "nearest": cv2.BORDER_REPLICATE,
    "constant": cv2.BORDER_REPLICATE,
    "reflect": cv2.BORDER_REFLECT,
}
# OpenCV's path for two channels is up to 6 grey levels off, and above four it has none.
WARPED_TOGETHER = (1, 3, 4)


def augment(images: Images, draws: Draws, *, fill_mode: str, cval: float, out: Images) -> None:
    """See `augment.Method`."""
    size = images.shape[1:3]
    matrices, flips = geometry.source_matrices(draws, *size), geometry.flips_of(draws)
    folded = geometry.with_flips(matrices, flips, *size)
    source = np.empty(images.shape[1:], np.float32)
    for place, image in enumerate(images):
        one = slice(place, place + 1)
        target = float_target(out[one])
        source[...] = image
        if fill_mode == "wrap":
            _wrap(source, matrices[one], flips[one], target[0])
        else:
            _warp(source, folded[place], BORDERS[fill_mode], target[0])
        if fill_mode == "constant":
            x, y = geometry.coordinates(matrices[one], flips[one], *size)
            target[geometry.outside(x, y, *size)] = cval
        finish(target, images[one], draws, one, out[one])


def _warp(image: Images, matrix: geometry.Floats, border: int, target: Images) -> None:
    """Warp one float32 image into `target`."""
    height, width, channels = image.shape
    if channels in WARPED_TOGETHER:
        cv2.warpAffine(image, matrix, (width, height), target, INVERSE, border)
        return
    for channel in range(channels):
        plane = np.ascontiguousarray(image[..., channel])
        target[..., channel] = cv2.warpAffine(plane, matrix, (width, height), None, INVERSE, border)


def _wrap(image: Images, matrix: geometry.Floats, flips: geometry.Flags, target: Images) -> None:
    """The same with SciPy's "wrap", which OpenCV has not; `matrix` and `flips` for one sample."""
    height, width, channels = image.shape
    places = zip(geometry.coordinates(matrix, flips, height, width), (width, height), strict=True)
    x, y = (geometry.fold(at, length)[0].astype(np.float32) for at, length in places)
    # The border is met only where a coordinate is on the last pixel.
    how, border = cv2.INTER_LINEAR, cv2.BORDER_REPLICATE
    if channels in WARPED_TOGETHER:
        cv2.remap(image, x, y, how, dst=target, borderMode=border)
        return
    for channel in range(channels):
        plane = np.ascontiguousarray(image[..., channel])
        target[..., channel] = cv2.remap(plane, x, y, how, borderMode=border)
