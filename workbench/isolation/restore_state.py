"""Restore global state that a generator may change while it is measured, and its attributes."""

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

    Restores NumPy's and Python's random states, warnings filters and matplotlib's backend. What
    an attribute holds may still have changed: its own random state, a list shuffled in place.

    Args:
        original: The user's own object, not the loader that wraps it.
    """
    attributes = getattr(original, "__dict__", {})
    attributes = attributes if isinstance(attributes, dict) else {}  # a class has a mappingproxy
    saved = dict(attributes)
    numbers, standard = np.random.get_state(), random.getstate()
    chosen = backend()
    with warnings.catch_warnings():
        try:
            yield
        finally:
            np.random.set_state(numbers)
            random.setstate(standard)
            attributes.clear()
            attributes.update(saved)
            if backend() is not chosen:
                set_backend(chosen)
