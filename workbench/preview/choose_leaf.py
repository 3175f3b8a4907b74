"""What of a batch can be drawn, and which of it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from workbench.preview.guess_role import AXES, role_of_axes
from workbench.preview.leaves import Leaf, size

# What is drawn if nobody picks: the first leaf of the first of these.
ORDER = ("image", "volume", "mask", "sequence", "vector")
ALSO = ("one-hot", "multi-hot", "probabilities")  # drawn as vectors, if picked


@dataclass(frozen=True, eq=False)
class Choice:
    """One thing to draw.

    Attributes:
        path: What a caller picks it by: the leaf's path, or "image + mask" of both.
        text: What a person picks it by.
        leaf: What is drawn.
        mask: Drawn over it, beside it; None for none.
    """

    path: str
    text: str
    leaf: Leaf
    mask: Leaf | None = None


def choices(leaves: Sequence[Leaf]) -> list[Choice]:
    """All that can be drawn, the best first: an image with its mask, then leaves by `ORDER`."""
    drawn = [leaf for role in (*ORDER, *ALSO) for leaf in leaves if leaf.role == role]
    single = [Choice(leaf.path, str(leaf), leaf) for leaf in drawn]
    pairs = [
        Choice(f"{image.path} + {mask.path}", f"{image.path} with mask {mask.path}", image, mask)
        for image in drawn
        for mask in drawn
        if image.role in ("image", "volume") and mask.role == "mask" and _fit(image, mask)
    ]
    return pairs + single


def choose(leaves: Sequence[Leaf], path: str | None, axes: str | None) -> Choice | None:
    """What to draw: what was asked for, or the best; None if nothing can be drawn.

    Args:
        leaves: Those of the batch.
        path: Of a choice; None for the best.
        axes: The meaning of the axes of the leaf chosen; None for the one guessed.

    Raises:
        ValueError: If no such leaf is there or can be drawn so.
    """
    offered = choices(leaves)
    if axes is None and path is None:
        return offered[0] if offered else None
    if axes is not None:
        return _with_axes(leaves, path or (offered[0].leaf.path if offered else ""), axes)
    for each in offered:
        if each.path == path:
            return each
    there = "; ".join(map(str, leaves))
    raise ValueError(f"leaf: expected one that can be drawn, of: {there}. Received: {path!r}")


def _with_axes(leaves: Sequence[Leaf], path: str, axes: str) -> Choice:
    for leaf in leaves:
        array = leaf.array
        if leaf.path == path and array is not None and array.size and array.dtype.kind in "biuf":
            role = role_of_axes(axes)
            if len(axes) != array.ndim or len(set(axes)) != len(axes):
                raise ValueError(
                    f"axes: expected {array.ndim} letters of {AXES}, each once, one for each "
                    f"axis of {leaf}. Received: {axes!r}"
                )
            as_mask = leaf.role == "mask" and role in ("image", "volume")
            meant = replace(leaf, axes=axes, role="mask" if as_mask else role)
            return Choice(path, str(meant), meant)
    there = "; ".join(map(str, leaves))
    raise ValueError(f"leaf: expected one of numbers, of: {there}. Received: {path!r}")


def _fit(image: Leaf, mask: Leaf) -> bool:
    """Whether these are of one size; samples that differ in size differ together, or not."""
    assert image.array is not None
    assert mask.array is not None
    if (image.array.dtype == object) != (mask.array.dtype == object):
        return False
    pairs = zip(image.array, mask.array, strict=False)
    ragged = image.array.dtype == object
    alike = all(i.shape[:2] == m.shape[:2] for i, m in pairs) if ragged else True
    return alike and len(image) == len(mask) and size(image) == size(mask)
