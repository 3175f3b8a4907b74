"""The arrays of a batch of any structure, each with what it probably is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.theirs.view.roles import Guess, Part, Role, guess, is_mask

# A model with more inputs than this names them in a dict: a longer list is one of samples.
INPUTS = 4


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
    found = [(path, *_as_array(value)) for path, value in _parts(batch, "batch")]
    count = _samples([(_part(batch, path), array) for path, array, _ in found])
    leaves = [
        Leaf(path, array, *_guessed(array, _part(batch, path), path, count), note)
        for path, array, note in found
    ]
    images = [leaf for leaf in leaves if leaf.role in ("image", "volume")]
    return tuple(_as_mask(leaf, images) for leaf in leaves)


def _parts(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """As `measure.structure.leaves`, but lists that are samples stay whole."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _parts(inner, f"{path}[{key!r}]")
    elif isinstance(value, tuple | list) and not _is_samples(value):
        for place, inner in enumerate(value):
            yield from _parts(inner, f"{path}[{place}]")
    else:
        yield path, value


def _is_samples(value: tuple[Any, ...] | list[Any]) -> bool:
    if not isinstance(value, list) or not value:
        return False
    if all(isinstance(v, str | bytes | int | float | np.generic) for v in value):
        return True
    if all(isinstance(v, list) and v and isinstance(v[0], int | float) for v in value):
        return True
    arrays = all(isinstance(v, np.ndarray) for v in value)
    return arrays and (len(value) > INPUTS or all(_like_one_image(v) for v in value))


def _like_one_image(array: npt.NDArray[Any]) -> bool:
    return array.ndim == 3 and array.shape[2] in (1, 3, 4) and min(array.shape[:2]) > 4


def _as_array(value: Any) -> tuple[npt.NDArray[Any] | None, str]:
    """The value as an array if it is one of numbers or strings, and what else to say of it."""
    note = f"a {type(value).__name__}" if isinstance(value, list) else ""
    try:
        if isinstance(value, list):
            array = _stacked(value)
        elif isinstance(value, np.ndarray):
            array = value
        elif hasattr(value, "numpy"):  # TensorFlow, ragged too, and others after it
            array = np.asarray(value.numpy())
        elif hasattr(value, "__array__") or isinstance(value, int | float):
            array = np.asarray(value)
        else:
            return None, "None" if value is None else f"{type(value).__name__}, no array"
    except Exception as error:  # a user's class may raise anything
        return None, f"{type(value).__name__}, no array: {error}"
    if array.dtype == object and array.size and not _is_text(array):
        return _ragged(array)
    return (array, note) if array.dtype.kind in "biufSUO" else (None, f"array of {array.dtype}")


def _stacked(values: list[Any]) -> npt.NDArray[Any]:
    if len({np.shape(value) for value in values}) == 1:
        return np.asarray(values)
    ragged = np.empty(len(values), object)
    ragged[:] = [np.asarray(value) for value in values]
    return ragged


def _ragged(array: npt.NDArray[Any]) -> tuple[npt.NDArray[Any] | None, str]:
    """An array of objects, if these are arrays of numbers alike but for their size."""
    same = {(np.ndim(v), np.asarray(v).dtype.kind) for v in array.ravel() if hasattr(v, "shape")}
    if array.ndim != 1 or len(same) != 1 or next(iter(same))[1] not in "biuf":
        return None, f"{array.shape} Python objects"
    if not all(hasattr(v, "shape") for v in array):
        return None, f"{array.shape} Python objects, not all of them arrays"
    return array, ""


def _is_text(array: npt.NDArray[Any]) -> bool:
    return all(isinstance(value, str | bytes) for value in array.ravel())


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
