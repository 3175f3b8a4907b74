"""Errors of workers: they hang, end, or are refused before they start."""

from __future__ import annotations

import signal

from workbench.measure.workers.worker_monitor import WorkerStatus

USE_THREADS = "use threads (use_multiprocessing=False)"
LATE = "forked after TensorFlow's threads had started"


class WorkerError(RuntimeError):
    """Workers hang, ended, or were refused.

    Attributes:
        problems: What is wrong.
        advice: What to do about it.
        statuses: What each worker was doing.
    """

    def __init__(
        self,
        problems: tuple[str, ...],
        advice: tuple[str, ...] = (),
        statuses: tuple[WorkerStatus, ...] = (),
    ) -> None:
        super().__init__(" ".join((*problems, *advice)))
        self.problems, self.advice, self.statuses = problems, advice, statuses


class WorkersRefused(WorkerError):
    """Worker processes were not started, because they would hang or fail."""


def worker_ended(worker: int, code: int) -> WorkerError:
    """The error for a worker process that has ended, with `multiprocessing`'s exit code."""
    if code < 0:
        how = f"was ended by {signal.Signals(-code).name}"
    else:
        how = f"ended itself with exit code {code}"
    return WorkerError(
        (f"Worker {worker} {how}. Keras would wait forever for its batch.",),
        (f"{_look_for(code)}, or {USE_THREADS}.",),
    )


def no_batch(seconds: float, statuses: tuple[WorkerStatus, ...], forked: bool) -> WorkerError:
    """The error for workers that have not delivered a batch for too long."""
    busy = [str(each) for each in statuses if each.state == "busy"]
    idle = [str(each) for each in statuses if each.state != "busy"]
    advice: tuple[str, ...] = ()
    if forked and busy:
        busy.append(f"{'it was' if len(busy) == 1 else 'they were'} {LATE}")
        advice = (
            "If __getitem__ runs TensorFlow there, use NumPy or OpenCV instead: TensorFlow hangs "
            f"in forked processes. Or {USE_THREADS}.",
        )
    where = ". ".join("; ".join(some) for some in (busy, idle) if some) or "No worker is making one"
    return WorkerError((f"No batch came for {seconds:.0f} s. {where}.",), advice, statuses)


def _look_for(code: int) -> str:
    if -code == getattr(signal, "SIGKILL", None):
        return "The machine may have run out of memory: use fewer workers or smaller batches"
    if code < 0:
        return "Look for C code that crashes in a worker process"
    return "Look for what ends the process in __getitem__, or for an error at its start"
