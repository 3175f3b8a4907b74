"""Convert the values in a batch of any structure to arrays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.batch import leaves

# Without a hint, a longer list of arrays contains samples rather than a model's inputs.
MOST_INPUTS = 4


def batch_items(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield the path and value of each leaf, where a list of samples is one leaf.

    A list of arrays contains samples if the rest of the batch has as many, and several inputs or
    targets if the rest has as many as each array has rows. If neither or both apply, it contains
    samples if its arrays are shaped like an image each, or are more than four of the same rank.
    """
    lengths = Counter(_lengths(value))
    return leaves(value, path, lambda each: _is_samples(each, lengths))


def _lengths(value: Any) -> Iterator[int]:
    """The length of each list and array in a batch."""
    if isinstance(value, list):
        yield len(value)
    if isinstance(value, dict | list | tuple):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _lengths(each)
    elif shape := _shape(value):
        yield shape[0]


def _is_samples(value: tuple[Any, ...] | list[Any], lengths: Counter[int]) -> bool:
    if not isinstance(value, list) or not value:
        return False
    if all(isinstance(v, str | bytes | int | float | np.generic) for v in value):
        return True
    if all(isinstance(v, list) and v and isinstance(v[0], int | float) for v in value):
        return True
    if not all(hasattr(v, "shape") for v in value):
        return False
    elsewhere = lengths - Counter(_lengths(value))
    firsts = {_shape(v)[:1] for v in value}
    are_inputs = len(firsts) == 1 and all(n in elsewhere for n in firsts.pop())
    are_samples = len(value) in elsewhere
    if are_inputs != are_samples:
        return are_samples
    like_images = all(map(_like_one_image, value))
    same_rank = len({len(_shape(v)) for v in value}) == 1
    return like_images or (same_rank and len(value) > MOST_INPUTS and not are_inputs)


def _shape(array: Any) -> tuple[Any, ...]:
    return tuple(getattr(array, "shape", ()))


def _like_one_image(array: Any) -> bool:
    shape = _shape(array)
    return len(shape) == 3 and shape[2] in (1, 3, 4) and min(shape[:2]) > 4


def as_array(value: Any) -> tuple[npt.NDArray[Any] | None, str]:
    """Convert a value to an array of numbers or strings.

    Returns:
        The array, or None if the value is something else; and a note on its type, or "".
    """
    note = f"a {type(value).__name__}" if isinstance(value, list) else ""
    try:
        if isinstance(value, list):
            array = _stack(value)
        elif isinstance(value, np.ndarray):
            array = value
        elif hasattr(value, "numpy"):  # TensorFlow's tensors, also ragged ones
            array = np.asarray(value.numpy())
        elif hasattr(value, "__array__") or isinstance(value, int | float):
            array = np.asarray(value)
        else:
            return None, "None" if value is None else f"{type(value).__name__}, not an array"
    except Exception as error:  # a user's class may raise anything
        return None, f"{type(value).__name__}, not an array: {error}"
    if array.dtype == object and array.size and not _is_text(array):
        return _ragged(array)
    return (array, note) if array.dtype.kind in "biufSUO" else (None, f"array of {array.dtype}")


def _stack(values: list[Any]) -> npt.NDArray[Any]:
    if len({np.shape(value) for value in values}) == 1:
        return np.asarray(values)
    ragged = np.empty(len(values), object)
    ragged[:] = [np.asarray(value) for value in values]
    return ragged


def _ragged(array: npt.NDArray[Any]) -> tuple[npt.NDArray[Any] | None, str]:
    """An object array, if its elements are numeric arrays that differ only in shape."""
    same = {(np.ndim(v), np.asarray(v).dtype.kind) for v in array.ravel() if hasattr(v, "shape")}
    if array.ndim != 1 or len(same) != 1 or next(iter(same))[1] not in "biuf":
        return None, f"{array.shape} Python objects"
    if not all(hasattr(v, "shape") for v in array):
        return None, f"{array.shape} Python objects, not all of which are arrays"
    return array, ""


def _is_text(array: npt.NDArray[Any]) -> bool:
    return all(isinstance(value, str | bytes) for value in array.ravel())
