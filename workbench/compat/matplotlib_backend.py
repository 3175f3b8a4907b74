"""Matplotlib's backend, read without choosing one as `rcParams["backend"]` would."""

from __future__ import annotations

import sys
from typing import Any


def backend() -> Any:
    """The backend, or a sentinel before one is chosen; None if matplotlib is not imported."""
    matplotlib: Any = sys.modules.get("matplotlib")
    return dict.get(matplotlib.rcParams, "backend") if matplotlib else None


def set_backend(backend: Any) -> None:
    """Restore a value that `backend` returned."""
    if isinstance(backend, str):
        sys.modules["matplotlib"].use(backend)
    elif backend is not None:
        dict.__setitem__(sys.modules["matplotlib"].rcParams, "backend", backend)
