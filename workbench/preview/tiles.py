"""Tiles, and the grid of tiles as a JPEG picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

TILES = 8
COLUMNS = 4
TILE_PIXELS = 144  # longer side; 8 tiles of this size stay under 200 KB as JPEG
# Tried in this order: only noise needs more than the first.
QUALITIES = (90, 70, 45, 20)
MAX_BYTES = 200_000  # of a picture: ten a second must not hold up Jupyter's messages
# Usual ranges of pixels. Images in other or narrower ranges are stretched to black and white.
SCALES = ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0), (0.0, 65535.0))
INVALID = (255, 0, 255)  # colour of NaN and infinite values

Tile = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Preview:
    """A drawn grid.

    Attributes:
        jpeg: The encoded picture; empty if there is nothing to draw.
        data: What the panel shows with it, such as title and captions, as plain data.
    """

    jpeg: bytes
    data: dict[str, Any]


def display_scale(low: float, high: float) -> tuple[float, float, bool]:
    """Choose the values shown as black and white, for images with values from `low` to `high`.

    A usual range (0..1, -1..1, 0..255, 0..65535) is kept if at least a third of it is used.

    Returns:
        The two values, and whether the contrast is stretched.
    """
    for bottom, top in SCALES:
        if bottom <= low and high <= top:
            if high - low >= (top - bottom) / 3:
                return bottom, top, False
            break
    return low, high, True


def display_range(images: npt.NDArray[Any]) -> tuple[float, float, bool]:
    """`display_scale` of the smallest and the largest value in these images."""
    return display_scale(float(np.nanmin(images)), float(np.nanmax(images)))


def to_tile(image: npt.NDArray[Any], low: float, high: float) -> Tile:
    """Convert an image to a tile, uint8 (height, width, 1 or 3); shrinks but never enlarges it.

    NaN and infinite pixels get the colour `INVALID`.
    """
    shown = image[..., :3] if image.shape[2] >= 3 else image[..., :1]
    shown = shrink(shown).astype(np.float32)
    scaled = (shown - np.float32(low)) * np.float32(255 / ((high - low) or 1))
    finite = np.isfinite(scaled)
    if finite.all():
        tile: Tile = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
        return tile
    tile = to_rgb(np.clip(np.rint(np.nan_to_num(scaled)), 0, 255).astype(np.uint8))
    tile[~finite.all(axis=2)] = INVALID
    return tile


def shrink(image: npt.NDArray[Any], interpolation: int = cv2.INTER_AREA) -> npt.NDArray[Any]:
    """Shrink an image (height, width, channels) to `TILE_PIXELS` on its longer side."""
    scale = TILE_PIXELS / max(image.shape[:2])
    if scale >= 1:
        return image
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    return cv2.resize(image, size, interpolation=interpolation).reshape(size[1], size[0], -1)


def to_rgb(tile: Tile) -> Tile:
    """Copy a tile to three channels."""
    return tile.repeat(3, axis=2) if tile.shape[2] == 1 else tile.copy()


def grid_layout(tiles: Sequence[Tile]) -> dict[str, int]:
    """Columns and rows of the grid, and width and height of a cell in pixels."""
    height, width = np.max([tile.shape[:2] for tile in tiles], axis=0).tolist()
    columns = max(1, min(COLUMNS, len(tiles)))
    rows = ceil(len(tiles) / columns)
    return {"columns": columns, "rows": rows, "width": width, "height": height}


def mosaic(tiles: list[Tile]) -> Tile:
    """Arrange tiles in rows. Missing tiles, and the space around smaller ones, are black."""
    columns, rows, width, height = grid_layout(tiles).values()
    channels = max(tile.shape[2] for tile in tiles)
    grid = np.zeros((rows * columns, height, width, channels), np.uint8)
    for cell, tile in zip(grid, tiles, strict=False):
        cell[: tile.shape[0], : tile.shape[1]] = tile
    lines = grid.reshape(rows, columns, height, width, channels).swapaxes(1, 2)
    return lines.reshape(rows * height, columns * width, channels)


def to_jpeg(picture: Tile) -> bytes:
    """Encode a picture as JPEG, in the best quality that stays under `MAX_BYTES` bytes."""
    bgr = np.ascontiguousarray(picture[..., ::-1] if picture.shape[2] == 3 else picture)
    for quality in QUALITIES:
        done, encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
        if not done:
            raise ValueError(f"cannot encode a picture of shape {picture.shape}")
        if encoded.size < MAX_BYTES:
            break
    return encoded.tobytes()


def format_number(value: float) -> str:
    """Format a number with three digits, thousands in full: 1203, not 1.2e+03."""
    return f"{value:.0f}" if 1e3 <= abs(value) < 1e6 else f"{value:.3g}"
