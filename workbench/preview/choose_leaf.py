"""What can be drawn of a batch, and which of it to draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.preview.find_targets import SMALLEST_TARGET
from workbench.preview.leaf import Leaf, have_same_proportions

# The default is the first leaf with the first of these roles that occurs.
PREFERENCE = ("image", "volume", "mask", "sequence", "vector")
LABEL_VECTORS = ("one-hot", "multi-hot", "probabilities")  # drawn only if chosen


@dataclass(frozen=True, eq=False)
class Choice:
    """Something that can be drawn.

    Attributes:
        path: Identifier: the leaf's path, or "image + target" of both.
        text: What the user reads in the menu.
        leaf: The leaf to draw.
        target: A mask or image to show with the image; None for none.
        overlaid: Whether the target is laid over the image, and not shown next to it.
    """

    path: str
    text: str
    leaf: Leaf
    target: Leaf | None = None
    overlaid: bool = False


def list_choices(leaves: Sequence[Leaf]) -> list[Choice]:
    """List what can be drawn: first images with their targets, then leaves by `PREFERENCE`."""
    drawn = [leaf for role in (*PREFERENCE, *LABEL_VECTORS) for leaf in leaves if leaf.role == role]
    images = [leaf for leaf in drawn if leaf.role in ("image", "volume")]
    pairs = [
        _pair(image, target)
        for image in images
        for target in drawn
        if len(image) == len(target) and _belong_together(image, target)
    ]
    return pairs + [Choice(leaf.path, str(leaf), leaf) for leaf in drawn]


def _belong_together(image: Leaf, target: Leaf) -> bool:
    if target.role == "mask" and _fit(image, target):
        return True
    known = target.role in (image.role, "mask") and min(target.size) >= SMALLEST_TARGET
    return known and target.is_target and not image.is_target


def _pair(image: Leaf, target: Leaf) -> Choice:
    overlaid = target.role == "mask" and _fit(image, target)
    joined = f"with mask {target.path}" if overlaid else f"next to {target.path}"
    path = f"{image.path} + {target.path}"
    return Choice(path, f"{image.path} {joined}", image, target, overlaid)


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


def _fit(image: Leaf, mask: Leaf) -> bool:
    """Whether a mask fits over its image in each sample."""
    assert image.array is not None
    assert mask.array is not None
    ragged = image.array.dtype == object
    if ragged != (mask.array.dtype == object):
        return False
    pairs = zip(image.array, mask.array, strict=False)
    alike = all(i.shape[:2] == m.shape[:2] for i, m in pairs) if ragged else True
    return alike and have_same_proportions(image.size, mask.size)
