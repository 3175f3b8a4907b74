"""The batch of a loader that is shown, kept while settings change that do not affect it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workbench.batch import copied, leading_dimension
from workbench.loader import Loader


class Pages:
    """Position in a loader's samples, which are numbered on from batch to batch.

    Attributes:
        batch: A copy of the current batch.
        number: Number of the current batch, from 0.
        start: Number of its first sample.
    """

    def __init__(self) -> None:
        self.batch: Any = None
        self.number = self.start = 0
        self._key: Any = None

    @property
    def size(self) -> int:
        """Number of samples in the current batch."""
        return leading_dimension(self.batch)

    def turn_to(
        self, first: int, loader: Loader, length: int, key: Any, on_batch: Callable[[Any], None]
    ) -> None:
        """Go to the batch of a sample: the current one, or the next if the sample is beyond it.

        A sample before the current batch leads back to the first batch.

        Args:
            first: Number of the sample.
            loader: Makes the batch, unless it is the current one and the key is the same.
            length: Number of batches of the loader.
            key: What else the batch depends on.
            on_batch: Called with a new batch as the loader returned it, before it is copied.
        """
        if first < self.start:
            self.number = self.start = 0
        elif self._key is not None and first >= self.start + max(1, self.size):
            self.number, self.start = self.number + 1, first
        wanted = key, self.number
        if self._key != wanted:
            batch = loader[self.number % length]
            on_batch(batch)
            self.batch, self._key = copied(batch), wanted

    def forget(self) -> None:
        """Drop the batch."""
        self.batch = self._key = None
