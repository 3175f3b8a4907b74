"""Class names of a loader, and captions with the labels of each sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from workbench.preview.leaf import Leaf
from workbench.preview.tiles import format_number

LABELS = ("label", "one-hot", "multi-hot", "probabilities", "value", "text")
LONGEST = 40  # characters of a text label


def class_names_of(loader: Any) -> tuple[str, ...]:
    """The class names of a loader in the order of the labels; empty if it has none.

    Args:
        loader: Any object. Its attributes `class_indices` (Keras's iterators), `class_names`
            (`image_dataset_from_directory`) and `classes` are tried. `classes` must contain
            strings: Keras's iterators store the label of each sample there.
    """
    for name in ("class_indices", "class_names", "classes"):
        try:
            found = _names(getattr(loader, name, None))
        except Exception:  # a user's property may raise anything
            continue
        if found:
            return found
    return ()


def _names(found: Any) -> tuple[str, ...]:
    if isinstance(found, Mapping):
        order = sorted(found, key=lambda name: int(found[name]))
        complete = [int(found[name]) for name in order] == list(range(len(order)))
        return tuple(str(name) for name in order) if complete else ()
    if isinstance(found, str | bytes) or not isinstance(found, Sequence | np.ndarray):
        return ()
    return tuple(str(n) for n in found) if all(isinstance(n, str) for n in found) else ()


def class_name(label: int, names: Sequence[str]) -> str:
    """The class name of a label, or its number if it has none."""
    return names[label] if 0 <= label < len(names) else str(label)


def label_leaves(leaves: Sequence[Leaf], count: int) -> list[Leaf]:
    """Leaves with a label for each of `count` samples, targets first."""
    fit = [each for each in leaves if each.role in LABELS and len(each) == count]
    return sorted(fit, key=lambda leaf: leaf.part != "y")


def class_names_for(leaf: Leaf, names: Sequence[str]) -> Sequence[str]:
    """The class names if they fit the labels of a leaf; else empty."""
    array = leaf.array
    if array is None or not names:
        return ()
    if array.ndim == 2 and array.shape[1] > 1:
        return names if array.shape[1] == len(names) else ()
    if leaf.role != "label" or not array.size:
        return ()
    return names if array.min() >= 0 and array.max() < len(names) else ()


def mask_names(leaves: Sequence[Leaf], names: Sequence[str]) -> Sequence[str]:
    """The class names for a mask: empty if they fit a label leaf instead."""
    taken = any(class_names_for(leaf, names) for leaf in leaves if leaf.role in LABELS)
    return () if taken else names


def label_text(leaf: Leaf, row: int, names: Sequence[str]) -> str:
    """The label of one sample as text."""
    assert leaf.array is not None
    value, names = leaf.array[row], class_names_for(leaf, names)
    if leaf.role == "multi-hot":
        return " + ".join(class_name(int(i), names) for i in np.flatnonzero(value)) or "none"
    if leaf.role in ("one-hot", "probabilities"):
        best = int(np.argmax(value))
        share = f" {value[best]:.2g}" if leaf.role == "probabilities" else ""
        return class_name(best, names) + share
    if leaf.role == "text":
        return _text(np.ravel(value)[0])
    one = np.ravel(value)[0].item()
    return class_name(int(one), names) if leaf.role == "label" else format_number(one)


def caption(leaves: Sequence[Leaf], row: int, count: int, names: Sequence[str]) -> dict[str, str]:
    """Caption of a tile: its label, its weight, and all labels and weights for the tooltip."""
    labels = label_leaves(leaves, count)
    words = [label_text(leaf, row, names) for leaf in labels]
    weights = [leaf for leaf in leaves if leaf.role == "weights" and len(leaf) == count]
    details = [f"{leaf.path} {word}" for leaf, word in zip(labels, words, strict=True)]
    details += [f"{leaf.path} weight {_weight(leaf, row)}" for leaf in weights]
    return {
        "label": " · ".join(words[:2]) or f"#{row + 1}",
        "draw": f"weight {_weight(weights[0], row)}" if weights else "",
        "title": f"sample {row + 1}: " + (", ".join(details) or "no label"),
    }


def _weight(leaf: Leaf, row: int) -> str:
    assert leaf.array is not None
    values = np.ravel(leaf.array[row]).astype(float)
    low, high = values.min(), values.max()
    return format_number(low) if low == high else f"{format_number(low)} … {format_number(high)}"


def _text(value: Any) -> str:
    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
