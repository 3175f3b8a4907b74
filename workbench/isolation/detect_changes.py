"""Detect whether a loader changes data that was passed to it."""

from __future__ import annotations

import functools
import hashlib
import inspect
from collections.abc import Iterator
from types import FunctionType, GeneratorType, MethodType
from typing import Any

import numpy as np

from workbench.batch import leaves
from workbench.isolation.restore_state import instance_attributes

# Bytes compared of an array. Of a larger one they are taken in blocks, evenly spread: it may be
# mapped from a disk, where every page has to be read.
COMPARED_BYTES = 1 << 20
BLOCKS = 128
COMPARED_ITEMS = 100_000  # of a list or dict


class ChangeDetector:
    """Compares the lists, dicts and arrays that a loader refers to with their first state.

    Args:
        loader: Its attributes, arguments and closure are compared, and the globals that its
            function uses.
    """

    def __init__(self, loader: Any) -> None:
        # Keeps references, so that no other object can get the id of a deleted one.
        self._values = {id(value): (name, value) for name, value in _mutable_values(loader)}
        self._before = {key: _state(value) for key, (_, value) in self._values.items()}
        self._buffers: set[int] = set()

    def find_buffers(self, batch: Any) -> None:
        """Find arrays that share memory with a batch: the loader reuses them for each batch.

        Args:
            batch: As the loader returned it, not a copy.
        """
        arrays = [leaf for _, leaf in leaves(batch) if isinstance(leaf, np.ndarray)]
        for key, (_, value) in self._values.items():
            if isinstance(value, np.ndarray) and any(np.may_share_memory(value, a) for a in arrays):
                self._buffers.add(key)

    def changes(self) -> list[str]:
        """The changes so far, each as a predicate: "writes into your array x"."""
        found = []
        for key, (name, value) in self._values.items():
            before, now = self._before[key], _state(value)
            if before != now:
                found.append(_describe(name, value, before, now, key in self._buffers))
        return found


def _mutable_values(loader: Any) -> Iterator[tuple[str, Any]]:
    for name, value in _named_values(loader):
        # A read-only array can only change through another array, which its owner may do.
        if isinstance(value, list | dict) or (
            isinstance(value, np.ndarray) and value.flags.writeable
        ):
            yield name, value


def _named_values(loader: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(loader, functools.partial):
        yield from ((f"argument {i}", value) for i, value in enumerate(loader.args))
        yield from loader.keywords.items()
        yield from _named_values(loader.func)
    elif isinstance(loader, MethodType):
        yield from _named_values(loader.__self__)
    elif isinstance(loader, FunctionType):
        found = inspect.getclosurevars(inspect.unwrap(loader))
        yield from {**found.globals, **found.nonlocals}.items()
    elif isinstance(loader, GeneratorType):
        yield from (loader.gi_frame.f_locals if loader.gi_frame is not None else {}).items()
    else:
        yield from instance_attributes(loader).items()


def _state(value: Any) -> tuple[Any, ...]:
    """Size, hash of the content in order, hash of the content in any order (None for arrays)."""
    if isinstance(value, np.ndarray):
        if value.dtype == object:
            return _state(list(value.flat[:COMPARED_ITEMS]))
        digest = hashlib.blake2b(digest_size=16)
        for block in _blocks(value):
            digest.update(block.tobytes())
        return value.shape, digest.hexdigest(), None
    items = list(value.items() if isinstance(value, dict) else value)[:COMPARED_ITEMS]
    ids = [(id(item[0]), id(item[1])) if isinstance(value, dict) else id(item) for item in items]
    return len(value), hash(tuple(ids)), hash(frozenset(ids))


def _blocks(array: np.ndarray[Any, Any]) -> Iterator[np.ndarray[Any, Any]]:
    if array.nbytes <= COMPARED_BYTES:
        yield array
        return
    items = COMPARED_BYTES // BLOCKS // array.itemsize + 1
    for start in np.linspace(0, array.size - items, BLOCKS, dtype=int):
        yield array.flat[start : start + items]


def _describe(name: str, value: Any, before: Any, now: Any, is_buffer: bool) -> str:
    if isinstance(value, np.ndarray):
        if is_buffer:
            return f"gives the same array {name} for each batch: copy what you keep"
        return f"writes into your array {name}"
    kind = type(value).__name__
    if before[0] == now[0] and before[2] == now[2]:
        return f"shuffles your {kind} {name} in place"
    if before[0] != now[0]:
        return f"changes your {kind} {name}: {before[0]} entries, now {now[0]}"
    return f"changes entries of your {kind} {name}"
