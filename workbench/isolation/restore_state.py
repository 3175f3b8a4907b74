"""Puts back what a user's generator may change while it is measured: global state, and itself."""

from __future__ import annotations

import random
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np


@contextmanager
def untouched(loader: Any) -> Iterator[None]:
    """Restore global random states, warnings filters, matplotlib's backend, a loader's attributes.

    What an attribute holds may have changed: its own random state, a list shuffled in place.
    """
    # A stream of ours stands before an object of the user's.
    attributes = getattr(getattr(loader, "original", loader), "__dict__", {})
    attributes = attributes if isinstance(attributes, dict) else {}  # a class's is a proxy
    saved = dict(attributes)
    numbers, standard = np.random.get_state(), random.getstate()
    backend = _backend()
    with warnings.catch_warnings():
        try:
            yield
        finally:
            np.random.set_state(numbers)
            random.setstate(standard)
            attributes.clear()
            attributes.update(saved)
            if _backend() is not backend:
                _set_backend(backend)


def _backend() -> Any:
    matplotlib: Any = sys.modules.get("matplotlib")
    # Asking in the usual way would choose a backend where none is chosen yet.
    return dict.get(matplotlib.rcParams, "backend") if matplotlib else None


def _set_backend(backend: Any) -> None:
    if isinstance(backend, str):
        sys.modules["matplotlib"].use(backend)
    elif backend is not None:
        dict.__setitem__(sys.modules["matplotlib"].rcParams, "backend", backend)
