"""What labels mean: class names of a loader, and the words for each sample's labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from workbench.preview.draw_images import name_of
from workbench.preview.leaves import Leaf
from workbench.preview.tiles import number

LABELS = ("label", "one-hot", "multi-hot", "probabilities", "value", "text")
LONGEST = 40  # letters of a text label


def class_names_of(loader: Any) -> tuple[str, ...]:
    """The class names that a loader knows, in the order of the labels; empty if it knows none.

    Args:
        loader: Looked at for `class_indices` (Keras's iterators), `class_names`
            (`image_dataset_from_directory`) and `classes`, which must be strings: on Keras's
            iterators it is the label of each sample.
    """
    for name in ("class_indices", "class_names", "classes"):
        try:
            found = _names(getattr(loader, name, None))
        except Exception:  # a property of theirs may raise anything: then it names nothing
            continue
        if found:
            return found
    return ()


def _names(found: Any) -> tuple[str, ...]:
    if isinstance(found, Mapping):
        order = sorted(found, key=lambda name: int(found[name]))
        whole = [int(found[name]) for name in order] == list(range(len(order)))
        return tuple(str(name) for name in order) if whole else ()
    if isinstance(found, str | bytes) or not isinstance(found, Sequence | np.ndarray):
        return ()
    return tuple(str(n) for n in found) if all(isinstance(n, str) for n in found) else ()


def label_leaves(leaves: Sequence[Leaf], count: int) -> list[Leaf]:
    """Those that say something of each of `count` samples, targets first."""
    fit = [each for each in leaves if each.role in LABELS and len(each) == count]
    return sorted(fit, key=lambda leaf: leaf.part != "y")


def names_for(leaf: Leaf, names: Sequence[str]) -> Sequence[str]:
    """The class names, if a label leaf can mean them; else none."""
    array = leaf.array
    if array is None or not names:
        return ()
    if array.ndim == 2 and array.shape[1] > 1:
        return names if array.shape[1] == len(names) else ()
    if leaf.role != "label" or not array.size:
        return ()
    return names if array.min() >= 0 and array.max() < len(names) else ()


def mask_names(leaves: Sequence[Leaf], names: Sequence[str]) -> Sequence[str]:
    """The class names, if they can only be those of a mask: no label takes them."""
    taken = any(names_for(leaf, names) for leaf in leaves if leaf.role in LABELS)
    return () if taken else names


def label_of(leaf: Leaf, row: int, names: Sequence[str]) -> str:
    """One sample's label in words."""
    assert leaf.array is not None
    value, names = leaf.array[row], names_for(leaf, names)
    if leaf.role == "multi-hot":
        return " + ".join(name_of(int(i), names) for i in np.flatnonzero(value)) or "none"
    if leaf.role in ("one-hot", "probabilities"):
        best = int(np.argmax(value))
        share = f" {value[best]:.2g}" if leaf.role == "probabilities" else ""
        return name_of(best, names) + share
    if leaf.role == "text":
        return _text(np.ravel(value)[0])
    one = np.ravel(value)[0].item()
    return name_of(int(one), names) if leaf.role == "label" else number(one)


def caption(leaves: Sequence[Leaf], row: int, count: int, names: Sequence[str]) -> dict[str, str]:
    """What a tile says of its sample: label short, all labels and weights for the tooltip."""
    labels = label_leaves(leaves, count)
    words = [label_of(leaf, row, names) for leaf in labels]
    weights = [leaf for leaf in leaves if leaf.role == "weights" and len(leaf) == count]
    whole = [f"{leaf.path} {word}" for leaf, word in zip(labels, words, strict=True)] + [
        f"{leaf.path} weight {_weight(leaf, row)}" for leaf in weights
    ]
    return {
        "label": " · ".join(words[:2]) or f"#{row + 1}",
        "draw": f"weight {_weight(weights[0], row)}" if weights else "",
        "title": f"sample {row + 1}: " + (", ".join(whole) or "no label"),
    }


def _weight(leaf: Leaf, row: int) -> str:
    assert leaf.array is not None
    values = np.ravel(leaf.array[row]).astype(float)
    low, high = values.min(), values.max()
    return number(low) if low == high else f"{number(low)} … {number(high)}"


def _text(value: Any) -> str:
    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
