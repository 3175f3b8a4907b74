"""Restore an object's attributes, and global state that it may change while it is measured."""

from __future__ import annotations

import random
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from workbench.compat.matplotlib_backend import backend, set_backend


@contextmanager
def restored_state(original: Any = None) -> Iterator[None]:
    """Restore the global state that a generator may change, and the attributes of an object.

    The global state is NumPy's and Python's random state, the warning filters and matplotlib's
    backend. An attribute gets its old value back, but this value may itself have changed: a random
    generator that was used, a list that was shuffled in place.

    Args:
        original: The user's object, not the `Loader` that wraps it.
    """
    attributes = instance_attributes(original)
    saved = dict(attributes)
    numpy_state, python_state = np.random.get_state(), random.getstate()
    chosen = backend()
    with warnings.catch_warnings():
        try:
            yield
        finally:
            np.random.set_state(numpy_state)
            random.setstate(python_state)
            attributes.clear()
            attributes.update(saved)
            if backend() is not chosen:
                set_backend(chosen)


def instance_attributes(value: Any) -> dict[str, Any]:
    """The `__dict__` of an object (not a copy); empty for classes and objects without one.

    Does not call the object's `__getattr__`, which may answer to any name or raise anything.
    """
    try:
        found = object.__getattribute__(value, "__dict__")
    except Exception:  # AttributeError; or anything, where a proxy defines it as a property
        return {}
    return found if isinstance(found, dict) else {}
