"""The arrays of a batch of any structure, each with its guessed role."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy.typing as npt

from workbench.preview.as_arrays import as_array, batch_items
from workbench.preview.find_targets import find_targets
from workbench.preview.guess_role import Guess, Part, Role, guess_role
from workbench.preview.leaf import Leaf


def find_leaves(batch: Any) -> tuple[Leaf, ...]:
    """Find all leaves of a batch and guess their roles, in the order of the batch.

    Args:
        batch: An array, or a nested tuple, list or dict. Arrays may be NumPy arrays, TensorFlow
            tensors or anything that NumPy converts. A list is a single leaf if it contains
            samples, and not several inputs or targets; see `batch_items`.
    """
    found = [(path, *as_array(value)) for path, value in batch_items(batch, "batch")]
    count = _sample_count([(_part(batch, path), array) for path, array, _ in found])
    leaves = [
        Leaf(path, array, *_guessed(array, _part(batch, path), path, count), note)
        for path, array, note in found
    ]
    return find_targets(leaves)


def _sample_count(arrays: list[tuple[Part, npt.NDArray[Any] | None]]) -> int:
    """The number of samples in a batch: the most common length of its arrays; 0 if unknown.

    Scalar targets are the label of a single sample without a sample axis: 1.
    """
    targets = [array for part, array in arrays if part == "y" and array is not None]
    if targets and not any(array.ndim for array in targets):
        return 1
    counted = Counter(len(a) for _, a in arrays if a is not None and a.ndim).most_common(1)
    return counted[0][0] if counted and counted[0][1] > 1 else 0


def _part(batch: Any, path: str) -> Part:
    if isinstance(batch, dict):
        return ""
    if not isinstance(batch, tuple | list) or len(batch) == 1:
        return "x"
    parts: dict[str, Part] = {"batch[0]": "x", "batch[1]": "y", "batch[2]": "w"}
    return parts.get(path[: len("batch[0]")], "") if len(batch) <= 3 else ""


def _guessed(
    array: npt.NDArray[Any] | None, part: Part, path: str, count: int
) -> tuple[Role, str, Part]:
    name = path.rsplit("[", 1)[-1] if path.endswith("']") else ""
    found = Guess("other") if array is None else guess_role(array, part, name.lower(), count)
    return found.role, found.axes, part
