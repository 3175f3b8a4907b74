"""Puts back the global state that a user's generator may change while it is measured."""

from __future__ import annotations

import random
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np


@contextmanager
def untouched() -> Iterator[None]:
    """Restore NumPy's and Python's global random states, warnings filters, matplotlib's backend."""
    numbers, standard = np.random.get_state(), random.getstate()
    backend = _backend()
    with warnings.catch_warnings():
        try:
            yield
        finally:
            np.random.set_state(numbers)
            random.setstate(standard)
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
