"""All geometry of a sample folded into one OpenCV warp.

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
from workbench.pipeline.augment.colour import finish, float_target, in_type
from workbench.pipeline.augment.threads import over_images
from workbench.pipeline.draws import Draws

EXACT = True
FORKS = True

Images = npt.NDArray[Any]

# SciPy's "constant" is done as "nearest" plus a mask, its "wrap" by folding coordinates.
BORDERS = {
    "nearest": cv2.BORDER_REPLICATE,
    "constant": cv2.BORDER_REPLICATE,
    "reflect": cv2.BORDER_REFLECT,
}
# An image is warped in bands of rows, so that what is held beside the batch stays small: source
# and coordinates of a band. More bands cost time for what their sources share, and small ones more
# than they save. Colours of integers take a float32 image beside the batch, four bytes for one.
BANDS, BANDS_BESIDE_AN_IMAGE = 4, 16
BAND_VALUES = 2**16


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
        for place in places:
            self._augment(place)

    def _augment(self, place: int) -> None:
        one = slice(place, place + 1)
        out = self.out[one]
        target = out if self.in_place else float_target(out)
        self._warp(place, target[0])
        finish(target, self.images[one], self.draws, one, out)

    @cached_property
    def in_place(self) -> bool:
        """Whether the warp goes straight into the batch: it is float32, or needs no colours."""
        plain = self.draws.channel_shift_intensity is None and self.draws.brightness is None
        return plain or self.out.dtype == np.float32

    def _warp(self, place: int, target: Images) -> None:
        image = self.images[place]
        if self.fill_mode == "wrap":
            image = image.astype(target.dtype, copy=False)
        for rows in self._bands:
            if self.fill_mode == "wrap":
                bands.gather(image, *self._folded_places(place, rows), rows, target)
                continue
            bands.warp(image, self.folded[place], BORDERS[self.fill_mode], rows, target)
            if self.fill_mode == "constant":
                target[rows][self._gone(place, rows)] = in_type(self.cval, target.dtype)

    @cached_property
    def _bands(self) -> list[slice]:
        count = min(BANDS, max(1, self.out[:1].size // BAND_VALUES))
        if bands.whole_is_fast(self.images[0]):
            count = 1
        if not self.in_place:
            count = BANDS_BESIDE_AN_IMAGE
        elif self.fill_mode in ("constant", "wrap"):
            count = BANDS  # their coordinates take 16 bytes and more a pixel
        return bands.rows_of(self.images.shape[1], count)

    def _places(self, place: int, rows: slice) -> tuple[geometry.Floats, geometry.Floats]:
        one, (height, width) = slice(place, place + 1), self.images.shape[1:3]
        x, y = geometry.coordinates(self.matrices[one], self.flips[one], height, width, rows)
        return x[0], y[0]

    def _gone(self, place: int, rows: slice) -> geometry.Flags:
        return geometry.outside(*self._places(place, rows), *self.images.shape[1:3])

    def _folded_places(self, place: int, rows: slice) -> tuple[Images, Images]:
        height, width = self.images.shape[1:3]
        x, y = self._places(place, rows)
        x32 = geometry.fold(x, width).astype(np.float32)
        return x32, geometry.fold(y, height).astype(np.float32)


def augment(images: Images, draws: Draws, *, fill_mode: str, cval: float, out: Images) -> None:
    """See `augment.Method`."""
    size = images.shape[1:3]
    matrices, flips = geometry.source_matrices(draws, *size), geometry.flips_of(draws)
    folded = geometry.with_flips(matrices, flips, *size)
    batch = _Batch(images, draws, fill_mode, cval, out, matrices, flips, folded)
    over_images(batch.augment, len(images), images.size, _most_threads(batch))


def _most_threads(batch: _Batch) -> int:
    """So many that what they hold beside the batch is at most half of it.

    That counts for integers with colours: each thread has a float32 image and what changes it.
    """
    images = len(batch.images)
    if batch.in_place:
        return images
    if batch.fill_mode == "wrap":
        return 1  # a folded source is a second float32 image
    return max(1, images * batch.out.itemsize // 16)
