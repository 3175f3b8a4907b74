"""Which batch of a loader is shown: kept, so that the same samples stay while other things move."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workbench.batch import copied, leading_dimension
from workbench.loader import Loader


class Pages:
    """Batches one after the other, as samples that are counted through.

    Attributes:
        batch: A copy of the one shown.
        number: Of this batch, in the order in which they were looked at.
        start: How many samples came before it.
    """

    def __init__(self) -> None:
        self.batch: Any = None
        self.number = self.start = 0
        self._key: Any = None

    @property
    def size(self) -> int:
        """Samples in the batch shown."""
        return leading_dimension(self.batch)

    def turn_to(
        self, first: int, loader: Loader, length: int, key: Any, note: Callable[[Any], None]
    ) -> None:
        """Go to the batch that holds a sample, or the next one if it lies behind.

        Args:
            first: Number of the sample.
            loader: Asked for a batch if another is shown, or the key is another.
            length: Of the loader.
            key: What the batch depends on besides.
            note: Told of a batch that was asked for, itself and not its copy.
        """
        if first < self.start:
            self.number = self.start = 0
        elif self._key is not None and first >= self.start + max(1, self.size):
            self.number, self.start = self.number + 1, first
        wanted = key, self.number
        if self._key != wanted:
            batch = loader[self.number % length]
            note(batch)
            self.batch, self._key = copied(batch), wanted

    def forget(self) -> None:
        """Drop the batch."""
        self.batch = self._key = None
