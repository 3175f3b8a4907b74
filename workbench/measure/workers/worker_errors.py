"""What goes wrong with workers, in words: they hang, end, or would not do at all."""

from __future__ import annotations

import signal

from workbench.measure.workers.worker_stacks import Standing

USE_THREADS = "use threads (use_multiprocessing=False)"
LATE = "forked after TensorFlow's threads had started"


class WorkerError(RuntimeError):
    """Workers hang, ended, or were refused.

    Attributes:
        problems: What is wrong.
        advice: What to do about it.
        standing: Where each worker stood.
    """

    def __init__(
        self,
        problems: tuple[str, ...],
        advice: tuple[str, ...] = (),
        standing: tuple[Standing, ...] = (),
    ) -> None:
        super().__init__(" ".join((*problems, *advice)))
        self.problems, self.advice, self.standing = problems, advice, standing


class WorkersRefused(WorkerError):
    """Worker processes were not started, because they would hang or fail."""


def ended(worker: int, code: int) -> WorkerError:
    """A worker process has ended, with an exit code as `multiprocessing` has it."""
    if code < 0:
        how = f"was ended by {signal.Signals(-code).name}"
    else:
        how = f"ended itself with exit code {code}"
    return WorkerError(
        (f"Worker {worker} {how}. Keras would wait for its batch for ever.",),
        (f"{_look_for(code)}, or {USE_THREADS}.",),
    )


def hung(seconds: float, standing: tuple[Standing, ...], forked: bool) -> WorkerError:
    """No batch has come for too long, while workers stood there."""
    busy = [str(each) for each in standing if each.state == "busy"]
    idle = [str(each) for each in standing if each.state != "busy"]
    advice: tuple[str, ...] = ()
    if forked and busy:
        busy.append(f"{'it was' if len(busy) == 1 else 'they were'} {LATE}")
        advice = (
            "If TensorFlow computes there, keep it out of __getitem__: in forked processes it "
            f"hangs, NumPy and OpenCV do not. Or {USE_THREADS}.",
        )
    where = ". ".join("; ".join(some) for some in (busy, idle) if some) or "No worker is in one"
    return WorkerError((f"No batch came for {seconds:.0f} s. {where}.",), advice, standing)


def _look_for(code: int) -> str:
    if -code == getattr(signal, "SIGKILL", None):
        return "The machine may have run out of memory: use fewer workers or smaller batches"
    if code < 0:
        return "Look for C code that crashes in a worker process"
    return "Look for what ends the process in __getitem__, or for an error at its start"
