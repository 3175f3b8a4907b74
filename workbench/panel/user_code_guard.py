"""Isolate the user's code: one thread at a time, its output kept, random state restored."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

from workbench.isolation.capture_output import CapturedOutput, capture_output
from workbench.isolation.detect_changes import ChangeDetector
from workbench.isolation.explain_errors import convert_exits, explain_errors
from workbench.isolation.restore_environment import EnvironmentChanges
from workbench.isolation.restore_state import restored_state

# Seconds between two comparisons of the user's data, and the most time that they may take, as a
# share: where a comparison is slow, the next one comes later.
COMPARE_SECONDS, COMPARE_SHARE = 1.0, 0.02


class UserCodeGuard:
    """Runs the user's code for a panel; safe to use from any thread.

    Args:
        data: A loader or factory. Changes of the lists, dicts and arrays that it holds are found.
    """

    def __init__(self, data: Any) -> None:
        # The user's code need not be thread-safe.
        self._lock = threading.RLock()
        self._output, self._environment = CapturedOutput(), EnvironmentChanges()
        self._data = ChangeDetector(data)
        self._changes: list[str] = []
        self._compare_at = 0.0
        self.find_buffers = self._data.find_buffers

    @contextmanager
    def running(self) -> Iterator[None]:
        """Context around all calls of the user's code."""
        with (
            self._lock,
            self._environment.record(),
            restored_state(),
            capture_output(self._output),
            explain_errors(),
            convert_exits(),
        ):
            yield

    @property
    def output(self) -> str:
        """What the code printed, logged and warned of, at most some lines of it."""
        return str(self._output)

    def changes(self) -> list[str]:
        """What the code changed in its data and environment, as predicates."""
        began = perf_counter()
        if began >= self._compare_at:
            self._changes = self._data.changes()
            ended = perf_counter()
            self._compare_at = ended + max(COMPARE_SECONDS, (ended - began) / COMPARE_SHARE)
        return [*self._changes, *self._environment.changes()]

    def wait_until_idle(self, seconds: float) -> None:
        """Wait until no code runs, at most so many seconds."""
        if self._lock.acquire(timeout=max(0.0, seconds)):
            self._lock.release()

    def restore(self) -> None:
        """Restore the environment."""
        self._environment.restore()
