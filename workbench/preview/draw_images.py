"""Images, and the middle slices of volumes, as tiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from workbench.preview.contrast import Plane, choose_contrast, to_rgb_if_bgr
from workbench.preview.leaf import Leaf
from workbench.preview.tiles import Tile, to_tile


@dataclass(frozen=True)
class DrawnTiles:
    """Tiles and the texts that belong to them.

    Attributes:
        tiles: One per sample, uint8, of shape (height, width, 1 or 3).
        description: The contrast, the colours, and which slice or channels are shown.
        notes: For each tile what its caption adds to the label; may be empty.
    """

    tiles: list[Tile]
    description: str
    notes: list[str]


def draw_images(leaf: Leaf, rows: Sequence[int]) -> DrawnTiles:
    """Draw samples of an image or volume, with the same contrast for all."""
    planes, note = to_rgb_if_bgr([image_plane(leaf, row) for row in rows])
    low, high, description = choose_contrast(planes)
    tiles = [to_tile(plane, low, high) for plane in planes]
    text = " · ".join(filter(None, (description + shown_part(leaf), note)))
    return DrawnTiles(tiles, text, [""] * len(tiles))


def next_to(image: DrawnTiles, target: DrawnTiles, kind: str) -> DrawnTiles:
    """Each image, followed by its target, which is a "mask" or another "target"."""
    tiles = [tile for pair in zip(image.tiles, target.tiles, strict=True) for tile in pair]
    captions = [f"{kind}: {note}" if note else kind for note in target.notes]
    notes = [text for caption in captions for text in ("image", caption)]
    about = target.description if kind == "mask" else f"{kind} {target.description}"
    return DrawnTiles(tiles, f"{image.description} · {about}", notes)


def image_plane(leaf: Leaf, row: int) -> Plane:
    """One sample as (height, width, channels), of a dtype that OpenCV takes; may be a view."""
    sample, axes = _sample(leaf, row)
    if "D" in axes:
        depth = axes.index("D")
        sample, axes = sample.take(sample.shape[depth] // 2, axis=depth), axes.replace("D", "")
    if "C" not in axes:
        sample, axes = sample[..., None], axes + "C"
    plane = sample.transpose([axes.index(axis) for axis in "HWC"])
    known = plane.dtype in (np.uint8, np.uint16, np.float32)
    return np.ascontiguousarray(plane if known else plane.astype(np.float32))


def shown_part(leaf: Leaf) -> str:
    """Which slice and channels of each sample are shown; empty if all are."""
    sample, axes = _sample(leaf, 0)
    sizes = dict(zip(axes, sample.shape, strict=True))
    slices = f" · slice {sizes['D'] // 2 + 1} of {sizes['D']}" if "D" in sizes else ""
    channels = sizes.get("C", 1)
    if leaf.role == "mask" or channels in (1, 3):
        return slices
    return f"{slices} · channel {'1' if channels == 2 else '1 to 3'} of {channels}"


def _sample(leaf: Leaf, row: int) -> tuple[Plane, str]:
    """One sample, and the meaning of its axes."""
    assert leaf.array is not None
    if leaf.axes[0] != "N":
        return leaf.array, leaf.axes
    sample, axes = np.asarray(leaf.array[row]), leaf.axes[1:]
    if leaf.flat:
        pixels = axes.index("P")
        sample = sample.reshape(*sample.shape[:pixels], *leaf.flat, *sample.shape[pixels + 1 :])
    return sample, axes.replace("P", "HW")
