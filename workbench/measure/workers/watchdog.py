"""Take batches from workers in a thread while the calling thread watches, so that nothing hangs.

Jupyter's Interrupt reaches the calling thread, so it works as well.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sized
from concurrent.futures import Future, wait
from dataclasses import dataclass
from math import inf
from pathlib import Path
from time import monotonic, sleep
from typing import TypeVar

from workbench.measure.rate import Stopped
from workbench.measure.workers.worker_pool import WorkerPool

T = TypeVar("T")
CHECK_SECONDS = 0.1  # between two checks of the workers
EXIT_SECONDS = 1.0  # that a thread takes at most to end, on a busy machine


@dataclass(frozen=True)
class Limits:
    """When to give up.

    Attributes:
        patience: Most seconds without a batch.
        until: A time of `time.monotonic`.
        usual: Seconds without a batch that are not an error at `until`.
        stop: Set to ask for the end.
        grace: Most seconds that the end may take then.
    """

    patience: float
    until: float = inf
    usual: float = 0.0
    stop: threading.Event | None = None
    grace: float = inf


def watch(work: Callable[[], T], pool: WorkerPool, received: Sized, limits: Limits) -> T:
    """Run a function that takes batches in a thread, and return its result.

    Args:
        work: Returns by itself unless a worker hangs or has ended.
        pool: Its workers are ended if `work` is given up, including on an Interrupt.
        received: Becomes longer with each batch.
        limits: When to give up.

    Raises:
        WorkerError: If a worker process ended, or no batch came within the limits.
        Stopped: If `limits.stop` was set and `work` did not end soon, or at `limits.until` while
            batches still came.
    """
    outcome: Future[T] = Future()
    helper = threading.Thread(target=_run, args=(outcome, work), name="workbench", daemon=True)
    watchdog = _Watchdog(pool, received, limits)
    try:
        helper.start()
        while not wait([outcome], CHECK_SECONDS).done:
            watchdog.check()
    except BaseException:
        pool.end(helper)
        raise
    _wait_for_exit(helper)
    return outcome.result()


class _Watchdog:
    def __init__(self, pool: WorkerPool, received: Sized, limits: Limits) -> None:
        self._pool, self._received, self._limits = pool, received, limits
        self._count, self._last_batch, self._stop_asked = 0, monotonic(), inf

    def check(self) -> None:
        now, limits = monotonic(), self._limits
        if len(self._received) > self._count:
            self._count, self._last_batch = len(self._received), now
        if limits.stop is not None and limits.stop.is_set():
            self._stop_asked = min(self._stop_asked, now)
            if now - self._stop_asked > limits.grace:
                raise Stopped(f"after {self._count} batches")
        ended = self._pool.find_ended()
        if ended is not None:
            raise ended
        silence = now - self._last_batch
        if now > limits.until and silence < limits.usual:
            raise Stopped(f"at the time limit, after {self._count} batches")
        if silence > limits.patience or now > limits.until:
            raise self._pool.no_batch(silence)


def _wait_for_exit(thread: threading.Thread) -> None:
    """Wait until the system has ended a thread too; see `find_repeats.find`."""
    thread.join()
    task, until = Path(f"/proc/self/task/{thread.native_id}"), monotonic() + EXIT_SECONDS
    while task.exists() and monotonic() < until:
        sleep(0.0002)


def _run(outcome: Future[T], work: Callable[[], T]) -> None:
    try:
        outcome.set_result(work())
    except BaseException as error:
        outcome.set_exception(error)
