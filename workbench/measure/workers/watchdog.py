"""Take batches from a crew in a thread, while the calling thread watches: nothing waits for ever.

Interrupt reaches the calling thread, so that it works as well.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sized
from concurrent.futures import Future, wait
from dataclasses import dataclass
from math import inf
from time import monotonic
from typing import TypeVar

from workbench.measure.rate import Stopped
from workbench.measure.workers.worker_pool import Crew

Result = TypeVar("Result")
GLANCE = 0.1  # seconds between two looks at the workers


@dataclass(frozen=True)
class Limits:
    """When to give up.

    Attributes:
        patience: Seconds without a batch.
        until: A time of `time.monotonic`.
        usual: A silence of so many seconds is no reason to complain at `until`.
        stop: Asks for the end.
        grace: Seconds it may take from then on.
    """

    patience: float
    until: float = inf
    usual: float = 0.0
    stop: threading.Event | None = None
    grace: float = inf


def watch(work: Callable[[], Result], crew: Crew, received: Sized, limits: Limits) -> Result:
    """Run in a thread what takes batches from a crew.

    Args:
        work: Ends by itself, unless a worker hangs or has ended.
        crew: Is ended when `work` has to be given up, also by an Interrupt.
        received: Grows with each batch.
        limits: When to give up.

    Raises:
        WorkerError: If a worker process ended, or no batch came within the limits.
        Stopped: If `limits.stop` was set and `work` did not end soon, or at `limits.until` while
            batches still came.
    """
    outcome: Future[Result] = Future()
    helper = threading.Thread(target=_fulfil, args=(outcome, work), name="workbench", daemon=True)
    guard = _Guard(crew, received, limits)
    try:
        helper.start()
        while not wait([outcome], GLANCE).done:
            guard.look()
    except BaseException:
        crew.end(helper)
        raise
    return outcome.result()


class _Guard:
    def __init__(self, crew: Crew, received: Sized, limits: Limits) -> None:
        self._crew, self._received, self._limits = crew, received, limits
        self._count, self._since, self._asked = 0, monotonic(), inf

    def look(self) -> None:
        now, limits = monotonic(), self._limits
        if len(self._received) > self._count:
            self._count, self._since = len(self._received), now
        if limits.stop is not None and limits.stop.is_set():
            self._asked = min(self._asked, now)
            if now - self._asked > limits.grace:
                raise Stopped(f"after {self._count} batches")
        lost = self._crew.lost()
        if lost is not None:
            raise lost
        silence = now - self._since
        if now > limits.until and silence < limits.usual:
            raise Stopped(f"at the time limit, after {self._count} batches")
        if silence > limits.patience or now > limits.until:
            raise self._crew.hung(silence)


def _fulfil(outcome: Future[Result], work: Callable[[], Result]) -> None:
    try:
        outcome.set_result(work())
    except BaseException as error:
        outcome.set_exception(error)
