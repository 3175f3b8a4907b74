"""What a loader holds that workers cannot share: open files, generators, attributes it works in."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from types import GeneratorType
from typing import Any

from workbench.isolation.restore_state import instance_attributes
from workbench.loader import Loader
from workbench.measure.workers.held_values import search
from workbench.user_code import is_user_file

Finding = tuple[str, str]  # a problem, and what to do about it
# What libraries keep open, by the library's name; for others the class's own name.
OPEN = {
    "h5py": "an open HDF5 file",
    "tables": "an open HDF5 file",
    "netCDF4": "an open netCDF file",
    "zipfile": "an open zip file",
    "tarfile": "an open tar file",
    "sqlite3": "a database connection",
}
# Their threads, pipes and locks are made for sharing, or fail in other ways.
NOT_FILES = ("_thread", "threading", "multiprocessing", "concurrent", "asyncio", "keras")
ITERATORS = ("a generator", "an iterator")
IN_MEMORY = "an in-memory file"
LOCK = "a lock of processes"


def shared_by_processes(loader: Loader) -> list[Finding]:
    """What forked worker processes would share or copy."""
    return [
        _copied(name, kind) if kind in ITERATORS else shared_file(name, kind)
        for name, kind in _resources(loader.original)
        if kind not in (IN_MEMORY, LOCK)
    ]


def shared_file(name: str, kind: str = "an open file") -> Finding:
    """The finding for an open file that forked worker processes share."""
    return (
        f"The loader holds {kind}, {name}, which forked worker processes share: each moves the "
        "position at which the others read.",
        f"Open {name} in each worker: when __getitem__ first needs it there, not in __init__.",
    )


def holds_iterator(loader: Loader) -> bool:
    """Whether the loader holds an iterator, of which each worker process continues a copy."""
    return any(kind in ITERATORS for _, kind in _resources(loader.original))


def holds_lock(loader: Loader) -> bool:
    """Whether the loader holds a lock with which processes can take turns."""
    return any(kind == LOCK for _, kind in _resources(loader.original))


def shared_by_threads(loader: Loader) -> list[Finding]:
    """What threads would share."""
    found = [
        (
            f"The loader holds {kind}, {name}, which all threads share.",
            f"Use {name} under a threading.Lock, or make one for each thread (threading.local()).",
        )
        for name, kind in _resources(loader.original)
        if kind != LOCK
    ]
    before = dict(instance_attributes(loader.original))
    loader[0]
    after = instance_attributes(loader.original)
    changed = [f"self.{name}" for name in after if after[name] is not before.get(name, before)]
    if changed and not found:
        problem = f"__getitem__ sets {', '.join(changed)}, which all threads share."
        found.append((problem, "Use local variables instead."))
    return found


def _copied(name: str, kind: str) -> Finding:
    return (
        f"The loader holds {kind}, {name}: each worker process continues a copy of its own, "
        "and all yield the same.",
        "Compute a batch from its index instead.",
    )


def _resources(original: Any) -> list[tuple[str, str]]:
    """Name and kind, with its article, of what the loader keeps open."""
    return search(original, lambda value: _kind(value) or None)


def _kind(value: Any) -> str:
    """What an object keeps open, with its article; empty if nothing."""
    cls = type(value)
    library = cls.__module__.partition(".")[0]
    if cls.__module__ == "multiprocessing.synchronize":
        return LOCK
    if isinstance(value, type) or library in NOT_FILES or getattr(value, "closed", False) is True:
        return ""
    kind = OPEN.get(library, "")
    if isinstance(value, io.BytesIO | io.StringIO):
        kind = IN_MEMORY
    elif library == "PIL":
        kind = "an open image file" if getattr(value, "fp", None) else ""
    elif not kind and _closes(cls) and not _is_users(cls):
        kind = "an open file" if hasattr(value, "seek") else f"an open {cls.__name__}"
    if isinstance(value, Iterator) and not hasattr(cls, "seek"):
        kind = "a generator" if isinstance(value, GeneratorType) else "an iterator"
    return kind


def _closes(cls: type) -> bool:
    return callable(getattr(cls, "close", None)) or callable(getattr(cls, "release", None))


def _is_users(cls: type) -> bool:
    """Whether the class is the user's own, whose attributes are searched instead."""
    if cls.__module__ == "__main__":
        return True
    file = getattr(sys.modules.get(cls.__module__), "__file__", None)
    return file is not None and is_user_file(file)
