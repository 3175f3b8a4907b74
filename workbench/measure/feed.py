"""Measure a loader through the same feed as `fit`, without a model. Importing this imports Keras.

Iterating a PyDataset by hand applies no parallelism, so the batches are taken from Keras's own
adapter: its threads or processes, its queue, its hand-over to TensorFlow.
"""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from math import inf
from pathlib import Path
from time import perf_counter
from typing import Any

import keras
import numpy as np
import psutil
import tensorflow as tf

from workbench.batch import leading_dimension
from workbench.compat.keras_feed import FeedAdapter
from workbench.loader import Loader
from workbench.measure.batch_times import Arrivals, Kind
from workbench.measure.keras_refusal import refusal
from workbench.measure.rate import Rate
from workbench.measure.workers.preflight import Preflight, examine
from workbench.measure.workers.watchdog import Limits, watch
from workbench.measure.workers.worker_pool import Crew
from workbench.measure.workers.worker_stacks import Board, board

# No working feed meets these limits, however busy the machine: seconds without a batch; seconds to
# start a worker (importing TensorFlow takes 5 s of a core); a batch among workers may take so
# many times and workers as long as one alone; seconds to stop, and a batch.
PATIENCE = 30.0
START = 10.0
SLOWER = 10.0
GRACE = 5.0


def measure(
    loader: Loader,
    workers: int,
    use_multiprocessing: bool,
    max_queue_size: int,
    seconds: float,
    stop: threading.Event | None = None,
) -> Rate:
    """Take batches from Keras's feed as fast as they come; see `workbench.measure_rate`.

    Args:
        loader: Is not changed.
        workers: As in `keras.utils.PyDataset`; so are the next two.
        use_multiprocessing: Processes instead of threads.
        max_queue_size: Batches that may wait.
        seconds: How long to measure, after the first batches.
        stop: Ends the measurement early when set.

    Raises:
        ValueError: If there are no workers or no batches.
        Stopped: If `stop` was set before two batches were measured.
        WorkersRefused: If worker processes would hang or could not start.
        WorkerError: If a worker process ended, or no batch came for far too long.
    """
    check_arguments(loader, workers)
    kind = Kind(workers, use_multiprocessing, max_queue_size)
    found = examine(loader, workers, use_multiprocessing)
    found.raise_problems()
    arrivals, limits = Arrivals(kind), limits_for(kind, found, stop)
    return take(loader, found, arrivals, limits, lambda: arrivals.suffice(seconds, inf))


def check_arguments(loader: Loader, workers: int) -> None:
    """Raise a ValueError where there are no batches or no workers."""
    len(loader)
    if workers < 1:
        raise ValueError(f"workers: expected at least 1. Received: {workers}")


def limits_for(kind: Kind, found: Preflight, stop: threading.Event | None = None) -> Limits:
    """Limits for a feed of batches such as the one made before."""
    batch = SLOWER * kind.workers * found.seconds
    start = START * kind.workers if kind.use_multiprocessing else 0.0
    return Limits(PATIENCE + start + batch, stop=stop, grace=GRACE + batch)


def take(
    loader: Loader,
    found: Preflight,
    arrivals: Arrivals,
    limits: Limits,
    enough: Callable[[], bool],
) -> Rate:
    """Take batches until there are enough or `limits.stop` is set, and leave no worker behind.

    Args:
        loader: Is not changed.
        found: Its example stands for batches that nobody needs any more.
        arrivals: Where each batch is noted.
        limits: When to give up; see `watch`.
        enough: Asked at each batch.
    """
    if isinstance(loader.original, tf.data.Dataset):
        return _take_elements(loader.original, found, arrivals, limits, enough)
    refused = refusal(found.example, from_generator=loader.forward_only)
    if refused:
        raise ValueError(refused)
    with board() as where:
        feed = _Feed(loader, arrivals.kind, found.example, limits.stop, where)
        adapter = FeedAdapter(feed)
        crew = Crew(adapter.enqueuer, where)

        def work() -> None:
            with _batches(feed, adapter, crew) as batches:
                _note(batches, arrivals, lambda: enough() or feed.is_asked_to_stop)

        watch(work, crew, arrivals.batches, limits)
    return arrivals.rate(feed.example_bytes / arrivals.batches[0][1] if arrivals.batches else 0.0)


def _take_elements(
    dataset: tf.data.Dataset,
    found: Preflight,
    arrivals: Arrivals,
    limits: Limits,
    enough: Callable[[], bool],
) -> Rate:
    """The same from a tf.data pipeline, which `fit` iterates as it is: its workers are its own."""

    def asked_to_stop() -> bool:
        return limits.stop is not None and limits.stop.is_set()

    def work() -> None:
        sizes = (leading_dimension(element) for element in dataset.repeat())
        _note(sizes, arrivals, lambda: enough() or asked_to_stop())

    with board() as where:
        watch(work, Crew(None, where), arrivals.batches, limits)
    return arrivals.rate(_bytes(found.example) / arrivals.batches[0][1] if arrivals.batches else 0)


def _bytes(batch: Any) -> int:
    """Of all arrays of a batch."""
    return sum(int(np.asarray(leaf).nbytes) for leaf in tf.nest.flatten(batch))


class _Feed(keras.utils.PyDataset):
    """A loader as one endless epoch, with the workers asked for; the loader is not changed."""

    def __init__(
        self,
        loader: Loader,
        kind: Kind,
        example: Any,
        stop: threading.Event | None,
        where: Board,
    ) -> None:
        super().__init__(**asdict(kind))
        self._loader, self._length, self._example, self._where = loader, len(loader), example, where
        self._stop = stop
        # Shared with worker processes: what is queued when we stop is not worth computing.
        self._stopped = multiprocessing.RawValue("b", 0)

    @property
    def num_batches(self) -> None:
        """Endless, so that a short epoch does not restart the workers within the measurement."""

    @property
    def example_bytes(self) -> int:
        return _bytes(self._example)

    @property
    def is_asked_to_stop(self) -> bool:
        return self._stop is not None and self._stop.is_set()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_stop": None}  # worker processes would not see it

    def __getitem__(self, index: int) -> Any:
        if self._stopped.value or self.is_asked_to_stop:
            return self._example
        with self._where.batch():
            return self._loader[index % self._length]

    def finish(self) -> None:
        self._stopped.value = 1


@contextmanager
def _batches(feed: _Feed, adapter: FeedAdapter, crew: Crew) -> Iterator[Iterator[int]]:
    """The number of samples of each batch as it arrives."""
    # In this order, as `fit` does: it fetches two batches here, in which workers that had been
    # started before would fill the queue.
    dataset = adapter.get_tf_dataset()
    adapter.on_epoch_begin()
    try:
        yield (leading_dimension(batch) for batch in dataset)
    except tf.errors.OpError:
        if adapter.error is not None:
            raise adapter.error from None
        raise
    finally:
        feed.finish()
        try:
            adapter.on_epoch_end()
        finally:
            crew.join()


def _note(batches: Iterator[int], arrivals: Arrivals, enough: Callable[[], bool]) -> None:
    arrivals.began = perf_counter()
    for samples in batches:
        arrivals.batches.append((perf_counter(), samples))
        arrivals.peak_memory_bytes = max(arrivals.peak_memory_bytes, _anonymous_bytes())
        if enough():
            break
    if arrivals.kind.use_multiprocessing:
        arrivals.peak_memory_bytes += _workers_bytes()


def _anonymous_bytes() -> int:
    """Memory of this process that is not a mapped file's: those pages belong to the cache."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return int(psutil.Process().memory_info().rss)
    return int(status.split("RssAnon:")[1].split()[0]) * 1024


def _workers_bytes() -> int:
    children = psutil.Process().children()
    return sum(int(child.memory_full_info().uss) for child in children if child.is_running())
