"""OpenCV's warp of some rows of an image, from the part of the source that those rows show.

Of one channel OpenCV takes twice as long for pixels from outside the image as for others, and is
given a source that has none: a border of the size that is needed is made first, around no more than
is needed. Of three or four channels it does not, and only the memory of several bands is worth it.
"""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from workbench.pipeline.augment import geometry

INVERSE = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP  # the matrix leads from output to source
# OpenCV's path for two channels is up to 6 grey levels off, and above four it has none.
WARPED_TOGETHER = (1, 3, 4)
# Values of an image for which cutting costs more than it saves: 7 microseconds against 10.
SMALL = 2**14
# A border may make the source this much larger; twenty degrees and shifts by a fifth make it 1.4.
LARGEST = 2

Images = npt.NDArray[Any]


def whole_is_fast(image: Images) -> bool:
    """Whether OpenCV needs no source made for it: see above."""
    return image.shape[2] in (3, 4)


def rows_of(height: int, bands: int) -> list[slice]:
    """The rows of an image in about so many bands."""
    step = -(-height // bands)
    return [slice(start, min(start + step, height)) for start in range(0, height, step)]


def warp(image: Images, matrix: geometry.Floats, border: int, rows: slice, target: Images) -> None:
    """Fill these rows of `target`.

    Args:
        image: Of any type that `target`'s holds.
        matrix: Shape (2, 3), from output to source, flips included.
        border: One of OpenCV's.
        rows: Of the output.
        target: Float32; or integers, which are then the rounded float32 values, bit for bit.
    """
    part, left, top = _shown(image, matrix, border, rows)
    part = part.astype(target.dtype, copy=False)
    moved = matrix
    if left or top or rows.start:
        moved = matrix.copy()
        moved[:, 2] += matrix[:, 1] * rows.start - (left, top)
    size = (target.shape[1], rows.stop - rows.start)
    if target.shape[2] in WARPED_TOGETHER:
        cv2.warpAffine(part, moved, size, target[rows], INVERSE, border)
        return
    for channel in range(target.shape[2]):
        plane = np.ascontiguousarray(part[..., channel])
        target[rows, :, channel] = cv2.warpAffine(plane, moved, size, None, INVERSE, border)


def gather(image: Images, x: Images, y: Images, rows: slice, target: Images) -> None:
    """Fill these rows of `target` from places within the image; both of the same type.

    Args:
        image: Shape (height, width, channels).
        x: Float32, as many as the rows have pixels.
        y: The same.
        rows: Of the output.
        target: As for `warp`.
    """
    # The border is met only where a coordinate is on the last pixel.
    how, border = cv2.INTER_LINEAR, cv2.BORDER_REPLICATE
    if target.shape[2] in WARPED_TOGETHER:
        cv2.remap(image, x, y, how, dst=target[rows], borderMode=border)
        return
    for channel in range(target.shape[2]):
        plane = np.ascontiguousarray(image[..., channel])
        target[rows, :, channel] = cv2.remap(plane, x, y, how, borderMode=border)


def _shown(
    image: Images, matrix: geometry.Floats, border: int, rows: slice
) -> tuple[Images, int, int]:
    """The part of the source that these rows show, bordered; which column and row it begins at."""
    if image.size < SMALL or (rows == slice(0, len(image)) and whole_is_fast(image)):
        return image, 0, 0
    height, width = image.shape[:2]
    corners = [(x, y) for x in (0, width - 1) for y in (rows.start, rows.stop - 1)]
    (left, right), (top, bottom) = (
        _ends([row[0] * x + row[1] * y + row[2] for x, y in corners]) for row in matrix.tolist()
    )
    mirrored = border == cv2.BORDER_REFLECT
    start, stop, above, below = _span(top, bottom, height, mirrored)
    first, last, before, after = _span(left, right, width, mirrored)
    size = (stop - start + above + below) * (last - first + before + after)
    # A part mirrored more than once is left to OpenCV, which folds any coordinate.
    if size > LARGEST * height * width or max(above, below) > height or max(before, after) > width:
        return image, 0, 0
    part = image[start:stop, first:last]
    bordered = cv2.copyMakeBorder(part, above, below, before, after, border)
    there = bordered[top - start + above :, left - first + before :]
    return there[: bottom - top, : right - left], left, top


def _ends(places: list[float]) -> tuple[int, int]:
    """First and end of the pixels that interpolation at these places, and between, reads."""
    return math.floor(min(places)), math.ceil(max(places)) + 2


def _span(first: int, end: int, length: int, mirrored: bool) -> tuple[int, int, int, int]:
    """Start and stop of an axis's pixels, and how many more are wanted before and after them."""
    start = min(max(first, 0), length - 1)
    stop = max(min(end, length), start + 1)
    before, after = max(0, start - first), max(0, end - stop)
    if mirrored:  # the border shows as many pixels as it is wide
        start, stop = min(start, max(0, length - after)), max(stop, min(before, length))
    return start, stop, before, after
