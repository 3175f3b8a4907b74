"""Vectors and sequences as tiles: lines, bars, or steps from left to right as an image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from workbench.preview.contrast import contrast
from workbench.preview.draw_images import PALETTE, Drawn
from workbench.preview.leaves import Leaf
from workbench.preview.tiles import MARK, Tile, number, to_tile

WIDTH, HEIGHT = 144, 96  # pixels
MARGIN = 14  # pixels above and below, where the captions are
GAP = 3  # pixels to the left and right
BARS = 24  # so many features are bars; more are a line
LINES = 4  # so many features of a sequence are a line each; more are rows of an image
ZERO = (90, 90, 90)

Curves = npt.NDArray[np.float32]


def vectors(leaf: Leaf, rows: Sequence[int]) -> Drawn:
    """Each sample's features from left to right, all on one scale."""
    curves = [_curves(leaf, row) for row in rows]
    return _plotted(curves, f"{curves[0].shape[0]} features")


def sequences(leaf: Leaf, rows: Sequence[int]) -> Drawn:
    """Steps from left to right: a line for each feature, or a row of an image."""
    curves = [_curves(leaf, row) for row in rows]
    steps, features = curves[0].shape
    said = f"{steps} steps, {features} features"
    if features <= LINES:
        return _plotted(curves, said)
    low, high, scale = contrast(curves)
    tiles = [to_tile(_enlarged(each.T), low, high) for each in curves]
    return Drawn(tiles, f"{scale} · {said}, the first on top", [""] * len(tiles))


def _curves(leaf: Leaf, row: int) -> Curves:
    """One sample as (steps, lines)."""
    assert leaf.array is not None
    array, axes = leaf.array, leaf.axes
    if "N" in axes:
        array, axes = array.take(row, axis=axes.index("N")), axes.replace("N", "")
    if isinstance(array, np.ndarray) and array.dtype == object:
        array = array.item()
    found = np.asarray(array, np.float32)
    return found.T if axes == "FT" else found.reshape(len(found), -1)


def _plotted(curves: Sequence[Curves], said: str) -> Drawn:
    finite = [each[np.isfinite(each)] for each in curves]
    numbers = np.concatenate([*finite, [0.0]])  # zero is always in the plot
    low, high = float(numbers.min()), float(numbers.max())
    tiles = [_plot(each, low, (high - low) or 1.0) for each in curves]
    return Drawn(tiles, f"plotted on {number(low)} … {number(high)} · {said}", [""] * len(tiles))


def _plot(curves: Curves, low: float, span: float) -> Tile:
    tile = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    steps, lines = curves.shape
    left = np.linspace(GAP, WIDTH - GAP, steps + 1)
    middle = (left[:-1] + left[1:]) / 2
    ends = _height(np.zeros(1, np.float32), low, span)[0]
    cv2.line(tile, (0, ends), (WIDTH, ends), ZERO)
    for line in range(lines):
        values = curves[:, line]
        heights = _height(np.nan_to_num(values), low, span)
        colour = [255, 255, 255] if lines == 1 else PALETTE[1 + line].tolist()
        if lines == 1 and steps <= BARS:
            for start, stop, top in zip(left[:-1], left[1:], heights, strict=True):
                cv2.rectangle(tile, (int(start) + 1, ends), (int(stop) - 1, int(top)), colour, -1)
        else:
            points = np.column_stack([middle, heights]).astype(np.int32)
            cv2.polylines(tile, [points], False, colour, 1, cv2.LINE_AA)
        for place in middle[~np.isfinite(values)]:
            cv2.line(tile, (int(place), 0), (int(place), HEIGHT), MARK)
    return tile


def _height(values: npt.NDArray[Any], low: float, span: float) -> npt.NDArray[np.int64]:
    """Pixels from above."""
    share = np.clip((values - low) / span, 0, 1)
    return np.rint(HEIGHT - MARGIN - share * (HEIGHT - 2 * MARGIN)).astype(np.int64)


def _enlarged(image: Curves) -> npt.NDArray[Any]:
    """(features, steps) as (height, width, 1), of the size of a tile, whatever its sides were."""
    height, width = image.shape
    smaller = cv2.INTER_AREA if height > HEIGHT and width > WIDTH else cv2.INTER_NEAREST
    return cv2.resize(np.ascontiguousarray(image), (WIDTH, HEIGHT), interpolation=smaller)[
        ..., None
    ]
