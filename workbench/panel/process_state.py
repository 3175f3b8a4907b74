"""Temporary changes of the whole process's state."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def switch_interval(seconds: float) -> Iterator[None]:
    """Set how many seconds a thread may keep the interpreter lock."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(seconds)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Drop what libraries write to the process's error stream.

    TensorFlow logs a dozen start-up lines there, regardless of its log level, and they would appear
    in the notebook.
    """
    saved = os.dup(2)
    with open(os.devnull, "w") as nothing:  # noqa: PTH123  (a file descriptor is wanted)
        os.dup2(nothing.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
