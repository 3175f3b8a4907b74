"""Restore an object's attributes, and global state that it may change while it is measured."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from workbench.compat.matplotlib_backend import backend, set_backend
from workbench.isolation.notebook_cells import cells_begun
from workbench.isolation.random_generators import saved_global_generators


class GlobalState:
    """The random state of NumPy, Python and PyTorch, the warning filters and matplotlib's backend.

    Saved when it is made, and restored once, unless a cell of the notebook has begun since: it may
    have set a seed.
    """

    def __init__(self) -> None:
        self._cell = cells_begun()
        self._generators = saved_global_generators()
        self._filters, self._backend = warnings.filters[:], backend()
        self._is_restored = False

    def restore(self) -> None:
        """Restore the state; does nothing if that was done before, or if a cell has begun."""
        if self._is_restored or self._cell != cells_begun():
            return
        self._is_restored = True
        for restore in self._generators:
            restore()
        if warnings.filters != self._filters:
            warnings.resetwarnings()  # tells the interpreter that they change
            warnings.filters[:] = self._filters  # type: ignore[index]
        if backend() is not self._backend:
            set_backend(self._backend)


@contextmanager
def restored_state(original: Any = None) -> Iterator[None]:
    """Restore the `GlobalState`, which a generator may change, and the attributes of an object.

    Nothing is restored if a cell of the notebook has begun since.

    Args:
        original: The user's object, not the `Loader` that wraps it.
    """
    attributes = instance_attributes(original)
    saved, state, cell = dict(attributes), GlobalState(), cells_begun()
    try:
        yield
    finally:
        state.restore()
        if cell == cells_begun():
            attributes.clear()
            attributes.update(saved)


def instance_attributes(value: Any) -> dict[str, Any]:
    """The `__dict__` of an object (not a copy); empty for classes and objects without one.

    Does not call the object's `__getattr__`, which may answer to any name or raise anything.
    """
    try:
        found = object.__getattribute__(value, "__dict__")
    except Exception:  # AttributeError; or anything, where a proxy defines it as a property
        return {}
    return found if isinstance(found, dict) else {}
