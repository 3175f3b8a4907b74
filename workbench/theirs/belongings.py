"""Whether a loader changes data that its maker handed to it: looked at before and after."""

from __future__ import annotations

import functools
import hashlib
import inspect
from collections.abc import Iterator
from types import FunctionType, GeneratorType, MethodType
from typing import Any

import numpy as np

# Arrays up to this size are looked at whole; of larger ones as many bytes, evenly spread.
LOOKED_AT = 1 << 20
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

    def changes(self, batch: Any = ()) -> list[str]:
        """What differs now, in words.

        Args:
            batch: One that the loader gave; arrays that it shares memory with are buffers that the
                loader re-uses for its batches.
        """
        found = []
        for key, (name, thing) in self._held.items():
            before, now = self._before[key], _state(thing)
            if before != now:
                found.append(_told(name, thing, before, now, batch))
        return found


def _held(loader: Any) -> Iterator[tuple[str, Any]]:
    for name, thing in _named(loader):
        if isinstance(thing, list | dict | np.ndarray):
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
        flat = thing.reshape(-1)[:: max(1, thing.nbytes // LOOKED_AT)]
        digest = hashlib.blake2b(np.ascontiguousarray(flat).tobytes(), digest_size=16).hexdigest()
        return thing.shape, digest, None
    items = list(thing.items() if isinstance(thing, dict) else thing)[:MOST_ITEMS]
    ids = [(id(item[0]), id(item[1])) if isinstance(thing, dict) else id(item) for item in items]
    return len(thing), hash(tuple(ids)), hash(frozenset(ids))


def _told(name: str, thing: Any, before: Any, now: Any, batch: Any) -> str:
    from workbench.measure.structure import leaves

    kind = "array" if isinstance(thing, np.ndarray) else type(thing).__name__
    if isinstance(thing, np.ndarray):
        arrays = (leaf for _, leaf in leaves(batch) if isinstance(leaf, np.ndarray))
        if any(np.may_share_memory(thing, array) for array in arrays):
            return f"gives the same array {name} for each batch: copy what you keep"
        return f"writes into your array {name}"
    if before[0] == now[0] and before[2] == now[2]:
        return f"shuffles your {kind} {name} in place"
    if before[0] != now[0]:
        return f"changes your {kind} {name}: {before[0]} entries, now {now[0]}"
    return f"changes entries of your {kind} {name}"
