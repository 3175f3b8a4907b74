"""Keras's feed, with which `fit` iterates over a `PyDataset`. Importing this imports Keras.

The adapter and its enqueuer are private. Uses, as in Keras 3.15: `PyDatasetAdapter._get_iterator`,
`._output_signature`, `.enqueuer`; `OrderedEnqueuer.executor_fn`, `.future_queue`, `.uid`; the
module's `_SHARED_SEQUENCES` and `_WORKER_ID_QUEUE`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from queue import Empty
from typing import Any

# Keras first, as a whole: a thread that begins with one of its modules holds that module's lock
# while it imports the rest, and another thread that imports Keras meanwhile gets a deadlock.
import keras  # noqa: F401
from keras.src.trainers.data_adapters import py_dataset_adapter


class FeedAdapter(py_dataset_adapter.PyDatasetAdapter):
    """Keras's adapter, extended to keep an exception of the dataset; TensorFlow keeps its text.

    Attributes:
        error: The exception.
        inspect: Called with the number of each batch, from 0, and the batch before TensorFlow gets
            it.
    """

    error: Exception | None = None
    inspect: Callable[[int, Any], None] | None = None

    @property
    def signature(self) -> Any:
        """Shapes and dtypes that Keras expects, once it has seen the first two batches."""
        return self._output_signature

    def batches(self) -> Iterator[Any]:
        """Batches as the dataset returns them, without TensorFlow."""
        found: Iterator[Any] = super()._get_iterator()
        return found

    def _get_iterator(self) -> Iterator[Any]:
        try:
            for number, batch in enumerate(super()._get_iterator()):
                if self.inspect is not None:
                    self.inspect(number, batch)
                yield batch
        except Exception as error:
            self.error = error
            # TensorFlow would format the user's exception, whose `__str__` may do anything.
            raise RuntimeError("see FeedAdapter.error") from None


def on_new_pool(enqueuer: Any, keep: Callable[[Callable[[], Any]], Any]) -> None:
    """Create each pool of an enqueuer through `keep`, which gets a function that creates it."""
    make = enqueuer.executor_fn
    enqueuer.executor_fn = lambda sequences: keep(lambda: make(sequences))


def drop_queued_batch(enqueuer: Any) -> None:
    """Remove a batch from the queue, since Keras's thread may be waiting for space in it."""
    with suppress(Empty):
        enqueuer.future_queue.get_nowait()


def forget_dataset(enqueuer: Any) -> None:
    """Drop the dataset, which Keras keeps after an error and sends to all workers spawned later."""
    py_dataset_adapter._SHARED_SEQUENCES[enqueuer.uid] = None


def renew_worker_queue() -> None:
    """Make Keras create a new queue of worker numbers.

    Every worker writes into this queue when it starts, and waits for it when it ends. A worker that
    is killed while it writes keeps the queue locked, and no later worker can end.
    """
    py_dataset_adapter._WORKER_ID_QUEUE = None
