"""What can be drawn of a batch, and which of it to draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.preview.leaves import Leaf, spatial_size

# The default is the first leaf with the first of these roles that occurs.
PREFERENCE = ("image", "volume", "mask", "sequence", "vector")
LABEL_VECTORS = ("one-hot", "multi-hot", "probabilities")  # drawn only if chosen


@dataclass(frozen=True, eq=False)
class Choice:
    """Something that can be drawn.

    Attributes:
        path: Identifier: the leaf's path, or "image + mask" of both.
        text: What the user reads in the menu.
        leaf: The leaf to draw.
        mask: A mask to lay over the image; None for none.
    """

    path: str
    text: str
    leaf: Leaf
    mask: Leaf | None = None


def list_choices(leaves: Sequence[Leaf]) -> list[Choice]:
    """List what can be drawn: first images with their masks, then leaves by `PREFERENCE`."""
    drawn = [leaf for role in (*PREFERENCE, *LABEL_VECTORS) for leaf in leaves if leaf.role == role]
    single = [Choice(leaf.path, str(leaf), leaf) for leaf in drawn]
    pairs = [
        Choice(f"{image.path} + {mask.path}", f"{image.path} with mask {mask.path}", image, mask)
        for image in drawn
        for mask in drawn
        if image.role in ("image", "volume") and mask.role == "mask" and _same_size(image, mask)
    ]
    return pairs + single


def choose_leaf(leaves: Sequence[Leaf], path: str | None) -> Choice | None:
    """Choose what to draw.

    Args:
        leaves: The leaves of the batch.
        path: The path of a choice; None for the first one.

    Returns:
        The choice, or None if nothing can be drawn.

    Raises:
        ValueError: If no choice has this path.
    """
    choices = list_choices(leaves)
    if path is None:
        return choices[0] if choices else None
    for choice in choices:
        if choice.path == path:
            return choice
    found = "; ".join(map(str, leaves))
    raise ValueError(f"leaf: expected one that can be drawn, of: {found}. Received: {path!r}")


def _same_size(image: Leaf, mask: Leaf) -> bool:
    """Whether an image and a mask have the same size in each sample."""
    assert image.array is not None
    assert mask.array is not None
    ragged = image.array.dtype == object
    if ragged != (mask.array.dtype == object):
        return False
    pairs = zip(image.array, mask.array, strict=False)
    alike = all(i.shape[:2] == m.shape[:2] for i, m in pairs) if ragged else True
    return alike and len(image) == len(mask) and spatial_size(image) == spatial_size(mask)
