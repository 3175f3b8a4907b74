"""Whether a loader works with workers: examined before they start, then tried with a time limit."""

from __future__ import annotations

import multiprocessing
from dataclasses import dataclass, replace
from time import monotonic
from typing import TYPE_CHECKING

from workbench.loader import Loader
from workbench.measure.batch_times import BatchTimes, FeedOptions
from workbench.measure.rate import Rate, Stopped
from workbench.measure.workers.worker_errors import WorkerError, WorkersRefused
from workbench.measure.workers.worker_monitor import WorkerStatus
from workbench.result import Result

if TYPE_CHECKING:
    from workbench.measure.workers.preflight import Preflight

# A batch may well take this many times as long for each worker that runs.
SLOWER = 3.0


@dataclass(frozen=True)
class WorkerCheck(Result):
    """Whether a loader works with workers.

    Attributes:
        ok: Whether it does.
        problems: Why not.
        advice: What to do about it.
        notes: Other remarks.
        rate: What was delivered, if there were enough batches for a figure.
        standing: What each worker was doing when no more batches came.
        workers: Number of workers that was checked.
        use_multiprocessing: Processes instead of threads.
    """

    ok: bool
    problems: tuple[str, ...]
    advice: tuple[str, ...]
    notes: tuple[str, ...]
    rate: Rate | None
    standing: tuple[WorkerStatus, ...]
    workers: int
    use_multiprocessing: bool


def check(loader: Loader, workers: int, use_multiprocessing: bool, seconds: float) -> WorkerCheck:
    """See `workbench.check_workers`."""
    from workbench.measure import feed
    from workbench.measure.workers import preflight

    until = monotonic() + seconds
    feed.check_arguments(loader, workers)
    try:
        found = preflight.examine(loader, workers, use_multiprocessing)
    except WorkersRefused as error:
        found = preflight.Preflight(None, 0.0, error.problems, error.advice)
    result = WorkerCheck(
        not found.problems,
        found.problems,
        found.advice,
        found.notes,
        rate=None,
        standing=(),
        workers=workers,
        use_multiprocessing=use_multiprocessing,
    )
    if found.problems:
        return result
    if use_multiprocessing and multiprocessing.get_start_method() == "fork":
        result = replace(result, notes=result.notes + preflight.note_pickling(loader))
    return _try_workers(loader, found, result, until)


def _try_workers(
    loader: Loader, found: Preflight, result: WorkerCheck, until: float
) -> WorkerCheck:
    from workbench.measure.feed import limits_for, take_batches

    times = BatchTimes(FeedOptions(result.workers, result.use_multiprocessing))
    usual = SLOWER * result.workers * found.seconds
    limits = replace(limits_for(times.options, found), until=until, usual=usual)
    # An epoch, or half the time: a worker that hangs then has the other half to show it.
    half = (until - monotonic()) / 2
    try:
        rate = take_batches(
            loader, found, times, limits, lambda: times.has_enough(half, len(loader))
        )
    except WorkerError as error:
        failed = replace(result, ok=False, standing=error.statuses)
        return replace(failed, problems=error.problems, advice=error.advice)
    except Stopped:
        return _too_few_batches(result, len(times.batches), found.seconds)
    except Exception as error:
        problem = f"__getitem__ raised {type(error).__name__}: {error}"
        return replace(result, ok=False, problems=(problem,))
    tried, count = len(times.batches), loader.epoch_batches
    notes = (f"{tried} of {count} batches were tried.",) if tried < (count or 0) else ()
    return replace(result, rate=rate, notes=result.notes + notes)


def _too_few_batches(result: WorkerCheck, batches: int, seconds: float) -> WorkerCheck:
    text = (
        f"Only {batches} batches came within the time limit, too few for a figure; making one "
        f"takes {seconds:.1f} s without workers. Allow more seconds to be sure."
    )
    if batches:
        return replace(result, notes=(*result.notes, text))
    return replace(result, ok=False, problems=(text,))
