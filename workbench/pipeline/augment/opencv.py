"""All geometry of a sample in one OpenCV warp.

Agrees with Keras's `apply_transform` within 1 grey level of 255 in every pixel. Where OpenCV's
borders differ from SciPy's, which Keras uses, the source coordinates are computed here instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from workbench.pipeline.augment import bands, geometry
from workbench.pipeline.augment.colour import as_stored, finish, float_target
from workbench.pipeline.augment.threads import over_images
from workbench.pipeline.draws import Draws

Images = npt.NDArray[Any]

# SciPy's "constant" becomes "nearest" plus a mask; its "wrap" becomes folded coordinates.
BORDERS = {
    "nearest": cv2.BORDER_REPLICATE,
    "constant": cv2.BORDER_REPLICATE,
    "reflect": cv2.BORDER_REFLECT,
}
# An image is warped in bands of rows, so that the temporary source and coordinates stay small. More
# bands cost time, because their sources overlap, and small bands cost more than they save. Channel
# shift and brightness of an integer batch need a temporary float32 image as well.
BANDS, BANDS_WITH_IMAGE = 4, 16
BAND_VALUES = 2**16


@dataclass(frozen=True)
class _Batch:
    """A batch and how to augment it."""

    images: Images
    draws: Draws
    fill_mode: str
    cval: float
    out: Images
    matrices: geometry.Floats  # from output to source, without flips
    flips: geometry.Flags
    flipped_matrices: geometry.Floats  # the same with flips

    def augment(self, indices: Iterator[int]) -> None:
        """Fill `out` for these samples."""
        for index in indices:
            self._augment(index)

    def _augment(self, index: int) -> None:
        one = slice(index, index + 1)
        out = self.out[one]
        target = out if self.in_place else float_target(out)
        self._warp(index, target[0])
        finish(target, self.images[one], self.draws, one, out)

    @cached_property
    def in_place(self) -> bool:
        """Whether to warp straight into `out`: it is float32, or its colours do not change."""
        plain = self.draws.channel_shift_intensity is None and self.draws.brightness is None
        return plain or self.out.dtype == np.float32

    def _warp(self, index: int, target: Images) -> None:
        image = self.images[index]
        if self.fill_mode == "wrap":
            image = image.astype(target.dtype, copy=False)
        for rows in self._bands:
            if self.fill_mode == "wrap":
                bands.gather(image, *self._wrapped_coordinates(index, rows), rows, target)
                continue
            bands.warp(image, self.flipped_matrices[index], BORDERS[self.fill_mode], rows, target)
            if self.fill_mode == "constant":
                target[rows][self._outside(index, rows)] = as_stored(self.cval, target.dtype)

    @cached_property
    def _bands(self) -> list[slice]:
        count = min(BANDS, max(1, self.out[:1].size // BAND_VALUES))
        if bands.fast_at_borders(self.images[0]):
            count = 1
        if not self.in_place:
            count = BANDS_WITH_IMAGE
        elif self.fill_mode in ("constant", "wrap"):
            count = BANDS  # the coordinates take at least 16 bytes a pixel
        return bands.split_rows(self.images.shape[1], count)

    def _coordinates(self, index: int, rows: slice) -> tuple[geometry.Floats, geometry.Floats]:
        one, (height, width) = slice(index, index + 1), self.images.shape[1:3]
        x, y = geometry.coordinates(self.matrices[one], self.flips[one], height, width, rows)
        return x[0], y[0]

    def _outside(self, index: int, rows: slice) -> geometry.Flags:
        return geometry.outside(*self._coordinates(index, rows), *self.images.shape[1:3])

    def _wrapped_coordinates(self, index: int, rows: slice) -> tuple[Images, Images]:
        height, width = self.images.shape[1:3]
        x, y = self._coordinates(index, rows)
        x32 = geometry.fold(x, width).astype(np.float32)
        return x32, geometry.fold(y, height).astype(np.float32)


def augment(images: Images, draws: Draws, *, fill_mode: str, cval: float, out: Images) -> None:
    """See `augment.Method`."""
    size = images.shape[1:3]
    matrices, flips = geometry.source_matrices(draws, *size), geometry.flips_of(draws)
    flipped_matrices = geometry.with_flips(matrices, flips, *size)
    batch = _Batch(images, draws, fill_mode, cval, out, matrices, flips, flipped_matrices)
    over_images(batch.augment, len(images), images.size, _max_threads(batch))


def _max_threads(batch: _Batch) -> int:
    """As many threads as keep temporary arrays below half the size of the batch.

    Matters for integers whose colours change: each thread then has a float32 image and temporaries.
    """
    images = len(batch.images)
    if batch.in_place:
        return images
    if batch.fill_mode == "wrap":
        return 1  # the source is converted to a second float32 image
    return max(1, images * batch.out.itemsize // 16)
