"""Use an iterator of the user's in turns with its owner: each goes on where it was itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from workbench.isolation.restore_state import restored_state
from workbench.loader import Loader


class Borrowed:
    """Keeps the attributes of an iterator, such as its position, between uses.

    Args:
        loader: Wraps the user's object.
    """

    def __init__(self, loader: Loader) -> None:
        self._loader = loader
        found = getattr(loader.original, "__dict__", {}) if loader.forward_only else {}
        self._attributes: dict[str, Any] = found if isinstance(found, dict) else {}
        self._ours, self._owners = dict(self._attributes), dict(self._attributes)

    @contextmanager
    def used(self) -> Iterator[Loader]:
        """The loader, where the last use left it; its owner's attributes return at the end.

        Attributes that the owner has changed since then keep the owner's values.
        """
        with restored_state(self._loader.original):
            before = self._owners
            changed = {k: v for k, v in self._attributes.items() if before.get(k, before) is not v}
            self._owners = dict(self._attributes)
            self._attributes.update({**self._ours, **changed})
            try:
                yield self._loader
            finally:
                self._ours = dict(self._attributes)
