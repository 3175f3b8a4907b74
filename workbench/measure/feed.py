"""Measure a loader through the same feed as `fit`, without a model. Importing this imports Keras.

Iterating a PyDataset by hand applies no parallelism, so the batches are taken from Keras's own
adapter: its threads or processes, its queue, its hand-over to TensorFlow.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import statistics
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil
from pathlib import Path
from time import perf_counter
from typing import Any

import keras
import psutil
import tensorflow as tf

# Not public, but it is what `fit` uses; the tests compare it with `fit`.
from keras.src.trainers.data_adapters import py_dataset_adapter

from workbench.measure.rate import Rate, Spread, Stopped

# Arrivals are grouped into at most so many intervals: enough for a median and a spread, and each
# long enough that batches which come in bursts, from several workers or after a pause, even out.
MOST_INTERVALS = 10


def measure(
    loader: Any,
    workers: int,
    use_multiprocessing: bool,
    max_queue_size: int,
    seconds: float,
    stop: threading.Event | None = None,
) -> Rate:
    """Take batches from Keras's feed as fast as they come; see `workbench.measure_rate`.

    Args:
        loader: Has `__getitem__` and `__len__`.
        workers: As in `keras.utils.PyDataset`; so are the next two.
        use_multiprocessing: Processes instead of threads.
        max_queue_size: Batches that may wait.
        seconds: How long to measure, after the first batches.
        stop: Ends the measurement early when set.

    Raises:
        ValueError: If there are no workers or no batches.
        Stopped: If `stop` was set before two batches were measured.
    """
    if workers < 1 or len(loader) < 1:
        raise ValueError(
            "expected at least one worker and one batch. "
            f"Received: workers={workers}, {len(loader)} batches"
        )
    feed = _Feed(loader, workers, use_multiprocessing, max_queue_size, stop)
    # The batches that were begun together with the first one arrive together with it.
    warm_up = workers + 1
    arrivals: list[tuple[float, int]] = []
    peak = 0
    with _batches(feed) as batches:
        began = perf_counter()
        for samples in batches:
            arrivals.append((perf_counter(), samples))
            peak = max(peak, _anonymous_bytes())
            measured = arrivals[-1][0] - arrivals[min(warm_up, len(arrivals)) - 1][0]
            enough = len(arrivals) >= warm_up + 2 and measured >= seconds
            if enough or (stop is not None and stop.is_set()):
                break
        peak += _workers_bytes() if use_multiprocessing else 0
    if len(arrivals) < warm_up + 2:
        raise Stopped(f"after {len(arrivals)} batches")
    intervals = list(_intervals(arrivals[warm_up - 1 :], workers))
    rate = _spread([samples / duration for duration, samples, _ in intervals])
    bytes_per_sample = feed.example_bytes / arrivals[0][1]
    return Rate(
        samples_per_second=rate,
        batch_ms=_spread([1e3 * duration / count for duration, _, count in intervals]),
        first_batch_ms=1e3 * (arrivals[0][0] - began),
        megabytes_per_second=rate.median * bytes_per_sample / 1e6,
        peak_memory_bytes=peak,
        workers=workers,
        use_multiprocessing=use_multiprocessing,
        max_queue_size=max_queue_size,
    )


class _Feed(keras.utils.PyDataset):
    """A loader as one endless epoch, with the workers asked for; the loader is not changed."""

    def __init__(
        self,
        loader: Any,
        workers: int,
        use_multiprocessing: bool,
        queue: int,
        stop: threading.Event | None,
    ) -> None:
        super().__init__(
            workers=workers, use_multiprocessing=use_multiprocessing, max_queue_size=queue
        )
        self._loader, self._length, self._parent = loader, len(loader), os.getpid()
        self._stop = None if use_multiprocessing else stop  # worker processes would not see it
        self._example = loader[0]
        # Shared with worker processes: what is queued when we stop is not worth computing.
        self._stopped = multiprocessing.RawValue("b", 0)

    @property
    def num_batches(self) -> None:
        """Endless, so that a short epoch does not restart the workers within the measurement."""

    @property
    def example_bytes(self) -> int:
        return sum(int(leaf.nbytes) for leaf in tf.nest.flatten(self._example))

    def __getitem__(self, index: int) -> Any:
        if os.getpid() != self._parent:
            # Jupyter's Interrupt goes to the whole process group; a pool whose workers it kills
            # waits for them for ever.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        if self._stopped.value or (self._stop is not None and self._stop.is_set()):
            return self._example
        return self._loader[index % self._length]

    def finish(self) -> None:
        self._stopped.value = 1


class _Adapter(py_dataset_adapter.PyDatasetAdapter):
    """Keras's adapter, keeping the generator's exception: TensorFlow passes on its text."""

    error: Exception | None = None

    def _get_iterator(self) -> Iterator[Any]:
        try:
            yield from super()._get_iterator()
        except Exception as error:
            self.error = error
            raise


@contextmanager
def _batches(feed: _Feed) -> Iterator[Iterator[int]]:
    """The number of samples of each batch as it arrives; leaves no worker behind."""
    adapter = _Adapter(feed)
    pools = set(py_dataset_adapter._DATA_POOLS)
    # In this order, as `fit` does: it fetches two batches here, in which workers that had been
    # started before would fill the queue.
    dataset = adapter.get_tf_dataset()
    adapter.on_epoch_begin()
    try:
        yield (int(tf.nest.flatten(batch)[0].shape[0]) for batch in dataset)
    except tf.errors.OpError:
        if adapter.error is not None:
            raise adapter.error from None
        raise
    finally:
        feed.finish()
        adapter.on_epoch_end()
        for pool in set(py_dataset_adapter._DATA_POOLS) - pools:
            pool.join()


def _intervals(arrivals: list[tuple[float, int]], workers: int) -> Iterator[tuple[float, int, int]]:
    """(seconds, samples, batches) between arrivals, grouped.

    Batches of several workers come in bursts: an interval holds at least two from each worker.
    """
    count = len(arrivals) - 1
    size = min(count, workers * max(2, ceil(count / MOST_INTERVALS / workers)))
    for start in range(0, count - size + 1, size):
        inside = arrivals[start + 1 : start + size + 1]
        yield inside[-1][0] - arrivals[start][0], sum(samples for _, samples in inside), size


def _spread(values: list[float]) -> Spread:
    if len(values) < 2:
        return Spread(values[0], 0.0, 1)
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(statistics.median(values), high - low, len(values))


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
