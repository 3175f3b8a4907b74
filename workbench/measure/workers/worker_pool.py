"""The workers of one of Keras's feeds: who has ended, where each stands, and the end of them all.

Keras waits without end for the batch of a worker that died; `multiprocessing` replaces the worker
and says nothing.
"""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable
from time import monotonic
from typing import Any

from workbench.compat import keras_feed, process_pool
from workbench.measure.workers.worker_errors import WorkerError, ended, hung
from workbench.measure.workers.worker_stacks import Board, Standing

# How long to wait for threads that end by themselves once their pool has ended.
END_SECONDS = 5.0
STEP_SECONDS = 0.01


class Crew:
    """The workers of a feed, in whichever pool Keras makes next.

    Args:
        enqueuer: Keras's; None where it makes no pool.
        board: Where the workers write down what they do.
    """

    def __init__(self, enqueuer: Any, board: Board) -> None:
        self._enqueuer, self._board = enqueuer, board
        # The pool and its first workers, set together: the next epoch has another.
        self._team: tuple[Any, list[Any]] = (None, [])
        self._runners: list[threading.Thread] = []  # Keras's threads, which ask for batches
        self._over = False
        keras_feed.renew_worker_queue()
        if enqueuer is not None:
            keras_feed.on_new_pool(enqueuer, self._keep)

    @property
    def has_processes(self) -> bool:
        """Whether the workers are processes; False before there are any."""
        return process_pool.has_processes(self._team[0])

    def lost(self) -> WorkerError | None:
        """What happened, if a process has ended; its pool has replaced it by now."""
        pool, workers = self._team
        if not process_pool.has_processes(pool):
            return None
        # A pool removes none but those that ended before their work was done, and in the end none.
        present = process_pool.workers(pool)
        gone = (n for n, each in enumerate(workers, 1) if each not in present or each.exitcode)
        number = next(gone, None)
        return None if number is None else ended(number, workers[number - 1].exitcode)

    def hung(self, seconds: float) -> WorkerError:
        """That no batch has come for so long, and where the workers stand; ask once."""
        forked = self.has_processes and multiprocessing.get_start_method() == "fork"
        return hung(seconds, self._standing(), forked)

    def join(self) -> None:
        """Wait for the end of an epoch that Keras has been told of: it closes the pool."""
        # After an error Keras does not wait itself.
        for runner in self._runners:
            while runner.is_alive():
                self._make_room()
                runner.join(STEP_SECONDS)
        if self.has_processes:
            self._team[0].join()
        # Here and now: as garbage it would end in whichever thread collects it, TensorFlow's too.
        self._team = None, []
        self._forget()

    def end(self, helper: threading.Thread) -> None:
        """End the workers, and the threads that wait for them: Keras's, and `helper`.

        Threads cannot be killed: a worker thread, and where there is no pool `helper`, is left
        to its batch.
        """
        self._over = True
        until = monotonic() + (END_SECONDS if self._enqueuer is not None else STEP_SECONDS)
        over = WorkerError(("The workers were ended.",))
        pool_ended = None
        while any(t.is_alive() for t in (helper, *self._runners)) and monotonic() < until:
            pool = self._team[0]  # `join`, in the helper, may forget it at any time
            if pool is not None and pool is not pool_ended:
                pool_ended = pool
                process_pool.end(pool)
            if pool_ended is not None:
                process_pool.fail(pool_ended, over)  # each time: more may have been asked for
            if not helper.is_alive():
                self._make_room()
            helper.join(STEP_SECONDS)
        keras_feed.renew_worker_queue()
        self._forget()

    def _standing(self) -> tuple[Standing, ...]:
        pool, workers = self._team
        if process_pool.has_processes(pool):
            return self._board.processes([worker.pid for worker in workers])
        return self._board.threads([worker.ident for worker in workers])

    def _keep(self, make: Callable[[], Any]) -> Any:
        self._runners.append(threading.current_thread())
        if self._over:
            raise WorkerError(("The workers were ended.",))
        pool = make()
        self._team = pool, process_pool.workers(pool)
        return pool

    def _forget(self) -> None:
        if self._enqueuer is not None:
            keras_feed.forget_dataset(self._enqueuer)

    def _make_room(self) -> None:
        if self._enqueuer is not None:
            keras_feed.drop_queued_batch(self._enqueuer)
