"""All geometry of a sample folded into one OpenCV warp.

Agrees with Keras's `apply_transform` within 1 grey level of 255 in every pixel. Where OpenCV's
borders differ from SciPy's, which Keras uses, the source coordinates are computed here instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from workbench.generators.augment import geometry
from workbench.generators.augment.colour import finish, float_target
from workbench.generators.augment.threads import over_images
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


@dataclass(frozen=True)
class _Batch:
    """A batch and what shall become of it."""

    images: Images
    draws: Draws
    fill_mode: str
    cval: float
    out: Images
    matrices: geometry.Floats  # from output to source, flips left out
    flips: geometry.Flags
    folded: geometry.Floats  # the matrices with the flips in them

    def augment(self, places: Iterator[int]) -> None:
        """Fill `out` at these places."""
        source = np.empty(self.images.shape[1:], np.float32)
        for place in places:
            source[...] = self.images[place]
            self._augment(source, place)

    def _augment(self, source: Images, place: int) -> None:
        one, size = slice(place, place + 1), source.shape[:2]
        target = float_target(self.out[one])
        if self.fill_mode == "wrap":
            _wrap(source, self.matrices[one], self.flips[one], target[0])
        else:
            _warp(source, self.folded[place], BORDERS[self.fill_mode], target[0])
        if self.fill_mode == "constant":
            x, y = geometry.coordinates(self.matrices[one], self.flips[one], *size)
            target[geometry.outside(x, y, *size)] = self.cval
        finish(target, self.images[one], self.draws, one, self.out[one])


def augment(images: Images, draws: Draws, *, fill_mode: str, cval: float, out: Images) -> None:
    """See `augment.Method`."""
    size = images.shape[1:3]
    matrices, flips = geometry.source_matrices(draws, *size), geometry.flips_of(draws)
    folded = geometry.with_flips(matrices, flips, *size)
    batch = _Batch(images, draws, fill_mode, cval, out, matrices, flips, folded)
    over_images(batch.augment, len(images), images.size)


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
