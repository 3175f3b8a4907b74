"""OpenCV's warp for a band of rows, from the part of the source that is visible in the band.

With one channel, OpenCV takes twice as long for pixels from outside the image as for others. So the
visible part is cut out first and bordered as far as needed. With three or four channels OpenCV is
as fast outside, and cutting only saves memory, when there are several bands.
"""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from workbench.pipeline.augment import geometry

INVERSE = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP  # the matrix maps output to source
# With two channels OpenCV is up to 6 grey levels off, and it does not take more than four.
WARPED_TOGETHER = (1, 3, 4)
# With fewer values, cutting is slower: 10 microseconds instead of 7.
MIN_VALUES_TO_CUT = 2**14
# Largest bordered part, in sizes of the source; 20 degrees and shifts of 20 % make it 1.4.
MAX_GROWTH = 2

Images = npt.NDArray[Any]


def fast_at_borders(image: Images) -> bool:
    """Whether OpenCV warps pixels from outside this image as fast as others."""
    return image.shape[2] in (3, 4)


def split_rows(height: int, bands: int) -> list[slice]:
    """Split the rows of an image into at most this many bands."""
    step = -(-height // bands)
    return [slice(start, min(start + step, height)) for start in range(0, height, step)]


def warp(image: Images, matrix: geometry.Floats, border: int, rows: slice, target: Images) -> None:
    """Fill these rows of `target`.

    Args:
        image: Shape (height, width, channels), of a dtype that fits into `target`'s.
        matrix: Shape (2, 3), from output to source, flips included.
        border: An OpenCV border mode.
        rows: Rows of the output.
        target: Float32; or integers, which become the rounded float32 values exactly.
    """
    part, left, top = _visible_part(image, matrix, border, rows)
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
    """Fill these rows of `target` from coordinates within the image.

    Args:
        image: Shape (height, width, channels), of the dtype of `target`.
        x: Source columns, float32, shape (rows, width).
        y: Source rows, the same.
        rows: Rows of the output.
        target: As for `warp`.
    """
    # The border mode only matters for coordinates on the last pixel.
    linear, border = cv2.INTER_LINEAR, cv2.BORDER_REPLICATE
    if target.shape[2] in WARPED_TOGETHER:
        cv2.remap(image, x, y, linear, dst=target[rows], borderMode=border)
        return
    for channel in range(target.shape[2]):
        plane = np.ascontiguousarray(image[..., channel])
        target[rows, :, channel] = cv2.remap(plane, x, y, linear, borderMode=border)


def _visible_part(
    image: Images, matrix: geometry.Floats, border: int, rows: slice
) -> tuple[Images, int, int]:
    """The bordered part of the source that is visible in these rows, and its left and top."""
    if image.size < MIN_VALUES_TO_CUT or (rows == slice(0, len(image)) and fast_at_borders(image)):
        return image, 0, 0
    height, width = image.shape[:2]
    corners = [(x, y) for x in (0, width - 1) for y in (rows.start, rows.stop - 1)]
    (left, right), (top, bottom) = (
        _pixel_range([row[0] * x + row[1] * y + row[2] for x, y in corners])
        for row in matrix.tolist()
    )
    mirrored = border == cv2.BORDER_REFLECT
    start, stop, above, below = _span(top, bottom, height, mirrored)
    first, last, before, after = _span(left, right, width, mirrored)
    size = (stop - start + above + below) * (last - first + before + after)
    # OpenCV itself can mirror more than once; a border cannot.
    too_far = max(above, below) > height or max(before, after) > width
    if too_far or size > MAX_GROWTH * height * width:
        return image, 0, 0
    part = image[start:stop, first:last]
    bordered = cv2.copyMakeBorder(part, above, below, before, after, border)
    visible = bordered[top - start + above :, left - first + before :]
    return visible[: bottom - top, : right - left], left, top


def _pixel_range(corners: list[float]) -> tuple[int, int]:
    """First and end of the pixels that interpolation between these coordinates reads."""
    return math.floor(min(corners)), math.ceil(max(corners)) + 2


def _span(first: int, end: int, length: int, mirrored: bool) -> tuple[int, int, int, int]:
    """Start and stop of the pixels of an axis, and the widths of the borders before and after."""
    start = min(max(first, 0), length - 1)
    stop = max(min(end, length), start + 1)
    before, after = max(0, start - first), max(0, end - stop)
    if mirrored:  # a mirrored border is as wide as the part it shows
        start, stop = min(start, max(0, length - after)), max(stop, min(before, length))
    return start, stop, before, after
