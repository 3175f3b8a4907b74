"""Tiles, the grid that they make and its JPEG; our own data sets are shown by these as well."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

TILES = 16
COLUMNS = 8
TILE_PIXELS = 144  # the longer side on screen; 16 of them stay under 200 KB as JPEG
# Tried in this order: only noise in all tiles needs more than the first.
QUALITIES = (90, 70, 45, 20)
LARGEST = 200_000  # bytes of a picture: ten a second must not hold up Jupyter's messages
# Scales that pixels are usually on; another range, or a narrow one, is stretched.
SCALES = ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0), (0.0, 65535.0))
MARK = (255, 0, 255)  # what is no number: NaN or infinite

Tile = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Preview:
    """A drawn grid.

    Attributes:
        jpeg: The picture; empty if there is nothing to draw.
        data: What the panel's component shows with it, as plain data.
    """

    jpeg: bytes
    data: dict[str, Any]


def on_scale(low: float, high: float) -> tuple[float, float, bool]:
    """The values shown as black and white for images from `low` to `high`, and whether that is
    a stretch: a usual scale (0..1, -1..1, 0..255, 0..65535) is kept if a third of it is used.
    """
    for bottom, top in SCALES:
        if bottom <= low and high <= top:
            if high - low >= (top - bottom) / 3:
                return bottom, top, False
            break
    return low, high, True


def display_range(images: npt.NDArray[Any]) -> tuple[float, float, bool]:
    """`on_scale` for the least and the greatest number in these images."""
    return on_scale(float(np.nanmin(images)), float(np.nanmax(images)))


def to_tile(image: npt.NDArray[Any], low: float, high: float) -> Tile:
    """One image for the grid, 8 bits, shape (height, width, 1 or 3); shrunk, never enlarged.

    Pixels that are no number come out in the colour `MARK`.
    """
    shown = image[..., :3] if image.shape[2] >= 3 else image[..., :1]
    shown = shrunk(shown).astype(np.float32)
    scaled = (shown - np.float32(low)) * np.float32(255 / ((high - low) or 1))
    finite = np.isfinite(scaled)
    if finite.all():
        tile: Tile = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
        return tile
    tile = in_colour(np.clip(np.rint(np.nan_to_num(scaled)), 0, 255).astype(np.uint8))
    tile[~finite.all(axis=2)] = MARK
    return tile


def shrunk(image: npt.NDArray[Any], interpolation: int = cv2.INTER_AREA) -> npt.NDArray[Any]:
    """An image of shape (height, width, channels) with at most `TILE_PIXELS` on its longer side."""
    scale = TILE_PIXELS / max(image.shape[:2])
    if scale >= 1:
        return image
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    return cv2.resize(image, size, interpolation=interpolation).reshape(size[1], size[0], -1)


def columns_for(count: int) -> int:
    """How many of the tiles stand side by side: all, if they are few."""
    return max(1, min(COLUMNS, count))


def in_colour(tile: Tile) -> Tile:
    """A copy with three channels."""
    return tile.repeat(3, axis=2) if tile.shape[2] == 1 else tile.copy()


def mosaic(tiles: list[Tile]) -> Tile:
    """Tiles in rows of `columns_for`; missing ones are black, and the rest beside smaller ones."""
    height, width, channels = np.max([tile.shape for tile in tiles], axis=0)
    columns = columns_for(len(tiles))
    rows = ceil(len(tiles) / columns)
    grid = np.zeros((rows * columns, height, width, channels), np.uint8)
    for place, tile in zip(grid, tiles, strict=False):
        place[: tile.shape[0], : tile.shape[1]] = tile
    lines = grid.reshape(rows, columns, height, width, channels).swapaxes(1, 2)
    return lines.reshape(rows * height, columns * width, channels)


def to_jpeg(picture: Tile) -> bytes:
    """The picture as JPEG, of the best quality that stays under `LARGEST` bytes."""
    bgr = np.ascontiguousarray(picture[..., ::-1] if picture.shape[2] == 3 else picture)
    for quality in QUALITIES:
        done, encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
        if not done:
            raise ValueError(f"cannot encode a picture of shape {picture.shape}")
        if encoded.size < LARGEST:
            break
    return encoded.tobytes()


def number(value: float) -> str:
    """Three digits, but thousands whole: 1.2e+03 says less than 1203."""
    return f"{value:.0f}" if 1e3 <= abs(value) < 1e6 else f"{value:.3g}"
