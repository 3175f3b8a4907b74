"""Count the epochs that Keras trains. Importing this imports Keras."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from threading import get_ident
from typing import Any, Generic, Self, TypeVar

import keras

# Fit's thread and TensorFlow's both count. Global, because a dataset must be picklable.
COUNTER_LOCK = threading.Lock()


@dataclass(frozen=True, kw_only=True, eq=False)
class EpochCounter:
    """The epoch a dataset is in. Each method returns the counter that follows.

    Attributes:
        batches: Batches in an epoch.
        epoch: From 0.
        fetched: One bit for each batch that Keras, without a pool of workers, has fetched.
        training: Whether `fit` is between its `on_epoch_begin` and `on_epoch_end`.
    """

    batches: int
    epoch: int = 0
    fetched: int = 0
    training: bool = False

    def after_fetch(self, index: int) -> Self:
        """After Keras fetched a batch without a pool."""
        # One generator asks for each batch once an epoch, with shuffle=True in any order; what
        # comes after all of them belongs to the next epoch.
        counter = self.next_epoch() if self._fetched_all else self
        return replace(counter, fetched=counter.fetched | 1 << index)

    def after_begin(self) -> Self:
        """After `on_epoch_begin`."""
        return replace(self, training=True)

    def after_end(self, epoch_over: bool) -> Self:
        """After `on_epoch_end`, which Keras also calls once before the first epoch.

        Args:
            epoch_over: Whether all batches were fetched, even if `fetched` does not say so.
        """
        over = self.training and (epoch_over or self._fetched_all)
        return replace(self.next_epoch() if over else self, training=False)

    def next_epoch(self) -> Self:
        """The start of the next epoch."""
        return replace(self, epoch=self.epoch + 1, fetched=0)

    @property
    def _fetched_all(self) -> bool:
        return self.fetched.bit_count() == self.batches


Counter = TypeVar("Counter", bound=EpochCounter)


class EpochDataset(keras.utils.PyDataset, Generic[Counter]):
    """A `PyDataset` that knows which epoch each batch is fetched for.

    Keras 3.15 fetches two batches and calls `on_epoch_end` once before it trains; these do not
    count.

    Args:
        first: The counter before training.
        **feed: `workers`, `use_multiprocessing` and `max_queue_size`.
    """

    def __init__(self, first: Counter, **feed: Any) -> None:
        super().__init__(**feed)
        self._first = self.position = first
        self._fit_thread: int | None = None

    @property
    def epoch(self) -> int:
        """The epoch that `__getitem__` serves, from 0. Set it to resume training."""
        return self.position.epoch

    @epoch.setter
    def epoch(self, epoch: int) -> None:
        if isinstance(epoch, bool) or not isinstance(epoch, int) or epoch < 0:
            raise ValueError(f"epoch: expected a whole number from 0. Received: {epoch!r}")
        with COUNTER_LOCK:
            self.position = replace(self._first, epoch=epoch)

    def on_epoch_begin(self) -> None:
        """Called by Keras."""
        with COUNTER_LOCK:
            self.position, self._fit_thread = self.position.after_begin(), get_ident()

    def on_epoch_end(self) -> None:
        """Called by Keras, also once before the first epoch."""
        # A pool has fetched all its batches by now and starts again from 0. Without a pool, one
        # generator runs on across fit's epochs (steps_per_epoch), and between them.
        with COUNTER_LOCK:
            self.position = self.position.after_end(self._uses_pool)

    def _fetching(self, index: int) -> Counter:
        """Count a fetch of this batch, if it is for training; return the counter for making it."""
        if self._fit_thread in (None, get_ident()):
            return self._previewing(index)
        # In a worker process the lock may have been copied while held.
        if self._uses_pool:
            return self.position
        with COUNTER_LOCK:
            self.position = self.position.after_fetch(index)
            return self.position

    def _previewing(self, index: int) -> Counter:
        """As `_fetching`, for a batch that the user asks for, or `fit` needs for its shapes."""
        return self.position

    @property
    def _uses_pool(self) -> bool:
        """Whether Keras uses a pool of workers rather than one generator; its own rule."""
        return bool(self.workers > 1 or (self.workers > 0 and self.use_multiprocessing))
