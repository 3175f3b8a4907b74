"""The samples of one leaf as tiles: images, the middle of volumes, masks in colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from workbench.theirs.view.grid import Tile, in_colour, number, on_scale, shrunk, to_tile
from workbench.theirs.view.leaves import Leaf

# Label 0 is black; 1 and so on have these, over again: none is the colour that marks NaN.
COLOURS = {
    "red": (230, 60, 50), "blue": (60, 120, 230), "yellow": (240, 220, 60), "green": (60, 180, 75),
    "orange": (245, 130, 48), "cyan": (70, 220, 230), "brown": (150, 100, 50),
    "pink": (250, 190, 212), "olive": (140, 140, 30), "white": (255, 255, 255),
}  # fmt: skip
PALETTE = np.array([(0, 0, 0), *COLOURS.values()], np.uint8)
OVERLAY = 0.5  # share of the mask's colour over the image
PERCENT_BEYOND = 0.5  # at each end, of values that do not count where they are far away
COUNTED_VALUES = 100_000  # percentiles of more take longer than drawing
# What `preprocess_input` of Keras's VGG and ResNet takes off blue, green and red.
IMAGENET_MEAN = (103.939, 116.779, 123.68)
BGR = "looks like BGR with ImageNet's mean taken off, so red and blue are swapped here"

Plane = npt.NDArray[Any]


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
    said += f" · {BGR}" if low < -IMAGENET_MEAN[1] and _is_bgr(planes) else ""
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


def contrast(planes: Sequence[Plane]) -> tuple[float, float, str]:
    """The values shown as black and white for these images together, and how to say it.

    Extremes more than twice as far apart as 99 % of the values do not count.
    """
    lows, highs = zip(*map(_extremes, planes), strict=True)
    lowest, highest = min(lows), max(highs)
    if lowest > highest:
        return 0.0, 1.0, "no finite number to show"
    low, high, stretched = on_scale(lowest, highest)
    if not stretched:
        return low, high, f"shown on {low:g} … {high:g}"
    low, high = _middle(planes)
    if highest - lowest <= 2 * (high - low) or low == high:
        return lowest, highest, f"contrast stretched {number(lowest)} … {number(highest)}"
    far = f"values from {number(lowest)} to {number(highest)}"
    return low, high, f"contrast stretched {number(low)} … {number(high)}, {far}"


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


def _extremes(image: Plane) -> tuple[float, float]:
    low, high = float(image.min()), float(image.max())
    if np.isfinite(low) and np.isfinite(high):
        return low, high
    finite = image[np.isfinite(image)]
    return (float(finite.min()), float(finite.max())) if finite.size else (np.inf, -np.inf)


def _is_bgr(planes: Sequence[Plane]) -> bool:
    """Whether each channel keeps to what is left of 0..255, and red comes last."""
    if any(each.shape[2] != 3 for each in planes):
        return False
    lows = np.min([each.min(axis=(0, 1)) for each in planes], axis=0)
    highs = np.max([each.max(axis=(0, 1)) for each in planes], axis=0)
    mean = np.array(IMAGENET_MEAN)
    within = (lows >= -mean - 0.01).all() and (highs <= 255 - mean + 0.01).all()
    return bool(within and lows[2] < -mean[1])


def _middle(planes: Sequence[Plane]) -> tuple[float, float]:
    step = max(1, sum(each.size for each in planes) // COUNTED_VALUES)
    values = np.concatenate([each.ravel()[::step] for each in planes]).astype(np.float32)
    values = values[np.isfinite(values)]
    low, high = np.percentile(values, [PERCENT_BEYOND, 100 - PERCENT_BEYOND])
    return float(low), float(high)


def _blended(image: Tile, mask: Tile) -> Tile:
    there = mask.any(axis=2)
    image[there] = (image[there] * (1 - OVERLAY) + mask[there] * OVERLAY).astype(np.uint8)
    return image
