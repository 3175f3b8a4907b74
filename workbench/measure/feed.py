"""Measure a loader through the same feed as `fit`, without a model. Importing this imports Keras.

Iterating over a PyDataset applies no parallelism, so the batches come from Keras's own adapter:
its threads or processes, its queue, its transfer to TensorFlow.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from math import inf
from time import perf_counter
from typing import Any

import tensorflow as tf

from workbench.batch import leading_dimension
from workbench.compat.keras_feed import FeedAdapter
from workbench.isolation.explain_errors import message
from workbench.isolation.growth import KeepsGrowing
from workbench.loader import Loader
from workbench.measure.batch_log import BatchLog
from workbench.measure.batch_times import LEAST_MEASURED, BatchTimes, FeedOptions
from workbench.measure.endless_dataset import EndlessDataset
from workbench.measure.keras_refusal import KerasRefusal, ShapeCheck, refusal
from workbench.measure.process_memory import anonymous_bytes, worker_bytes
from workbench.measure.rate import Rate
from workbench.measure.summarize_rate import summarize
from workbench.measure.workers.batch_error import BatchError
from workbench.measure.workers.blame import blame
from workbench.measure.workers.preflight import Preflight, examine
from workbench.measure.workers.watchdog import Limits, watch
from workbench.measure.workers.worker_monitor import monitor_workers
from workbench.measure.workers.worker_pool import WorkerPool

# No feed that works reaches these limits, however busy the machine.
PATIENCE = 30.0  # seconds without a batch
START = 10.0  # seconds to start a worker, which takes 5 s of a core to import TensorFlow
SLOWER = 10.0  # times that a batch may take as long as without workers, for each worker
GRACE = 5.0  # seconds to stop, besides a batch
LONGEST = 400  # characters of an error of Keras


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
        loader: Gives the batches; is not changed.
        workers: As in `keras.utils.PyDataset`.
        use_multiprocessing: Processes instead of threads.
        max_queue_size: Most batches that may wait in the queue.
        seconds: How long to measure after the first batches.
        stop: Ends the measurement early when set.

    Raises:
        ValueError: If there are no workers or no batches.
        Stopped: If `stop` was set before two batches were measured.
        WorkersRefused: If worker processes would hang or could not start.
        WorkerError: If a worker process ended, or no batch came for far too long.
    """
    check_arguments(loader, workers)
    options = FeedOptions(workers, use_multiprocessing, max_queue_size)
    found = examine(loader, workers, use_multiprocessing)
    found.raise_problems()
    times, limits = BatchTimes(options), limits_for(options, found, stop)
    try:
        return take_batches(loader, found, times, limits, lambda: times.has_enough(seconds, inf))
    except BatchError as failed:
        error = failed.error
        for problem, advice in blame(loader, failed, use_multiprocessing):
            error.add_note(f"{problem} {advice}".strip())
    raise error  # not above, where it would get the BatchError as its context


def check_arguments(loader: Loader, workers: int) -> None:
    """Raise a ValueError if there are no batches or no workers."""
    len(loader)
    if workers < 1:
        raise ValueError(f"workers: expected at least 1. Received: workers={workers}")


def limits_for(
    options: FeedOptions, found: Preflight, stop: threading.Event | None = None
) -> Limits:
    """Limits for a feed whose batches take as long as the one of the preflight."""
    batch = SLOWER * options.workers * found.seconds
    start = START * options.workers if options.use_multiprocessing else 0.0
    return Limits(PATIENCE + start + batch, stop=stop, grace=GRACE + batch)


def take_batches(
    loader: Loader,
    found: Preflight,
    times: BatchTimes,
    limits: Limits,
    has_enough: Callable[[], bool],
) -> Rate:
    """Take batches until there are enough or `limits.stop` is set, and leave no worker behind.

    Args:
        loader: Gives the batches; is not changed.
        found: Its example replaces batches that nobody needs any more.
        times: Where each batch is noted.
        limits: When to give up; see `watch`.
        has_enough: Asked after each batch.

    Raises:
        BatchError: If the loader raised an exception.
        KerasRefusal: If Keras does not accept a batch.
    """
    log = BatchLog(loader)
    log.mark(0)  # the example
    if isinstance(loader.original, tf.data.Dataset):
        loader.restart()
        _take_elements(log, times, limits, has_enough)
        return summarize(times, log, found.example)
    refused = refusal(found.example, from_generator=loader.forward_only)
    if refused:
        raise KerasRefusal(refused)
    with monitor_workers() as monitor:
        dataset = EndlessDataset(log, times.options, found.example, limits.stop, monitor)
        adapter = FeedAdapter(dataset)
        pool = WorkerPool(adapter.enqueuer, monitor)

        def work() -> None:
            with _batch_sizes(dataset, adapter, pool) as sizes:
                _note_times(sizes, times, lambda: has_enough() or dataset.is_asked_to_stop)

        try:
            watch(work, pool, times.batches, limits)
        except KeepsGrowing:
            if len(times.measured) < LEAST_MEASURED:
                raise
        finally:
            dataset.forget()
    return summarize(times, log, found.example)


def _take_elements(
    log: BatchLog, times: BatchTimes, limits: Limits, has_enough: Callable[[], bool]
) -> None:
    """Take batches from a tf.data pipeline, which `fit` iterates over without workers."""

    def is_asked_to_stop() -> bool:
        return limits.stop is not None and limits.stop.is_set()

    def work() -> None:
        sizes = (leading_dimension(log[index]) for index in count())
        _note_times(sizes, times, lambda: has_enough() or is_asked_to_stop())

    with monitor_workers() as monitor:
        watch(work, WorkerPool(None, monitor), times.batches, limits)


@contextmanager
def _batch_sizes(
    dataset: EndlessDataset, adapter: FeedAdapter, pool: WorkerPool
) -> Iterator[Iterator[int]]:
    """The number of samples of each batch as it arrives."""
    # In this order, as `fit` does: making the tf.data pipeline fetches two batches here, in which
    # time workers that had already started would fill the queue.
    with _keras_refusals(adapter):
        batches = adapter.get_tf_dataset()
    adapter.inspect = _shape_check(dataset, adapter)
    with pool.epoch(adapter, dataset.finish), _keras_refusals(adapter):
        yield (leading_dimension(batch) for batch in batches)


@contextmanager
def _keras_refusals(adapter: FeedAdapter) -> Iterator[None]:
    """Raise what the dataset raised, and Keras's and TensorFlow's errors as `KerasRefusal`."""
    try:
        yield
    except (TypeError, ValueError, tf.errors.OpError) as caught:
        error = adapter.error or caught
    else:
        return
    if isinstance(error, KerasRefusal) or not isinstance(
        error, (TypeError, ValueError, tf.errors.InvalidArgumentError)
    ):
        raise error
    text = message(error)
    raise KerasRefusal(text[:LONGEST]) from error


def _shape_check(dataset: EndlessDataset, adapter: FeedAdapter) -> Callable[[int, Any], None]:
    shapes = ShapeCheck(adapter.signature)

    def inspect(number: int, batch: Any) -> None:
        shapes.check(batch, dataset.name(number))

    return inspect


def _note_times(sizes: Iterator[int], times: BatchTimes, has_enough: Callable[[], bool]) -> None:
    times.began = perf_counter()
    for samples in sizes:
        times.batches.append((perf_counter(), samples))
        times.peak_memory_bytes = max(times.peak_memory_bytes, anonymous_bytes())
        if has_enough():
            break
    if times.options.use_multiprocessing:
        times.peak_memory_bytes += worker_bytes()
