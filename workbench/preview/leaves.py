"""The arrays of a batch of any structure, each with what it probably is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import numpy.typing as npt

from workbench.preview.as_arrays import as_array, parts
from workbench.preview.guess_role import Guess, Part, Role, guess, is_mask


@dataclass(frozen=True, eq=False)
class Leaf:
    """One array of a batch.

    Attributes:
        path: Where it is, as in Python: "batch[0]['image']".
        array: A view of it, not a copy. Samples that differ in shape are an array of objects; None
            if it is no array, as strings and None are none.
        role: What it probably is; see `roles`.
        axes: The meaning of each axis, such as "NHWC"; empty if it cannot be drawn.
        part: "x", "y" or "w" (sample weights) by its place in the tuple; "" if there is none.
        note: What else it is: its type where it is no array, or that it is a list.
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
        if self.axes and "N" not in self.axes:
            return 1
        return int(self.array.shape[max(0, self.axes.find("N"))])

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
    """All leaves of a batch with a guess at the role of each, in the order of the batch.

    Args:
        batch: A tuple, list or dict, nested as it likes, or one array. Arrays may be of NumPy,
            TensorFlow or anything that NumPy takes. A list of numbers, of strings, of more than
            four arrays or of arrays shaped like one image is one leaf: the samples.
    """
    found = [(path, *as_array(value)) for path, value in parts(batch, "batch")]
    count = _samples([(_part(batch, path), array) for path, array, _ in found])
    leaves = [
        Leaf(path, array, *_guessed(array, _part(batch, path), path, count), note)
        for path, array, note in found
    ]
    images = [leaf for leaf in leaves if leaf.role in ("image", "volume")]
    return tuple(_as_mask(leaf, images) for leaf in leaves)


def _samples(arrays: list[tuple[Part, npt.NDArray[Any] | None]]) -> int:
    """How many samples the batch has: the first axis that several have, or 0.

    Targets that are single numbers are the label of a single sample, whose arrays have no axis of
    samples: 1.
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
    places: dict[str, Part] = {"batch[0]": "x", "batch[1]": "y", "batch[2]": "w"}
    return places.get(path[: len("batch[0]")], "") if len(batch) <= 3 else ""


def _guessed(
    array: npt.NDArray[Any] | None, part: Part, path: str, count: int
) -> tuple[Role, str, Part]:
    name = path.rsplit("[", 1)[-1] if path.endswith("']") else ""
    found = Guess("other") if array is None else guess(array, part, name.lower(), count)
    return found.role, found.axes, part


def _as_mask(leaf: Leaf, images: list[Leaf]) -> Leaf:
    """The leaf as a mask, if it is one of another image."""
    if leaf not in images or leaf.array is None:
        return leaf
    of = images if leaf.part == "y" else images[: images.index(leaf)]
    if not any(o is not leaf and size(o) == size(leaf) and len(o) == len(leaf) for o in of):
        return leaf
    floats = leaf.part == "y" or any(word in leaf.path.lower() for word in ("mask", "seg"))
    return replace(leaf, role="mask") if is_mask(leaf.array, leaf.axes, floats) else leaf


def size(leaf: Leaf) -> tuple[int, ...]:
    """Depth, height and width of one sample, as far as it has them."""
    assert leaf.array is not None
    shape = leaf.array.shape
    if leaf.array.dtype == object:
        shape = (len(leaf), *leaf.array[0].shape)
    return tuple(shape[leaf.axes.index(axis)] for axis in "DHW" if axis in leaf.axes)
