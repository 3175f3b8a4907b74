"""Masks as tiles: a colour for each label, alone or laid over their image."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from workbench.preview.contrast import Plane
from workbench.preview.draw_images import DrawnTiles, image_plane, next_to, shown_part
from workbench.preview.label_names import class_name
from workbench.preview.leaf import Leaf
from workbench.preview.tiles import Tile, shrink, to_rgb

# Label 0 is black; 1, 2, ... cycle through these colours, none of which is that of NaN.
COLOURS = {
    "red": (230, 60, 50), "blue": (60, 120, 230), "yellow": (240, 220, 60), "green": (60, 180, 75),
    "orange": (245, 130, 48), "cyan": (70, 220, 230), "brown": (150, 100, 50),
    "pink": (250, 190, 212), "olive": (140, 140, 30), "white": (255, 255, 255),
}  # fmt: skip
PALETTE = np.array([(0, 0, 0), *COLOURS.values()], np.uint8)
OPACITY = 0.5  # of the mask over its image


def draw_masks(leaf: Leaf, rows: Sequence[int], names: Sequence[str]) -> DrawnTiles:
    """Draw samples of a mask, with a colour for each label.

    Args:
        leaf: A leaf with the role "mask".
        rows: Which samples.
        names: Class names of the labels 0, 1, ...; empty if unknown.
    """
    planes = [_label_plane(leaf, row) for row in rows]
    labels = [_present_labels(plane) for plane in planes]
    tiles = [_colour_labels(plane) for plane in planes]
    notes = [", ".join(class_name(v, names) for v in each if v) or "empty" for each in labels]
    return DrawnTiles(tiles, _legend(set().union(*labels), names) + shown_part(leaf), notes)


def overlay_masks(image: DrawnTiles, mask: DrawnTiles) -> DrawnTiles:
    """Show each image twice: alone, then with its mask laid over it."""
    both = zip(image.tiles, mask.tiles, strict=True)
    tiles = [_blend(to_rgb(below), above) for below, above in both]
    return next_to(image, DrawnTiles(tiles, mask.description, mask.notes), "mask")


def _label_plane(leaf: Leaf, row: int) -> Plane:
    """One sample of a mask as integer labels (height, width); decodes one-hot masks."""
    plane = image_plane(leaf, row)
    one_hot = plane.shape[2] > 1
    labels: Plane = plane.argmax(axis=2) if one_hot else plane[..., 0].astype(np.int64)
    return labels


def _present_labels(labels: Plane) -> list[int]:
    """The labels that occur, in ascending order."""
    flat = labels.ravel()
    if flat.size and flat.min() >= 0 and flat.max() <= 1 << 16:
        return [int(v) for v in np.flatnonzero(np.bincount(flat))]  # far faster than sorting
    return [int(v) for v in np.unique(flat)]


def _colour_labels(labels: Plane) -> Tile:
    """A tile of labels (height, width). Shrunk without averaging, which would mix labels."""
    indices = np.where(labels == 0, 0, 1 + (labels - 1) % len(COLOURS)).astype(np.uint8)
    tile: Tile = PALETTE[shrink(indices[..., None], cv2.INTER_NEAREST)[..., 0]]
    return tile


def _legend(labels: set[int], names: Sequence[str]) -> str:
    """The colours of the first ten labels, in words."""
    colours = list(COLOURS)
    shown = [
        f"{class_name(v, names)} {colours[(v - 1) % len(colours)] if v else 'black'}"
        for v in sorted(labels)[: len(colours)]
    ]
    return "mask: " + ", ".join(shown) + (" …" if len(labels) > len(colours) else "")


def _blend(image: Tile, mask: Tile) -> Tile:
    size = image.shape[1::-1]
    mask = np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST), np.uint8)
    coloured = mask.any(axis=2)
    image[coloured] = (image[coloured] * (1 - OPACITY) + mask[coloured] * OPACITY).astype(np.uint8)
    return image
