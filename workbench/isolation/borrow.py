"""A user's object in the panel's hands: between uses it is as its owner left it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from workbench.isolation.restore_state import untouched
from workbench.loaders.streams import Stream


class Lent:
    """Keeps what an iterator has in its attributes, such as where it is in its pass.

    Args:
        loader: As `shapes.opened` gives it.
    """

    def __init__(self, loader: Any) -> None:
        self._loader = loader
        found = getattr(loader.original, "__dict__", {}) if isinstance(loader, Stream) else {}
        self._held: dict[str, Any] = found if isinstance(found, dict) else {}
        self._ours, self._owners = dict(self._held), dict(self._held)

    @contextmanager
    def used(self) -> Iterator[Any]:
        """The loader, where it stood after the last use; its owner's attributes return at the end.

        Those that the owner has changed since the last use are used as they are now.
        """
        with untouched(self._loader):
            before = self._owners
            changed = {k: v for k, v in self._held.items() if before.get(k, before) is not v}
            self._owners = dict(self._held)
            self._held.update({**self._ours, **changed})
            try:
                yield self._loader
            finally:
                self._ours = dict(self._held)
