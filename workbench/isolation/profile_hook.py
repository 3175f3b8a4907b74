"""Observe a thread's calls with `sys.setprofile`, without losing a profiler of the user's."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


@contextmanager
def profile_hook(function: Callable[[FrameType, str, Any], None]) -> Iterator[None]:
    """Report calls and returns in this thread to a function; restore an earlier hook at the end."""
    before: Any = sys.getprofile()
    sys.setprofile(function)
    try:
        yield
    finally:
        sys.setprofile(before if callable(before) else None)
        if hasattr(before, "enable"):
            before.enable()  # up to Python 3.11, cProfile's hook is not callable
