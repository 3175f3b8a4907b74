"""Check whether Keras accepts a batch, since its own errors print the whole batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.batch import leaves

EXPECTED = (
    "Return a tuple (x,), (x, y) or (x, y, sample_weight) of arrays; x and y may be dicts of them."
)
SEVERAL = "Make it a tuple of inputs or targets; if it holds samples, np.stack(...) them."
STRINGS = (
    "Encode strings as integers, np.array([vocabulary[word] for word in words]), or leave them out."
)


class KerasRefusal(ValueError):
    """Keras does not accept a batch that a loader returned."""


def refusal(batch: Any, *, from_generator: bool) -> str:
    """Why Keras 3 refuses a batch, and what to return instead; empty if it accepts the batch.

    Keras turns an array or a list from `__getitem__` into a tuple, but not one from a generator.
    Within the tuple it accepts no list.

    Args:
        batch: What the loader returned.
        from_generator: Whether it came from a generator or iterator rather than by index.
    """
    if from_generator and not isinstance(batch, tuple):
        received = _described(batch)
        return f"From a generator Keras accepts tuples only. Received: {received}. {EXPECTED}"
    if isinstance(batch, dict):
        return _refused_part(batch)
    whole = (batch,) if isinstance(batch, np.ndarray) else batch
    if not isinstance(whole, tuple | list) or len(whole) not in (1, 2, 3):
        received = _described(batch)
        return f"Keras accepts tuples of 1 to 3 parts. Received: {received}. {EXPECTED}"
    return _refused_part(tuple(whole))


class ShapeCheck:
    """Compares the shapes of batches with those that Keras expects.

    Args:
        signature: What Keras made of the first two batches: a specification for each array.
    """

    def __init__(self, signature: Any) -> None:
        self._expected = {path: _shape(spec) for path, spec in leaves(signature)}
        self._accepted: set[tuple[Any, ...]] = set()

    def check(self, batch: Any, name: str) -> None:
        """Do nothing if Keras accepts the shapes.

        Args:
            batch: As the loader returned it.
            name: What to call it in the error.

        Raises:
            KerasRefusal: If Keras would raise an error.
        """
        found = tuple((path, _shape(leaf)) for path, leaf in leaves(batch))
        if found in self._accepted:
            return
        if [path for path, _ in found] != list(self._expected):
            parts = " / ".join(", ".join(paths) for paths in (dict(found), self._expected))
            raise KerasRefusal(
                f"{name} has other parts than the first two batches: {parts}. Return the same "
                "structure each time."
            )
        for path, shape in found:
            expected = self._expected[path]
            if not _fits(shape, expected):
                raise KerasRefusal(
                    f"{name} differs in shape: {path} is {shape}, but Keras expects "
                    f"{_any(expected)}, from the first two batches. Pad or crop all batches to one "
                    "shape."
                )
        self._accepted.add(found)


def _refused_part(batch: Any) -> str:
    sizes: dict[int, str] = {}
    for path, part in leaves(batch, is_leaf=lambda part: isinstance(part, list)):
        if isinstance(part, list):
            return _refused_list(path, part)
        if part is None:
            continue
        text = _refused_leaf(path, part)
        if text:
            return text
        sizes.setdefault(int(part.shape[0]), path)
    if len(sizes) > 1:
        text = ", ".join(f"{path} {size}" for size, path in sizes.items())
        return f"The parts of a batch have different numbers of samples: {text}."
    return ""


def _refused_list(path: str, values: list[Any]) -> str:
    refused = f"{path} is a list of {len(values)}, and Keras accepts no list within a batch."
    if any(isinstance(value, str | bytes) for value in values):
        return f"{refused} {STRINGS}"
    # NumPy's scalars have a shape too, and list(y) is a list of them.
    if all(np.isscalar(value) or not hasattr(value, "shape") for value in values):
        return f"{refused} Convert it to an array: np.array(...)."
    return f"{refused} {SEVERAL}"


def _refused_leaf(path: str, leaf: Any) -> str:
    if np.isscalar(leaf) or not hasattr(leaf, "shape") or not hasattr(leaf, "dtype"):
        return f"{path} is {_described(leaf)}, not an array. Convert it: np.array(...)."
    if isinstance(leaf.dtype, np.dtype):
        text = _refused_dtype(path, leaf)
        if text:
            return text
    if not len(leaf.shape):
        return f"{path} has no axis of samples: shape (). {EXPECTED}"
    return ""


def _refused_dtype(path: str, leaf: Any) -> str:
    kind = leaf.dtype.kind
    if kind == "O" and leaf.size and isinstance(leaf.flat[0], str | bytes):
        kind = "U"
    if kind in "US":
        return f"{path} is an array of strings, which Keras refuses. {STRINGS}"
    if kind == "O":
        return f"{path} is an array of Python objects: its rows differ in shape. Pad or crop them."
    if kind in "mMV" or leaf.dtype.itemsize > (16 if kind == "c" else 8):
        return f"{path} is an array of {leaf.dtype}, which Keras refuses. Convert it to numbers."
    return ""


def _shape(value: Any) -> tuple[int | None, ...] | None:
    shape = getattr(value, "shape", None)
    return None if shape is None else tuple(shape)


def _fits(shape: tuple[int | None, ...] | None, expected: tuple[int | None, ...] | None) -> bool:
    if shape is None or expected is None:
        return True
    pairs = zip(shape, expected, strict=False)
    return len(shape) == len(expected) and all(e in (s, None) for s, e in pairs)


def _any(shape: tuple[int | None, ...] | None) -> str:
    return f"({', '.join('any' if size is None else str(size) for size in shape or ())})"


def _described(value: Any) -> str:
    if isinstance(value, tuple | list | dict):
        return f"a {type(value).__name__} of {len(value)}"
    shape = f" of shape {tuple(value.shape)}" if hasattr(value, "shape") else ""
    return f"{type(value).__name__}{shape}"
