"""Whether Keras takes a batch as it is: asked before its own errors, which show the whole batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

MEND = "Give a tuple (x,), (x, y) or (x, y, sample_weight) of arrays; x and y may be dicts of them."


def refusal(batch: Any, *, from_generator: bool) -> str:
    """Why Keras 3 refuses a batch, and the mend; empty if it does not.

    Its adapters turn an array or a list from `__getitem__` into a tuple, but not one from a
    generator; and within the tuple a list is a structure, not an array.

    Args:
        batch: As the loader gave it.
        from_generator: Whether it came from a generator or an iterator rather than by index.
    """
    if from_generator and not isinstance(batch, tuple):
        return f"From a generator Keras takes tuples only. Received: {_kind(batch)}. {MEND}"
    if isinstance(batch, dict):
        return _refused_leaf(batch)
    whole = (batch,) if isinstance(batch, np.ndarray) else batch
    if not isinstance(whole, tuple | list) or len(whole) not in (1, 2, 3):
        return f"Keras takes tuples of 1 to 3 parts. Received: {_kind(batch)}. {MEND}"
    return _refused_leaf(tuple(whole))


def leaves(
    batch: Any, path: str = "batch", is_one: Callable[[Any], bool] = lambda _: False
) -> Iterator[tuple[str, Any]]:
    """All that is no tuple, list or dict in a batch, with where it is: "batch[0]['image']".

    Args:
        batch: Of any structure.
        path: What to call it.
        is_one: Which tuples and lists are one leaf all the same.
    """
    if isinstance(batch, dict):
        for key, value in batch.items():
            yield from leaves(value, f"{path}[{key!r}]", is_one)
    elif isinstance(batch, tuple | list) and not is_one(batch):
        for place, value in enumerate(batch):
            yield from leaves(value, f"{path}[{place}]", is_one)
    else:
        yield path, batch


def _refused_leaf(batch: Any) -> str:
    sizes: dict[int, str] = {}
    for path, leaf in leaves(batch):
        if leaf is None:
            continue
        # NumPy's scalars have both; a list of them, as list(y) gives, is a list all the same.
        if np.isscalar(leaf) or not hasattr(leaf, "shape") or not hasattr(leaf, "dtype"):
            return (
                f"{path} is {_kind(leaf)}, no array: a list within a batch is a structure of many "
                f"inputs to Keras. Make it one: np.array(...)."
            )
        if leaf.dtype == object:
            return f"{path} is an array of Python objects: its rows differ in shape. Pad or crop."
        if not len(leaf.shape):
            return f"{path} has no axis of samples: shape (). {MEND}"
        sizes.setdefault(int(leaf.shape[0]), path)
    if len(sizes) > 1:
        text = ", ".join(f"{path} {size}" for size, path in sizes.items())
        return f"The parts of a batch have different numbers of samples: {text}."
    return ""


def _kind(value: Any) -> str:
    if isinstance(value, tuple | list | dict):
        return f"a {type(value).__name__} of {len(value)}"
    shape = f" of shape {tuple(value.shape)}" if hasattr(value, "shape") else ""
    return f"{type(value).__name__}{shape}"
