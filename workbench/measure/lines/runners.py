"""Run the batches of a profile: in the calling thread, in threads, or in processes."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from multiprocessing.dummy import Pool as ThreadPool
from typing import Protocol

from workbench.compat import process_pool
from workbench.measure.lines.observations import Observation
from workbench.measure.lines.profiled_loader import ProfiledLoader

END_SECONDS = 1.0  # how long to wait for threads, which cannot be ended


class Runner(Protocol):
    """Runs batches; each worker runs one at a time."""

    def run(self, indices: Sequence[int], profiled: bool) -> list[Observation]:
        """Run these batches; return observations of each or of all together."""

    def close(self) -> None:
        """End the workers."""


class ThreadRunner:
    """Threads of this process, in the kind of pool that Keras uses.

    Args:
        loader: What they run.
        workers: Number of threads; 0 for the calling thread.
    """

    def __init__(self, loader: ProfiledLoader, workers: int) -> None:
        self._loader = loader
        self._pool = ThreadPool(workers) if workers else None

    def run(self, indices: Sequence[int], profiled: bool) -> list[Observation]:
        """See `Runner`. The profiler does not tell threads apart: one sum for all batches."""

        def run(index: int) -> Observation | BaseException:
            try:
                return self._loader.batch(index, profiled)[0]
            except BaseException as error:  # a pool waits forever for a task that raises SystemExit
                return error

        instruments, total = self._loader.instruments, Observation()
        with instruments.enabled_in_process() if profiled else contextlib.nullcontext():
            if self._loader.works_ahead:
                run(indices[0])  # what was begun before, while lines were counted or were not
                instruments.new_timings()
            elsewhere = self._loader.threads.seconds
            for found in self._pool.map(run, indices, 1) if self._pool else map(run, indices):
                if isinstance(found, BaseException):
                    raise found
                total.add(found)
            if self._loader.works_ahead:
                self._loader.divide(total, self._loader.threads.seconds - elsewhere, profiled)
        if profiled:
            total.timings = instruments.new_timings()
        return [total]

    def close(self) -> None:
        """See `Runner`; gives up threads whose batch does not end, for instance on an Interrupt."""
        if self._pool is not None:
            self._pool.terminate()
            for thread in process_pool.workers(self._pool):
                thread.join(END_SECONDS / len(process_pool.workers(self._pool)))
