"""The arrays of a batch of any structure, each with its guessed role."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import numpy.typing as npt

from workbench.preview.as_arrays import as_array, batch_items
from workbench.preview.guess_role import Guess, Part, Role, guess_role, is_mask


@dataclass(frozen=True, eq=False)
class Leaf:
    """One array of a batch.

    Attributes:
        path: Path in the batch, in Python syntax: "batch[0]['image']".
        array: A view, not a copy. An object array if samples differ in shape; None for what is
            not an array, such as a string or None.
        role: What it probably is; see `guess_role`.
        axes: The meaning of each axis, such as "NHWC"; empty if it cannot be drawn.
        part: "x", "y" or "w" (sample weights) by its position in the tuple; "" for other
            structures.
        note: Its type if it is not an array, or that it is a list.
    """

    path: str
    array: npt.NDArray[Any] | None
    role: Role
    axes: str
    part: Part
    note: str = ""

    def __len__(self) -> int:
        """The number of samples."""
        if self.array is None or not self.array.ndim:
            return 0
        return 1 if self.axes and "N" not in self.axes else len(self.array)

    def __str__(self) -> str:
        if self.array is None:
            return f"{self.path}: {self.note}"
        kind = f"{self.array.dtype.name} {self.array.shape}"
        if self.role == "text":
            kind = f"{len(self)} strings"
        elif self.array.dtype == object:
            first = self.array[0]
            kind = f"{len(self)} arrays of different shapes, {first.dtype.name} {first.shape} …"
        return f"{self.path}: {self.role}, {kind}" + (f" ({self.note})" if self.note else "")


def find_leaves(batch: Any) -> tuple[Leaf, ...]:
    """Find all leaves of a batch and guess their roles, in the order of the batch.

    Args:
        batch: An array, or a nested tuple, list or dict. Arrays may be NumPy arrays, TensorFlow
            tensors or anything that NumPy converts. A list is a single leaf if it contains
            samples: numbers, strings, more than four arrays, or arrays shaped like an image.
    """
    found = [(path, *as_array(value)) for path, value in batch_items(batch, "batch")]
    count = _sample_count([(_part(batch, path), array) for path, array, _ in found])
    leaves = [
        Leaf(path, array, *_guessed(array, _part(batch, path), path, count), note)
        for path, array, note in found
    ]
    images = [leaf for leaf in leaves if leaf.role in ("image", "volume")]
    return tuple(_as_mask(leaf, images) for leaf in leaves)


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


def _as_mask(leaf: Leaf, images: list[Leaf]) -> Leaf:
    """The leaf with the role "mask", if it is a mask of another image."""
    if leaf not in images or leaf.array is None:
        return leaf
    others = images if leaf.part == "y" else images[: images.index(leaf)]
    sizes = [(len(other), spatial_size(other)) for other in others if other is not leaf]
    if (len(leaf), spatial_size(leaf)) not in sizes:
        return leaf
    floats = leaf.part == "y" or any(word in leaf.path.lower() for word in ("mask", "seg"))
    return replace(leaf, role="mask") if is_mask(leaf.array, leaf.axes, floats) else leaf


def spatial_size(leaf: Leaf) -> tuple[int, ...]:
    """Depth, height and width of one sample, without the ones it lacks."""
    assert leaf.array is not None
    shape = leaf.array.shape
    if leaf.array.dtype == object:
        shape = (len(leaf), *leaf.array[0].shape)
    return tuple(shape[leaf.axes.index(axis)] for axis in "DHW" if axis in leaf.axes)
