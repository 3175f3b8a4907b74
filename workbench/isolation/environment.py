"""What a loader changes of the process around it: the working directory, environment variables.

It may need them for its later batches, so they stay as long as it is there, and are told.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

Variables = dict[str, str | None]


class Surroundings:
    """What was changed within `watched`, and the way back."""

    def __init__(self) -> None:
        self._folders: tuple[str, str] | None = None  # before and after
        self._before: Variables = {}
        self._after: Variables = {}

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Note what the code within changes."""
        folder, variables = _folder(), dict(os.environ)
        try:
            yield
        finally:
            if (now := _folder()) != folder:
                self._folders = (self._folders or (folder, ""))[0], now
            for name in {*variables, *os.environ}:
                if variables.get(name) != os.environ.get(name):
                    self._before.setdefault(name, variables.get(name))
                    self._after[name] = os.environ.get(name)

    def changes(self) -> list[str]:
        """In words."""
        found = []
        if self._folders and self._folders[0] != self._folders[1]:
            found.append(f"changes the working directory to {self._folders[1]}")
        if self._after:
            found.append(f"sets environment variables: {', '.join(sorted(self._after))}")
        return found

    def restore(self) -> None:
        """Put back what nobody else has changed since."""
        if self._folders and _folder() == self._folders[1]:
            with contextlib.suppress(OSError):  # the old one may be gone
                os.chdir(self._folders[0])
        for name, value in self._after.items():
            before = self._before[name]
            if os.environ.get(name) == value and before is None:
                os.environ.pop(name, None)
            elif os.environ.get(name) == value and before is not None:
                os.environ[name] = before


def _folder() -> str:
    try:
        return str(Path.cwd())
    except OSError:  # it was removed
        return ""
