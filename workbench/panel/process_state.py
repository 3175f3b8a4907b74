"""State of the whole process that the panel changes for a while."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def switch_interval(seconds: float) -> Iterator[None]:
    """Set how long a thread may keep the interpreter lock, for a while."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(seconds)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Drop what libraries write to the process's error stream: TensorFlow logs a dozen lines of
    start-up notes there, past Python and past its own log level, into the user's notebook.
    """
    saved = os.dup(2)
    with open(os.devnull, "w") as nothing:  # noqa: PTH123  (a file descriptor is wanted)
        os.dup2(nothing.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
