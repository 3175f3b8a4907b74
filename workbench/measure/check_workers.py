"""Whether a loader works with workers: looked at before they start, then tried, never for ever."""

from __future__ import annotations

import multiprocessing
from dataclasses import dataclass, replace
from time import monotonic
from typing import TYPE_CHECKING

from workbench.loader import Loader
from workbench.measure.batch_times import Arrivals, Kind
from workbench.measure.rate import Rate, Stopped
from workbench.measure.workers.worker_errors import WorkerError, WorkersRefused
from workbench.measure.workers.worker_stacks import Standing
from workbench.result import Result

if TYPE_CHECKING:
    from workbench.measure.workers.preflight import Preflight

# Among workers a batch may well take so many times and workers as long as one alone.
SLOWER = 3.0


@dataclass(frozen=True)
class WorkerCheck(Result):
    """Whether a loader works with workers.

    Attributes:
        ok: Whether it does.
        problems: Why not.
        advice: What to do.
        notes: What else is good to know.
        rate: What was delivered, if there were batches enough for a figure.
        standing: Where each worker stood when no batch came any more.
        workers: As checked; so is the next.
        use_multiprocessing: Processes instead of threads.
    """

    ok: bool
    problems: tuple[str, ...]
    advice: tuple[str, ...]
    notes: tuple[str, ...]
    rate: Rate | None
    standing: tuple[Standing, ...]
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
        result = replace(result, notes=result.notes + preflight.note_sending(loader))
    return _tried(loader, found, result, until)


def _tried(loader: Loader, found: Preflight, result: WorkerCheck, until: float) -> WorkerCheck:
    from workbench.measure.feed import limits_for, take

    arrivals = Arrivals(Kind(result.workers, result.use_multiprocessing))
    usual = SLOWER * result.workers * found.seconds
    limits = replace(limits_for(arrivals.kind, found), until=until, usual=usual)
    # An epoch, or half the time: what hangs then has the other half to show it.
    half = (until - monotonic()) / 2
    try:
        rate = take(loader, found, arrivals, limits, lambda: arrivals.suffice(half, len(loader)))
    except WorkerError as error:
        failed = replace(result, ok=False, standing=error.standing)
        return replace(failed, problems=error.problems, advice=error.advice)
    except Stopped:
        return _slow(result, len(arrivals.batches), found.seconds)
    except Exception as error:
        problem = f"__getitem__ raised {type(error).__name__}: {error}"
        return replace(result, ok=False, problems=(problem,))
    tried = f"{len(arrivals.batches)} of {len(loader)} batches were tried."
    notes = (tried,) if len(arrivals.batches) < len(loader) else ()
    return replace(result, rate=rate, notes=result.notes + notes)


def _slow(result: WorkerCheck, batches: int, seconds: float) -> WorkerCheck:
    text = (
        f"In the time given {batches} batches came, too few for a figure; one alone takes "
        f"{seconds:.1f} s. Give more seconds to be sure."
    )
    if batches:
        return replace(result, notes=(*result.notes, text))
    return replace(result, ok=False, problems=(text,))
