"""One array of a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from workbench.preview.guess_role import Part, Role


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
        note: Its type if it is not an array, that it is a list, or that it is flattened.
        flat: Height and width of a sample, if axis "P" holds all its pixels.
    """

    path: str
    array: npt.NDArray[Any] | None
    role: Role
    axes: str
    part: Part
    note: str = ""
    flat: tuple[int, ...] = ()

    @property
    def is_target(self) -> bool:
        """Whether a model learns to make it of an image, by its position or its key."""
        return self.part == "y" or any(word in self.path.lower() for word in ("mask", "seg"))

    @property
    def size(self) -> tuple[int, ...]:
        """Depth, height and width of one sample, without the ones it lacks."""
        assert self.array is not None
        shape = self.array.shape
        if self.array.dtype == object:
            shape = (len(self), *self.array[0].shape)
        return self.flat or tuple(shape[self.axes.index(a)] for a in "DHW" if a in self.axes)

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


def have_same_proportions(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether one size is a multiple of the other."""
    pairs = zip(one, other, strict=False)
    return len(one) == len(other) and all(a * other[0] == b * one[0] for a, b in pairs)
