"""Take turns with the owner of an iterator: each continues at their own position."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from workbench.isolation.restore_state import instance_attributes, restored_state
from workbench.loader import Loader


class Borrowed:
    """A loader whose attributes, such as its position, are kept between uses.

    Args:
        loader: Wraps the user's object.
    """

    def __init__(self, loader: Loader) -> None:
        self._loader = loader
        self._attributes = instance_attributes(loader.original) if loader.forward_only else {}
        # Attributes at the end of the last use, and as the owner left them.
        self._used, self._owned = dict(self._attributes), dict(self._attributes)

    @contextmanager
    def used(self) -> Iterator[Loader]:
        """Continue where the last use ended; restore the owner's attributes at the end.

        Attributes that the owner has changed in the meantime keep the owner's values.
        """
        with restored_state(self._loader.original):
            before = self._owned
            changed = {k: v for k, v in self._attributes.items() if before.get(k, before) is not v}
            self._owned = dict(self._attributes)
            self._attributes.update({**self._used, **changed})
            try:
                yield self._loader
            finally:
                self._used = dict(self._attributes)
