"""Who runs the batches of a profile: the calling thread, threads, or processes."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import sys
from collections.abc import Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.dummy import Pool as ThreadPool
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import ForkingPickler
from time import perf_counter
from typing import Any, Protocol, cast

from workbench.compat import process_pool
from workbench.measure.lines.profiled_loader import Probe, Seen
from workbench.measure.workers.worker_errors import ended, hung
from workbench.measure.workers.worker_stacks import Board, board


class Runner(Protocol):
    """Runs batches; each worker runs one at a time."""

    def run(self, indices: Sequence[int], profiled: bool) -> list[Seen]:
        """Run these batches and say what was seen, of each or of all together."""

    def close(self) -> None:
        """End the workers."""


class Threads:
    """Threads of this process: the pool class that Keras uses. With 0 it is the calling thread."""

    def __init__(self, probe: Probe, workers: int) -> None:
        self._probe = probe
        self._pool = ThreadPool(workers) if workers else None

    def run(self, indices: Sequence[int], profiled: bool) -> list[Seen]:
        """See `Runner`. The profiler does not tell threads apart: one sum for all batches."""

        def run(index: int) -> Seen | BaseException:
            try:
                return self._probe.batch(index, profiled)[0]
            except (
                BaseException
            ) as error:  # a pool waits for ever for a task that raises SystemExit
                return error

        whole = Seen()
        with self._probe.instruments.everywhere() if profiled else contextlib.nullcontext():
            for seen in self._pool.map(run, indices, 1) if self._pool else map(run, indices):
                if isinstance(seen, BaseException):
                    raise seen
                whole.add(seen)
        if profiled:
            whole.ticks = self._probe.instruments.new_ticks()
        return [whole]

    def close(self) -> None:
        """See `Runner`."""
        if self._pool is not None:
            self._pool.terminate()
            self._pool.join()


class Processes:
    """Worker processes, each with a pipe of its own, so that one that dies or hangs is known.

    They start as Keras's do, by the platform's start method. Forked, they inherit the instrumented
    functions; otherwise each finds and instruments them itself (see `Probe.__reduce__`).

    Args:
        probe: What they run.
        workers: How many.
        limit: Seconds that a batch may take.
    """

    def __init__(self, probe: Probe, workers: int, limit: float) -> None:
        self._limit = limit
        self._pipes: list[Connection] = []
        self._processes: list[BaseProcess] = []
        context = multiprocessing.get_context()
        self._forked = context.get_start_method() == "fork"
        self._open = contextlib.ExitStack()
        self._board = self._open.enter_context(board())
        for _ in range(workers):
            ours, theirs = context.Pipe()
            self._pipes.append(ours)
            # A forked worker has our ends too; while one is open, no worker would notice that we
            # are gone.
            inherited = self._pipes[:] if self._forked else []
            work = (theirs, inherited, probe, self._board)
            process = context.Process(target=_serve, args=work, daemon=True)
            self._processes.append(process)
            process.start()
            theirs.close()

    def run(self, indices: Sequence[int], profiled: bool) -> list[Seen]:
        """See `Runner`."""
        waiting, free, seen = list(reversed(indices)), list(self._pipes), []
        busy: dict[Connection, int] = {}
        while waiting or busy:
            while waiting and free:
                pipe = free.pop()
                busy[pipe] = waiting.pop()
                pipe.send((busy[pipe], profiled))
            for pipe in self._ready(busy):
                seen.append(self._answer(pipe))
                del busy[pipe]
                free.append(pipe)
        return seen

    def close(self) -> None:
        """See `Runner`; does not wait for a batch that is running."""
        for pipe, process in zip(self._pipes, self._processes, strict=True):
            process.kill()
            process.join()
            process.close()
            pipe.close()
        self._open.close()

    def _ready(self, busy: dict[Connection, int]) -> list[Connection]:
        ready = cast(list[Connection], wait(list(busy), self._limit))
        if not ready:
            pids = [process.pid or 0 for process in self._processes]
            with_tensorflow = self._forked and "tensorflow" in sys.modules
            raise hung(self._limit, self._board.processes(pids), with_tensorflow)
        return ready

    def _answer(self, pipe: Connection) -> Seen:
        try:
            pipe.recv_bytes()  # the batch itself, which training would use now
            answer = pipe.recv()
        except EOFError:
            number = self._pipes.index(pipe)
            self._processes[number].join()
            raise ended(number + 1, self._processes[number].exitcode or 0) from None
        if isinstance(answer, Exception):
            raise answer
        return cast(Seen, answer)


def _serve(pipe: Connection, inherited: list[Connection], probe: Probe, board: Board) -> None:
    """In a worker process: run batches as they are asked for, until the pipe is closed."""
    # Jupyter's Interrupt goes to the whole process group; the parent decides what ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for other in inherited:
        other.close()
    with board.batch():
        probe.batch(0, False)  # the first one touches memory that is shared until then
    with contextlib.suppress(EOFError):
        while True:
            index, profiled = pipe.recv()
            with board.batch():
                answer = _run(pipe, probe, index, profiled)
            pipe.send(answer)


def _run(pipe: Connection, probe: Probe, index: int, profiled: bool) -> Any:
    """Run one batch and pass it on; returns what was seen, or the exception."""
    try:
        with probe.instruments.everywhere() if profiled else contextlib.nullcontext():
            seen, batch = probe.batch(index, profiled)
        if profiled:
            seen.ticks = probe.instruments.new_ticks()
        began = perf_counter()
        payload = ForkingPickler.dumps(batch)  # as multiprocessing's pools do it
    except Exception as error:
        pipe.send_bytes(b"")
        return process_pool.sendable(error)
    pipe.send_bytes(payload)
    seen.handover = perf_counter() - began
    return seen
