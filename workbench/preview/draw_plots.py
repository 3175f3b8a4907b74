"""Vectors and sequences as tiles: bars, lines, or an image of features by steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from workbench.preview.contrast import choose_contrast
from workbench.preview.draw_images import DrawnTiles
from workbench.preview.draw_masks import PALETTE
from workbench.preview.leaf import Leaf
from workbench.preview.tiles import INVALID, Tile, format_number, to_tile

WIDTH, HEIGHT = 144, 96  # pixels
MARGIN = 14  # pixels above and below, for the captions
GAP = 3  # pixels to the left and right
MOST_BARS = 24  # features of a vector; more are drawn as a line
MOST_LINES = 4  # features of a sequence; more are drawn as rows of an image
ZERO_LINE = (90, 90, 90)

Curves = npt.NDArray[np.float32]


def draw_vectors(leaf: Leaf, rows: Sequence[int]) -> DrawnTiles:
    """Draw each sample's features from left to right, all on the same scale."""
    curves = [_curves(leaf, row) for row in rows]
    return _plot_all(curves, f"{curves[0].shape[0]} features")


def draw_sequences(leaf: Leaf, rows: Sequence[int]) -> DrawnTiles:
    """Draw steps from left to right, with a line or an image row for each feature."""
    curves = [_curves(leaf, row) for row in rows]
    steps, features = curves[0].shape
    size = f"{steps} steps, {features} features"
    if features <= MOST_LINES:
        return _plot_all(curves, size)
    low, high, scale = choose_contrast(curves)
    tiles = [to_tile(_resize_to_tile(each.T), low, high) for each in curves]
    return DrawnTiles(tiles, f"{scale} · {size}, the first on top", [""] * len(tiles))


def _curves(leaf: Leaf, row: int) -> Curves:
    """One sample as (steps, lines)."""
    assert leaf.array is not None
    values = np.asarray(leaf.array[row], np.float32)
    return values.reshape(len(values), -1)


def _plot_all(curves: Sequence[Curves], size: str) -> DrawnTiles:
    finite = [each[np.isfinite(each)] for each in curves]
    numbers = np.concatenate([*finite, [0.0]])  # the plot always includes zero
    low, high = float(numbers.min()), float(numbers.max())
    tiles = [_plot(each, low, (high - low) or 1.0) for each in curves]
    scale = f"plotted on {format_number(low)} … {format_number(high)}"
    return DrawnTiles(tiles, f"{scale} · {size}", [""] * len(tiles))


def _plot(curves: Curves, low: float, span: float) -> Tile:
    tile = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    steps, lines = curves.shape
    left = np.linspace(GAP, WIDTH - GAP, steps + 1)
    middle = (left[:-1] + left[1:]) / 2
    zero = _pixel_row(np.zeros(1, np.float32), low, span)[0]
    cv2.line(tile, (0, zero), (WIDTH, zero), ZERO_LINE)
    for line in range(lines):
        values = curves[:, line]
        ends = _pixel_row(np.nan_to_num(values), low, span)
        colour = [255, 255, 255] if lines == 1 else PALETTE[1 + line].tolist()
        if lines == 1 and steps <= MOST_BARS:
            for start, stop, end in zip(left[:-1], left[1:], ends, strict=True):
                cv2.rectangle(tile, (int(start) + 1, zero), (int(stop) - 1, int(end)), colour, -1)
        else:
            points = np.column_stack([middle, ends]).astype(np.int32)
            cv2.polylines(tile, [points], False, colour, 1, cv2.LINE_AA)
        for x in middle[~np.isfinite(values)]:
            cv2.line(tile, (int(x), 0), (int(x), HEIGHT), INVALID)
    return tile


def _pixel_row(values: npt.NDArray[Any], low: float, span: float) -> npt.NDArray[np.int64]:
    """Distance of values from the top of the tile, in pixels."""
    share = np.clip((values - low) / span, 0, 1)
    return np.rint(HEIGHT - MARGIN - share * (HEIGHT - 2 * MARGIN)).astype(np.int64)


def _resize_to_tile(image: Curves) -> npt.NDArray[Any]:
    """Resize (features, steps) to the size of a tile, (height, width, 1)."""
    height, width = image.shape
    how = cv2.INTER_AREA if height > HEIGHT and width > WIDTH else cv2.INTER_NEAREST
    resized = cv2.resize(np.ascontiguousarray(image), (WIDTH, HEIGHT), interpolation=how)
    return resized[..., None]
