"""Isolate the user's code: one thread at a time, its output kept, random state restored.

Nobody waits for code that may never end: threads that want to run it take turns, with a limit.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from math import inf
from time import monotonic

from workbench.isolation.capture_output import (
    CapturedOutput,
    capture_in_thread,
    capture_output,
    release,
)
from workbench.isolation.explain_errors import convert_exits, explain_errors
from workbench.isolation.restore_environment import EnvironmentChanges
from workbench.isolation.restore_state import GlobalState
from workbench.measure.rate import Stopped

# Seconds that cells and `close` wait together for the code that runs. Then they give it up.
PATIENCE = 1.2


class Busy(Exception):
    """Another thread runs the user's code."""


class UserCodeGuard:
    """Runs the user's code for a panel; safe to use from any thread.

    Attributes:
        is_expected: Whether the code will run in a moment: the first picture has to be drawn.
    """

    def __init__(self) -> None:
        self.is_expected = False
        self._changed = threading.Condition()
        self._runs: int | None = None  # the thread that runs the user's code
        self._state: GlobalState | None = None
        self._waited_since: float | None = None
        self._is_given_up = False
        self._output, self._environment = CapturedOutput(), EnvironmentChanges()

    @contextmanager
    def running(self, patience: float = inf) -> Iterator[None]:
        """Context around all calls of the user's code, which need not be thread-safe.

        Args:
            patience: Most seconds to wait until no other thread runs it.

        Raises:
            Busy: If another thread still runs it then.
            Stopped: If the code has been given up.
        """
        if self._runs == threading.get_ident():
            yield
            return
        self._take_turn(patience)
        try:
            with (
                self._environment.record(),
                capture_output(self._output),
                explain_errors(),
                convert_exits(),
            ):
                yield
        finally:
            with self._changed:
                self._hand_back()
                self._runs = self._waited_since = None
                self.is_expected = False
                self._changed.notify_all()

    def _take_turn(self, patience: float) -> None:
        with self._changed:
            limit = None if patience == inf else patience
            self._changed.wait_for(lambda: self._runs is None or self._is_given_up, limit)
            if self._is_given_up:
                raise Stopped("because the panel is closed")
            if self._runs is not None:
                raise Busy
            self._runs, self._state = threading.get_ident(), GlobalState()

    def check(self) -> None:
        """Raise `Stopped` if a cell has begun: the next batch needs to save its global state."""
        if self._state is None:
            raise Stopped("by a cell")

    def in_worker(self) -> AbstractContextManager[None]:
        """Context around a batch within `running`, in whichever thread makes it."""
        own = threading.get_ident() == self._runs
        return nullcontext() if own else capture_in_thread(self._output)

    @property
    def output(self) -> str:
        """What the code printed, logged and warned of, at most some lines of it."""
        return str(self._output)

    def changes(self) -> list[str]:
        """What the code changed in its environment, as predicates."""
        return self._environment.changes()

    @property
    def patience(self) -> float:
        """Seconds that may still be waited for the code that runs."""
        waited = monotonic() - self._waited_since if self._waited_since is not None else 0.0
        return max(0.1, PATIENCE - waited)

    def wait_until_idle(self, seconds: float) -> None:
        """Wait until no code runs, at most so many seconds, then restore the global state.

        Code that still runs then does not restore it again: a cell may have set a seed.
        """
        with self._changed:
            if not self._is_idle and self._waited_since is None:
                self._waited_since = monotonic()
            self._changed.wait_for(lambda: self._is_idle, min(seconds, self.patience))
            self._hand_back()

    @property
    def _is_idle(self) -> bool:
        return self._runs is None and not self.is_expected

    def _hand_back(self) -> None:
        if self._state is not None:
            self._state.restore()
            self._state = None

    def give_up(self) -> None:
        """Undo what the code that runs has changed in the process, without waiting for its end."""
        with self._changed:
            self._is_given_up = True
            self._hand_back()
            self._changed.notify_all()
        release(self._output)
        self.restore()

    def restore(self) -> None:
        """Restore the environment."""
        self._environment.restore()
