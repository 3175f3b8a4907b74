"""Run the batches of a profile in worker processes."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import sys
from collections.abc import Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import ForkingPickler
from time import perf_counter
from typing import Any, cast

from workbench.measure.lines.observations import Observation
from workbench.measure.lines.profiled_loader import ProfiledLoader
from workbench.measure.workers.batch_error import sendable
from workbench.measure.workers.worker_errors import no_batch, worker_ended
from workbench.measure.workers.worker_monitor import WorkerMonitor, monitor_workers


class ProcessRunner:
    """Worker processes, each with its own pipe, which shows when a process dies or hangs.

    They start as Keras's do, by the platform's start method. Forked, they inherit the instrumented
    functions; otherwise each finds and instruments them again (see `ProfiledLoader.__reduce__`).

    Args:
        loader: What they run.
        workers: Number of processes.
        limit: Seconds that a batch may take.
    """

    def __init__(self, loader: ProfiledLoader, workers: int, limit: float) -> None:
        self._limit = limit
        self._pipes: list[Connection] = []
        self._processes: list[BaseProcess] = []
        context = multiprocessing.get_context()
        self._forked = context.get_start_method() == "fork"
        self._undo = contextlib.ExitStack()
        self._monitor = self._undo.enter_context(monitor_workers())
        for _ in range(workers):
            own_end, worker_end = context.Pipe()
            self._pipes.append(own_end)
            # A forked worker inherits our ends too. While one is open, no worker would notice that
            # this process is gone.
            inherited = self._pipes[:] if self._forked else []
            work = (worker_end, inherited, loader, self._monitor)
            process = context.Process(target=_serve, args=work, daemon=True)
            self._processes.append(process)
            process.start()
            worker_end.close()

    def run(self, indices: Sequence[int], profiled: bool) -> list[Observation]:
        """See `Runner`."""
        waiting, free = list(reversed(indices)), list(self._pipes)
        busy: set[Connection] = set()
        observations = []
        while waiting or busy:
            while waiting and free:
                pipe = free.pop()
                busy.add(pipe)
                pipe.send((waiting.pop(), profiled))
            for pipe in self._ready(busy):
                observations.append(self._answer(pipe))
                busy.remove(pipe)
                free.append(pipe)
        return observations

    def close(self) -> None:
        """See `Runner`; does not wait for a batch that is running. Safe to call twice."""
        while self._pipes:
            pipe, process = self._pipes.pop(), self._processes.pop()
            process.kill()
            process.join()
            process.close()
            pipe.close()
        self._undo.close()

    def _ready(self, busy: set[Connection]) -> list[Connection]:
        ready = cast(list[Connection], wait(list(busy), self._limit))
        if not ready:
            pids = [process.pid or 0 for process in self._processes]
            with_tensorflow = self._forked and "tensorflow" in sys.modules
            raise no_batch(self._limit, self._monitor.process_statuses(pids), with_tensorflow)
        return ready

    def _answer(self, pipe: Connection) -> Observation:
        try:
            pipe.recv_bytes()  # the batch itself, which training would use now
            answer = pipe.recv()
        except EOFError:
            number = self._pipes.index(pipe)
            self._processes[number].join()
            raise worker_ended(number + 1, self._processes[number].exitcode or 0) from None
        if isinstance(answer, Exception):
            raise answer
        return cast(Observation, answer)


def _serve(
    pipe: Connection, inherited: list[Connection], loader: ProfiledLoader, monitor: WorkerMonitor
) -> None:
    """Run batches in a worker process on request, until the pipe is closed."""
    # Jupyter's Interrupt goes to the whole process group; the parent decides what ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for other in inherited:
        other.close()
    with monitor.making_batch():
        loader.batch(0, False)  # the first one touches memory that is shared until then
    with contextlib.suppress(EOFError):
        while True:
            index, profiled = pipe.recv()
            with monitor.making_batch():
                answer = _run(pipe, loader, index, profiled)
            pipe.send(answer)


def _run(pipe: Connection, loader: ProfiledLoader, index: int, profiled: bool) -> Any:
    """Run one batch and send it; return the observation, or the exception."""
    try:
        instruments = loader.instruments
        with instruments.enabled_in_process() if profiled else contextlib.nullcontext():
            observation, batch = loader.batch(index, profiled)
        if profiled:
            observation.timings = instruments.new_timings()
        began = perf_counter()
        payload = ForkingPickler.dumps(batch)  # as multiprocessing's pools do
    except Exception as error:
        pipe.send_bytes(b"")
        return sendable(error)
    pipe.send_bytes(payload)
    observation.transfer_seconds = perf_counter() - began
    return observation
