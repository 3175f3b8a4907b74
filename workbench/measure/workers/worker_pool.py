"""The workers of one of Keras's feeds: which have ended, what each does, and how to end them.

Keras waits forever for the batch of a worker that died; `multiprocessing` replaces the worker
without a word.
"""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

from workbench.compat import keras_feed, process_pool
from workbench.measure.workers.worker_errors import WorkerError, no_batch, worker_ended
from workbench.measure.workers.worker_monitor import WorkerMonitor, WorkerStatus

# How long to wait for threads that end by themselves once their pool has ended.
END_SECONDS = 5.0
STEP_SECONDS = 0.01


class WorkerPool:
    """The workers of a feed, in whichever pool Keras makes next.

    Args:
        enqueuer: Keras's; None where it makes no pool.
        monitor: Where the workers note what they do.
    """

    def __init__(self, enqueuer: Any, monitor: WorkerMonitor) -> None:
        self._enqueuer, self._monitor = enqueuer, monitor
        # The pool and its first workers, set together: the next epoch has another.
        self._current: tuple[Any, list[Any]] = (None, [])
        self._keras_threads: list[threading.Thread] = []  # they ask the pool for batches
        self._ended = False
        keras_feed.renew_worker_queue()
        if enqueuer is not None:
            keras_feed.on_new_pool(enqueuer, self._adopt)

    @property
    def has_processes(self) -> bool:
        """Whether the workers are processes; False before there are any."""
        return process_pool.has_processes(self._current[0])

    def find_ended(self) -> WorkerError | None:
        """The error if a worker process has ended; its pool has replaced it by now."""
        pool, workers = self._current
        if not process_pool.has_processes(pool):
            return None
        # While it has work, a pool removes only workers that ended too early; when it closes, none.
        present = process_pool.workers(pool)
        gone = (n for n, each in enumerate(workers, 1) if each not in present or each.exitcode)
        number = next(gone, None)
        return None if number is None else worker_ended(number, workers[number - 1].exitcode)

    def no_batch(self, seconds: float) -> WorkerError:
        """The error for no batch within these seconds. Call once: it reads the workers' stacks."""
        forked = self.has_processes and multiprocessing.get_start_method() == "fork"
        return no_batch(seconds, self._statuses(), forked)

    @contextmanager
    def epoch(
        self, adapter: keras_feed.FeedAdapter, finish: Callable[[], object] = lambda: None
    ) -> Iterator[None]:
        """An epoch of an adapter: ended, and waited for, however it is left.

        Args:
            adapter: Whose enqueuer this pool is of.
            finish: Called before Keras is asked to close the pool.
        """
        adapter.on_epoch_begin()
        try:
            yield
        finally:
            finish()
            try:
                adapter.on_epoch_end()
            finally:
                self.join()

    def join(self) -> None:
        """Wait for the end of an epoch, after Keras has been asked to close the pool."""
        # After an error Keras does not wait itself.
        for thread in self._keras_threads:
            while thread.is_alive():
                self._drop_queued_batch()
                thread.join(STEP_SECONDS)
        if self.has_processes:
            self._current[0].join()
        # In this thread: as garbage it would end in whichever thread collects it, TensorFlow's too.
        self._current = None, []
        self._forget_dataset()

    def end(self, helper: threading.Thread) -> None:
        """End the workers, and the threads that wait for them: Keras's and `helper`.

        Threads cannot be killed: a worker thread, or `helper` where there is no pool, may be left
        with its batch.
        """
        self._ended = True
        until = monotonic() + (END_SECONDS if self._enqueuer is not None else STEP_SECONDS)
        error = WorkerError(("The workers were ended.",))
        ended_pool = None
        while any(t.is_alive() for t in (helper, *self._keras_threads)) and monotonic() < until:
            pool = self._current[0]  # `join`, in the helper, may forget it at any time
            if pool is not None and pool is not ended_pool:
                ended_pool = pool
                process_pool.end(pool)
            if ended_pool is not None:
                process_pool.fail(ended_pool, error)  # each time: more may have been asked for
            if not helper.is_alive():
                self._drop_queued_batch()
            helper.join(STEP_SECONDS)
        keras_feed.renew_worker_queue()
        self._forget_dataset()

    def _statuses(self) -> tuple[WorkerStatus, ...]:
        pool, workers = self._current
        if process_pool.has_processes(pool):
            return self._monitor.process_statuses([worker.pid for worker in workers])
        return self._monitor.thread_statuses([worker.ident for worker in workers])

    def _adopt(self, make: Callable[[], Any]) -> Any:
        self._keras_threads.append(threading.current_thread())
        if self._ended:
            raise WorkerError(("The workers were ended.",))
        pool = make()
        self._current = pool, process_pool.workers(pool)
        return pool

    def _forget_dataset(self) -> None:
        if self._enqueuer is not None:
            keras_feed.forget_dataset(self._enqueuer)

    def _drop_queued_batch(self) -> None:
        if self._enqueuer is not None:
            keras_feed.drop_queued_batch(self._enqueuer)
