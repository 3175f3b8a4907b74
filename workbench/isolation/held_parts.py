"""Save and restore in place the containers, small arrays and random generators of a loader."""

from __future__ import annotations

import hashlib
import io
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from operator import is_
from sys import getsizeof
from typing import Any

import numpy as np

from workbench.isolation.random_generators import saved_generator
from workbench.isolation.reachable_values import is_library, reachable_values, slot_values
from workbench.isolation.restore_state import instance_attributes

# Larger arrays are compared only, by bytes taken in blocks that are evenly spread: an array may be
# mapped from a disk, where every page has to be read.
COPIED_BYTES = 1 << 20
BLOCKS = 128
COPIED_IN_ALL = 1 << 25  # bytes of arrays
MEASURED_ENTRIES = 100  # whose size is taken for that of all


class Part:
    """One thing that a loader holds, and how to save and restore it in place.

    Attributes:
        name: By which its owner knows it; empty for what needs no mention.
        value: The object itself.
        is_restored: Whether `write` can restore it; if not, it is only compared.
    """

    is_restored = True

    def __init__(self, name: str, value: Any) -> None:
        self.name, self.value = name, value

    def read(self) -> Any:
        """The present content."""
        return list(self.value)

    def write(self, content: Any) -> None:
        """Restore a content that `read` returned."""
        _methods(self.value).__setitem__(self.value, slice(None), content)

    def same(self, one: Any, other: Any) -> bool:
        """Whether two contents are the same objects in the same order."""
        return len(one) == len(other) and all(map(is_, one, other))

    def continued(self, before: Any, now: Any, other: Any) -> Any:
        """The other content, except for what has changed between `before` and `now`."""
        return other if self.same(before, now) else now

    def change(self, before: Any, now: Any) -> str:
        """The change as a predicate: "shuffles your list x in place"; empty if there is none."""
        if not self.name or self.same(before, now):
            return ""
        kind = f"{type(self.value).__name__} {self.name}"
        if len(before) != len(now):
            return f"changes your {kind}: {len(before)} entries, now {len(now)}"
        if sorted(map(id, before)) == sorted(map(id, now)):
            return f"shuffles your {kind} in place"
        return f"changes entries of your {kind}"

    def added(self, before: Any) -> tuple[int, float]:
        """How many entries were added, and their bytes, judged by some of them."""
        count = len(self.value) - len(before)
        if count <= 0:
            return 0, 0.0
        with suppress(RuntimeError):  # another thread changes it just now
            sizes = [_bytes_of(entry) for entry in islice(self._newest(), MEASURED_ENTRIES)]
            return count, count * sum(sizes[:count]) / max(1, len(sizes[:count]))
        return 0, 0.0

    def _newest(self) -> Iterator[Any]:
        values = self.value.values() if isinstance(self.value, dict) else self.value
        return reversed(values) if hasattr(values, "__reversed__") else iter(values)


class _Dict(Part):
    def read(self) -> Any:
        return dict(self.value)

    def write(self, content: Any) -> None:
        methods = _methods(self.value)
        methods.clear(self.value)
        methods.update(self.value, content)

    def same(self, one: Any, other: Any) -> bool:
        return super().same(one, other) and super().same(one.values(), other.values())

    def continued(self, before: Any, now: Any, other: Any) -> Any:
        return {**other, **{k: v for k, v in now.items() if before.get(k, before) is not v}}

    def change(self, before: Any, now: Any) -> str:
        if not self.name or self.same(before, now) or len(before) != len(now):
            return super().change(before, now)
        same_entries = all(now.get(key, now) is value for key, value in before.items())
        what = "shuffles" if same_entries else "changes entries of"
        return f"{what} your dict {self.name}" + (" in place" if same_entries else "")


class _Cleared(Part):
    """A set or deque."""

    def write(self, content: Any) -> None:
        methods = _methods(self.value)
        methods.clear(self.value)
        (methods.update if isinstance(self.value, set) else methods.extend)(self.value, content)


class _Array(Part):
    def read(self) -> Any:
        return self.value.copy()

    def write(self, content: Any) -> None:
        if self.value.flags.writeable:
            np.copyto(self.value, content)

    def same(self, one: Any, other: Any) -> bool:
        if one.dtype == object:
            return super().same(one.ravel(), other.ravel())
        one, other = one.reshape(-1).view(np.uint8), other.reshape(-1).view(np.uint8)
        return bool(np.array_equal(one, other))

    def change(self, before: Any, now: Any) -> str:
        return "" if self.same(before, now) else f"writes into your array {self.name}"

    def added(self, before: Any) -> tuple[int, float]:
        return 0, 0.0


class _LargeArray(_Array):
    is_restored = False

    def read(self) -> Any:
        digest = hashlib.blake2b(digest_size=16)
        for block in _blocks(self.value):
            digest.update(block.tobytes())
        return digest.hexdigest()

    def write(self, content: Any) -> None:
        """Do nothing: there is no copy."""

    def same(self, one: Any, other: Any) -> bool:
        return bool(one == other)


class _Generator(Part):
    def read(self) -> Any:
        return saved_generator(self.value)

    def write(self, content: Any) -> None:
        content()

    def continued(self, before: Any, now: Any, other: Any) -> Any:
        return other

    def same(self, one: Any, other: Any) -> bool:
        return False  # states are not compared

    def change(self, before: Any, now: Any) -> str:
        return ""

    def added(self, before: Any) -> tuple[int, float]:
        return 0, 0.0


class _Slots(_Dict):
    """The attributes that an object has in slots."""

    def read(self) -> Any:
        return slot_values(self.value)

    def write(self, content: Any) -> None:
        for name in self.read().keys() - content.keys():
            object.__delattr__(self.value, name)
        for name, value in content.items():
            object.__setattr__(self.value, name, value)


class _Generators(_Dict):
    """The attributes of a library's object; only those that are random generators."""

    def read(self) -> Any:
        values = dict(self.value).items()
        return {name: value for name, value in values if saved_generator(value) is not None}

    def write(self, content: Any) -> None:
        self.value.update(content)


def parts_of(*roots: Any, used: Iterable[Any] = ()) -> list[Part]:
    """What can be saved and restored of `reachable_values`."""
    found: list[Part] = []
    copied = 0
    for name, value, is_owned in reachable_values(*roots, used=used):
        if saved_generator(value) is not None:
            found.append(_Generator("", value))
        elif is_owned and isinstance(value, np.ndarray) and value.flags.writeable:
            # A read-only array can only change through another array, which its owner may do.
            copied += value.nbytes
            is_small = value.nbytes <= COPIED_BYTES and copied <= COPIED_IN_ALL
            found.append((_Array if is_small else _LargeArray)(name, value))
        elif is_owned and isinstance(value, dict | list | set | deque):
            kind = _Dict if isinstance(value, dict) else _Cleared
            found.append((Part if isinstance(value, list) else kind)(name, value))
        elif isinstance(value, threading.Thread | io.IOBase):
            continue  # tied to the state of the system
        else:
            found += _parts_of_attributes(value, is_owned)
    return found


def _parts_of_attributes(value: Any, is_owned: bool) -> Iterator[Part]:
    if (attributes := instance_attributes(value)) and is_owned:
        yield _Dict("", attributes)
    elif any(saved_generator(each) is not None for each in attributes.values()):
        yield _Generators("", attributes)
    if is_owned and slot_values(value):
        yield _Slots("", value)


def _methods(value: Any) -> Any:
    """The class whose methods change a container: not a user's, which may do something else."""
    return next(cls for cls in type(value).__mro__ if is_library(cls))


def attributes_part(value: Any) -> Part:
    """The attributes of an object."""
    return _Dict("", instance_attributes(value))


def _blocks(array: np.ndarray[Any, Any]) -> Iterator[np.ndarray[Any, Any]]:
    if array.nbytes <= COPIED_BYTES:
        yield array
        return
    items = COPIED_BYTES // BLOCKS // array.itemsize + 1
    for start in np.linspace(0, array.size - items, BLOCKS, dtype=int):
        yield array.flat[start : start + items]


def _bytes_of(entry: Any) -> int:
    if isinstance(entry, tuple | list | dict):
        parts = entry.values() if isinstance(entry, dict) else entry
        return sum(_bytes_of(part) for part in islice(parts, MEASURED_ENTRIES))
    return int(getattr(entry, "nbytes", 0)) or getsizeof(entry, 64)
