"""The samples of one leaf as tiles: images, the middle of volumes, masks in colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from workbench.preview.contrast import Plane, contrast
from workbench.preview.leaves import Leaf
from workbench.preview.tiles import Tile, in_colour, shrunk, to_tile

# Label 0 is black; 1 and so on have these, over again: none is the colour that marks NaN.
COLOURS = {
    "red": (230, 60, 50), "blue": (60, 120, 230), "yellow": (240, 220, 60), "green": (60, 180, 75),
    "orange": (245, 130, 48), "cyan": (70, 220, 230), "brown": (150, 100, 50),
    "pink": (250, 190, 212), "olive": (140, 140, 30), "white": (255, 255, 255),
}  # fmt: skip
PALETTE = np.array([(0, 0, 0), *COLOURS.values()], np.uint8)
OVERLAY = 0.5  # share of the mask's colour over the image


@dataclass(frozen=True)
class Drawn:
    """Tiles, and what to say of them.

    Attributes:
        tiles: One for each sample, 8 bits, of 1 or 3 channels.
        said: Contrast, colours, which slice or channels are shown.
        notes: For each tile what its caption says beside the label; may be empty.
    """

    tiles: list[Tile]
    said: str
    notes: list[str]


def images(leaf: Leaf, rows: Sequence[int]) -> Drawn:
    """Samples of an image or volume, on one contrast for all."""
    planes = [plane(leaf, row) for row in rows]
    low, high, said = contrast(planes)
    tiles = [to_tile(each, low, high) for each in planes]
    return Drawn(tiles, said + _cut(leaf), [""] * len(tiles))


def masks(leaf: Leaf, rows: Sequence[int], names: Sequence[str]) -> Drawn:
    """Samples of a mask, each label in a colour of its own."""
    labels = [label_plane(leaf, row) for row in rows]
    present = [kinds(each) for each in labels]
    tiles = [coloured(each) for each in labels]
    notes = [", ".join(name_of(v, names) for v in p if v) or "empty" for p in present]
    return Drawn(tiles, legend(set().union(*present), names) + _cut(leaf), notes)


def overlaid(image: Drawn, mask: Drawn) -> Drawn:
    """Each image, and beside it the image under the colours of its mask."""
    pairs = [
        tile
        for below, above in zip(image.tiles, mask.tiles, strict=True)
        for tile in (below, _blended(in_colour(below), above))
    ]
    notes = [note for said in mask.notes for note in ("image", f"mask: {said}")]
    return Drawn(pairs, f"{image.said} · {mask.said}", notes)


def plane(leaf: Leaf, row: int) -> Plane:
    """One sample as (height, width, channels), of a type that OpenCV takes; may be a view."""
    sample, axes = _sample(leaf, row)
    if "D" in axes:
        depth = axes.index("D")
        sample, axes = sample.take(sample.shape[depth] // 2, axis=depth), axes.replace("D", "")
    if "C" not in axes:
        sample, axes = sample[..., None], axes + "C"
    turned = sample.transpose([axes.index(axis) for axis in "HWC"])
    known = turned.dtype in (np.uint8, np.uint16, np.float32)
    return np.ascontiguousarray(turned if known else turned.astype(np.float32))


def label_plane(leaf: Leaf, row: int) -> Plane:
    """One sample of a mask as whole numbers (height, width); the place of the 1 if one-hot."""
    found = plane(leaf, row)
    one_hot = found.shape[2] > 1
    labels: Plane = found.argmax(axis=2) if one_hot else found[..., 0].astype(np.int64)
    return labels


def kinds(labels: Plane) -> list[int]:
    """The labels that occur, in order."""
    flat = labels.ravel()
    if flat.size and flat.min() >= 0 and flat.max() <= 1 << 16:
        return [int(v) for v in np.flatnonzero(np.bincount(flat))]  # far faster than sorting
    return [int(v) for v in np.unique(flat)]


def coloured(labels: Plane) -> Tile:
    """A tile of labels (height, width). Shrunk by nearest pixels: a mean would be another label."""
    places = np.where(labels == 0, 0, 1 + (labels - 1) % len(COLOURS)).astype(np.uint8)
    tile: Tile = PALETTE[shrunk(places[..., None], cv2.INTER_NEAREST)[..., 0]]
    return tile


def legend(labels: set[int], names: Sequence[str]) -> str:
    """Which colour is which label, for the first ten."""
    colours = list(COLOURS)
    shown = [
        f"{name_of(v, names)} {colours[(v - 1) % len(colours)] if v else 'black'}"
        for v in sorted(labels)[: len(colours)]
    ]
    return "mask: " + ", ".join(shown) + (" …" if len(labels) > len(colours) else "")


def name_of(label: int, names: Sequence[str]) -> str:
    """The class name of a label, or its number where it has none."""
    return names[label] if 0 <= label < len(names) else str(label)


def _sample(leaf: Leaf, row: int) -> tuple[Plane, str]:
    assert leaf.array is not None
    if leaf.axes[0] == "N":
        return np.asarray(leaf.array[row]), leaf.axes[1:]
    if "N" in leaf.axes:
        return leaf.array.take(row, axis=leaf.axes.index("N")), leaf.axes.replace("N", "")
    return leaf.array, leaf.axes


def _cut(leaf: Leaf) -> str:
    """Which part of each sample is shown, if not all."""
    sample, axes = _sample(leaf, 0)
    sizes = dict(zip(axes, sample.shape, strict=True))
    slices = f" · slice {sizes['D'] // 2 + 1} of {sizes['D']}" if "D" in sizes else ""
    channels = sizes.get("C", 1)
    if leaf.role == "mask" or channels in (1, 3):
        return slices
    return f"{slices} · channel {'1' if channels == 2 else '1 to 3'} of {channels}"


def _blended(image: Tile, mask: Tile) -> Tile:
    there = mask.any(axis=2)
    image[there] = (image[there] * (1 - OVERLAY) + mask[there] * OVERLAY).astype(np.uint8)
    return image
