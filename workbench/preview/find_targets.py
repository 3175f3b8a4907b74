"""Recognize masks, and flattened masks and images, by the images that they belong to.

A mask has a single 1 among 0 along its channels, or one channel with few different integers, and
the size of another image. That image must come earlier in the batch unless the mask is a target;
targets may also be floats, and smaller or larger than the image, in proportion.

A target is flattened if an axis has as many entries as an image has pixels. With a further axis
for channels it may be a half, a quarter or an eighth as high and wide.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from workbench.preview.guess_role import CHANNELS, SMALLEST, is_mask, one_hot_axes
from workbench.preview.leaf import Leaf, have_same_proportions

REDUCED = (2, 4, 8)  # how much smaller than the image a flattened mask may be
SMALLEST_TARGET = 8  # pixels of the shorter side, if it has not the size of its image


def find_targets(leaves: Sequence[Leaf]) -> tuple[Leaf, ...]:
    """The leaves, with the role and axes that fit the images of the batch."""
    images = [leaf for leaf in leaves if leaf.role in ("image", "volume")]
    return tuple((_as_mask if leaf in images else _unflatten)(leaf, images) for leaf in leaves)


def _as_mask(leaf: Leaf, images: list[Leaf]) -> Leaf:
    """The leaf with the role "mask", if it is a mask of another image."""
    others = images if leaf.is_target else images[: images.index(leaf)]
    fits = any(len(leaf) == len(each) and _fits(leaf, each) for each in others if each is not leaf)
    assert leaf.array is not None
    if fits and is_mask(leaf.array, leaf.axes, leaf.is_target):
        return replace(leaf, role="mask")
    return leaf


def _fits(leaf: Leaf, image: Leaf) -> bool:
    if leaf.size == image.size:
        return True
    small = min(leaf.size) < SMALLEST_TARGET
    return leaf.is_target and not small and have_same_proportions(leaf.size, image.size)


def _unflatten(leaf: Leaf, images: list[Leaf]) -> Leaf:
    """The leaf as a mask or an image, if it is one with its pixels along one axis."""
    array = leaf.array
    if not leaf.is_target or array is None or array.ndim not in (2, 3) or leaf.role == "one-hot":
        return leaf
    for image in images:
        same = len(image) == len(leaf) and len(image.size) == 2
        for size in _sizes(image.size, array.ndim == 3) if same else ():
            axes = _flat_axes(array.shape, math.prod(size))
            if not axes:
                continue
            note = ", ".join(filter(None, (leaf.note, f"flattened {size[0]} × {size[1]}")))
            flat = replace(leaf, axes=axes, flat=size, note=note)
            if is_mask(array, axes, floats=True) or ("C" in axes and one_hot_axes(array, axes)):
                return replace(flat, role="mask")
            plain = "C" not in axes or array.shape[axes.index("C")] in CHANNELS
            if plain and size == image.size:
                return replace(flat, role="image")
    return leaf


def _sizes(size: tuple[int, ...], reduced: bool) -> Iterator[tuple[int, ...]]:
    """Sizes of an image that a target may have."""
    if min(size) >= SMALLEST:
        yield size
    for scale in REDUCED if reduced else ():
        if not any(n % scale for n in size) and min(size) // scale >= SMALLEST_TARGET:
            yield tuple(n // scale for n in size)


def _flat_axes(shape: tuple[int, ...], pixels: int) -> str:
    """The meaning of each axis, one of which has all pixels; empty if none has."""
    if pixels not in shape[1:]:
        return ""
    if len(shape) == 2:
        return "NP"
    return "NPC" if shape[1] == pixels else "NCP"
