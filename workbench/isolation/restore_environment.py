"""Record and restore the working directory and environment variables that a loader changes.

A loader may need its changes for later batches, so they are reported, and kept until it is closed.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class EnvironmentChanges:
    """Changes to the process made within `record`."""

    def __init__(self) -> None:
        self._folders: tuple[str, str] | None = None  # before and after
        self._before: dict[str, str | None] = {}  # environment variables
        self._after: dict[str, str | None] = {}

    @contextmanager
    def record(self) -> Iterator[None]:
        """Record what the code within changes."""
        folder, variables = _working_directory(), dict(os.environ)
        try:
            yield
        finally:
            if (now := _working_directory()) != folder:
                self._folders = (self._folders or (folder, ""))[0], now
            for name in {*variables, *os.environ}:
                if variables.get(name) != os.environ.get(name):
                    self._before.setdefault(name, variables.get(name))
                    self._after[name] = os.environ.get(name)

    def changes(self) -> list[str]:
        """The changes, each as a predicate: "changes the working directory to /data"."""
        found = []
        if self._folders and self._folders[0] != self._folders[1]:
            found.append(f"changes the working directory to {self._folders[1]}")
        if self._after:
            found.append(f"sets environment variables: {', '.join(sorted(self._after))}")
        return found

    def restore(self) -> None:
        """Undo the changes, except where the value has changed again since."""
        if self._folders and _working_directory() == self._folders[1]:
            with contextlib.suppress(OSError):  # it may have been deleted
                os.chdir(self._folders[0])
        for name, value in self._after.items():
            before = self._before[name]
            if os.environ.get(name) == value and before is None:
                os.environ.pop(name, None)
            elif os.environ.get(name) == value and before is not None:
                os.environ[name] = before


def _working_directory() -> str:
    try:
        return str(Path.cwd())
    except OSError:  # it was deleted
        return ""
