"""Check whether Keras accepts a batch, since its own errors print the whole batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.batch import leaves

EXPECTED = (
    "Return a tuple (x,), (x, y) or (x, y, sample_weight) of arrays; x and y may be dicts of them."
)


def refusal(batch: Any, *, from_generator: bool) -> str:
    """Why Keras 3 refuses a batch, and what to return instead; empty if it accepts the batch.

    Keras turns an array or a list from `__getitem__` into a tuple, but not one from a generator.
    Within the tuple a list is a structure of several inputs, not an array.

    Args:
        batch: What the loader returned.
        from_generator: Whether it came from a generator or iterator rather than by index.
    """
    if from_generator and not isinstance(batch, tuple):
        received = _described(batch)
        return f"From a generator Keras accepts tuples only. Received: {received}. {EXPECTED}"
    if isinstance(batch, dict):
        return _refused_leaf(batch)
    whole = (batch,) if isinstance(batch, np.ndarray) else batch
    if not isinstance(whole, tuple | list) or len(whole) not in (1, 2, 3):
        received = _described(batch)
        return f"Keras accepts tuples of 1 to 3 parts. Received: {received}. {EXPECTED}"
    return _refused_leaf(tuple(whole))


def _refused_leaf(batch: Any) -> str:
    sizes: dict[int, str] = {}
    for path, leaf in leaves(batch):
        if leaf is None:
            continue
        # NumPy's scalars have a shape and a dtype too, and list(y) is a list of them.
        if np.isscalar(leaf) or not hasattr(leaf, "shape") or not hasattr(leaf, "dtype"):
            return (
                f"{path} is {_described(leaf)}, not an array: Keras takes a list within a batch "
                f"for several inputs. Convert it to an array: np.array(...)."
            )
        if leaf.dtype == object:
            return (
                f"{path} is an array of Python objects: its rows differ in shape. Pad or crop them."
            )
        if not len(leaf.shape):
            return f"{path} has no axis of samples: shape (). {EXPECTED}"
        sizes.setdefault(int(leaf.shape[0]), path)
    if len(sizes) > 1:
        text = ", ".join(f"{path} {size}" for size, path in sizes.items())
        return f"The parts of a batch have different numbers of samples: {text}."
    return ""


def _described(value: Any) -> str:
    if isinstance(value, tuple | list | dict):
        return f"a {type(value).__name__} of {len(value)}"
    shape = f" of shape {tuple(value.shape)}" if hasattr(value, "shape") else ""
    return f"{type(value).__name__}{shape}"
