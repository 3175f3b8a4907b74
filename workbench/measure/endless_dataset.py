"""A loader as a dataset whose epoch never ends. Importing this imports Keras."""

from __future__ import annotations

import multiprocessing
import threading
from dataclasses import asdict
from typing import Any

import keras

from workbench.loader import Loader
from workbench.measure.batch_times import FeedOptions
from workbench.measure.workers.batch_error import raise_batch_errors
from workbench.measure.workers.worker_monitor import WorkerMonitor


class EndlessDataset(keras.utils.PyDataset):
    """A loader as one endless epoch, so that a short epoch does not restart the workers.

    Args:
        loader: Gives the batches; is not changed.
        options: How Keras feeds them.
        example: The batch to return after the end.
        stop: Set to ask for the end, in this process.
        monitor: Where workers note what they do.
    """

    def __init__(
        self,
        loader: Loader,
        options: FeedOptions,
        example: Any,
        stop: threading.Event | None,
        monitor: WorkerMonitor,
    ) -> None:
        super().__init__(**asdict(options))
        self._loader, self._length, self._example = loader, len(loader), example
        self._stop, self._monitor = stop, monitor
        # Shared with worker processes: batches still queued at the end are not worth computing.
        self._finished = multiprocessing.RawValue("b", 0)

    @property
    def num_batches(self) -> None:
        """None, which is Keras's word for endless."""

    @property
    def is_asked_to_stop(self) -> bool:
        """Whether `stop` is set."""
        return self._stop is not None and self._stop.is_set()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_stop": None}  # worker processes would not see it set

    def __getitem__(self, index: int) -> Any:
        if self._finished.value or self.is_asked_to_stop:
            return self._example
        index %= self._length
        with self._monitor.making_batch(), raise_batch_errors(index):
            return self._loader[index]

    def name(self, number: int) -> str:
        """What to call the batch that arrives after `number` others."""
        if self._loader.forward_only:
            # It was asked for one example, and Keras for two.
            return f"Batch {number + 4} of the {self._loader.kind}"
        return f"The batch at index {number % self._length}"

    def forget(self) -> None:
        """Drop the loader: Keras's feed refers to itself, and stays until garbage is collected."""
        self._loader = Loader(())

    def finish(self) -> None:
        """Return the example from now on, in all processes."""
        self._finished.value = 1
