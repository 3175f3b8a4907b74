"""The structure of a batch: nested tuples, lists and dicts with arrays at their leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np


def leaves(
    batch: Any, path: str = "batch", is_leaf: Callable[[Any], bool] = lambda _: False
) -> Iterator[tuple[str, Any]]:
    """Each value in a batch that is not a tuple, list or dict, as (path, value).

    Args:
        batch: A batch of any structure.
        path: Name of the batch itself, with which paths start: "batch[0]['image']".
        is_leaf: Returns whether a tuple or list is to be kept whole.
    """
    if isinstance(batch, dict):
        for key, value in batch.items():
            yield from leaves(value, f"{path}[{key!r}]", is_leaf)
    elif isinstance(batch, tuple | list) and not is_leaf(batch):
        for position, value in enumerate(batch):
            yield from leaves(value, f"{path}[{position}]", is_leaf)
    else:
        yield path, batch


def leading_dimension(batch: Any) -> int:
    """Number of samples: the length of the first axis of the first array in a batch."""
    shapes: Iterator[Any] = (getattr(leaf, "shape", ()) for _, leaf in leaves(batch))
    return next((int(shape[0]) for shape in shapes if len(shape)), 0)


def is_empty(batch: Any) -> bool:
    """Whether the first array of a batch has no samples, as a slice beyond the end of the data."""
    shapes: Iterator[Any] = (getattr(leaf, "shape", ()) for _, leaf in leaves(batch))
    return next((shape[0] == 0 for shape in shapes if len(shape)), False)


def copied(batch: Any) -> Any:
    """Copy a batch and its arrays, whose memory the loader may reuse for the next batch."""
    if isinstance(batch, dict):
        return {key: copied(value) for key, value in batch.items()}
    if isinstance(batch, tuple | list):
        return tuple(map(copied, batch)) if isinstance(batch, tuple) else list(map(copied, batch))
    if isinstance(batch, np.ndarray) and batch.dtype == object and batch.ndim:
        whole = np.empty(batch.shape, object)
        whole.ravel()[:] = [copied(value) for value in batch.ravel()]
        return whole
    if not hasattr(type(batch), "__array__"):
        return batch
    try:
        return np.array(batch)
    except Exception:  # the `__array__` of a user's class may raise anything
        return batch
