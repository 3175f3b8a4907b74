"""Whether a loader changes data that its maker handed to it: looked at before and after."""

from __future__ import annotations

import functools
import hashlib
import inspect
from collections.abc import Iterator
from types import FunctionType, GeneratorType, MethodType
from typing import Any

import numpy as np

from workbench.batch import leaves

# Arrays up to this size are looked at whole; of larger ones as many bytes, in blocks evenly
# spread: an array may be mapped from a disk, where each page is read.
LOOKED_AT = 1 << 20
BLOCKS = 128
MOST_ITEMS = 100_000  # of a list or dict


class Belongings:
    """The lists, dicts and arrays that a loader holds, as they are now.

    Args:
        loader: Its attributes, arguments, closure and the globals that its function names.
    """

    def __init__(self, loader: Any) -> None:
        # References, so that no other object can get the id of one that is gone.
        self._held = {id(thing): (name, thing) for name, thing in _held(loader)}
        self._before = {key: _state(thing) for key, (_, thing) in self._held.items()}
        self._buffers: set[int] = set()

    def note(self, batch: Any) -> None:
        """Arrays that share memory with a batch are buffers that the loader uses for each.

        Args:
            batch: As the loader gave it, no copy.
        """
        arrays = [leaf for _, leaf in leaves(batch) if isinstance(leaf, np.ndarray)]
        for key, (_, thing) in self._held.items():
            if isinstance(thing, np.ndarray) and any(np.may_share_memory(thing, a) for a in arrays):
                self._buffers.add(key)

    def changes(self) -> list[str]:
        """What differs now, in words."""
        found = []
        for key, (name, thing) in self._held.items():
            before, now = self._before[key], _state(thing)
            if before != now:
                found.append(_told(name, thing, before, now, key in self._buffers))
        return found


def _held(loader: Any) -> Iterator[tuple[str, Any]]:
    for name, thing in _named(loader):
        # What cannot be written to is not changed; its owner may do so through another array.
        if isinstance(thing, list | dict) or (
            isinstance(thing, np.ndarray) and thing.flags.writeable
        ):
            yield name, thing


def _named(thing: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(thing, functools.partial):
        yield from ((f"argument {i}", value) for i, value in enumerate(thing.args))
        yield from thing.keywords.items()
        yield from _named(thing.func)
    elif isinstance(thing, MethodType):
        yield from _named(thing.__self__)
    elif isinstance(thing, FunctionType):
        function = inspect.unwrap(thing)
        found = inspect.getclosurevars(function)
        yield from {**found.globals, **found.nonlocals}.items()
    elif isinstance(thing, GeneratorType):
        yield from (thing.gi_frame.f_locals if thing.gi_frame is not None else {}).items()
    else:
        attributes = getattr(thing, "__dict__", {})
        yield from attributes.items() if isinstance(attributes, dict) else ()


def _state(thing: Any) -> tuple[Any, ...]:
    """(size, content in order, content in any order)."""
    if isinstance(thing, np.ndarray):
        if thing.dtype == object:
            return _state(list(thing.flat[:MOST_ITEMS]))
        digest = hashlib.blake2b(digest_size=16)
        for part in _parts(thing):
            digest.update(part.tobytes())
        return thing.shape, digest.hexdigest(), None
    items = list(thing.items() if isinstance(thing, dict) else thing)[:MOST_ITEMS]
    ids = [(id(item[0]), id(item[1])) if isinstance(thing, dict) else id(item) for item in items]
    return len(thing), hash(tuple(ids)), hash(frozenset(ids))


def _parts(array: np.ndarray[Any, Any]) -> Iterator[np.ndarray[Any, Any]]:
    if array.nbytes <= LOOKED_AT:
        yield array
        return
    items = LOOKED_AT // BLOCKS // array.itemsize + 1
    for start in np.linspace(0, array.size - items, BLOCKS, dtype=int):
        yield array.flat[start : start + items]


def _told(name: str, thing: Any, before: Any, now: Any, is_buffer: bool) -> str:
    kind = "array" if isinstance(thing, np.ndarray) else type(thing).__name__
    if isinstance(thing, np.ndarray):
        if is_buffer:
            return f"gives the same array {name} for each batch: copy what you keep"
        return f"writes into your array {name}"
    if before[0] == now[0] and before[2] == now[2]:
        return f"shuffles your {kind} {name} in place"
    if before[0] != now[0]:
        return f"changes your {kind} {name}: {before[0]} entries, now {now[0]}"
    return f"changes entries of your {kind} {name}"
