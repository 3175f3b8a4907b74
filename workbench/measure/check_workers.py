"""Whether a loader works with workers: examined before they start, then tried with a time limit."""

from __future__ import annotations

import multiprocessing
from dataclasses import dataclass, replace
from math import inf
from time import monotonic
from typing import TYPE_CHECKING

from workbench.isolation.explain_errors import described, replacement
from workbench.loader import Loader
from workbench.measure.batch_times import BatchTimes, FeedOptions
from workbench.measure.keras_refusal import KerasRefusal
from workbench.measure.rate import Rate, Stopped
from workbench.measure.workers.worker_errors import WorkerError
from workbench.measure.workers.worker_monitor import WorkerStatus
from workbench.result import Result

if TYPE_CHECKING:
    from workbench.measure.workers.preflight import Preflight
    from workbench.measure.workers.shared_state import Finding
    from workbench.measure.workers.watchdog import Limits

# A batch may well take this many times as long for each worker that runs.
SLOWER = 3.0
ENDLESS_SECONDS = 2.0  # of an epoch without an end
NO_SECOND = "The time limit came before a second epoch was tried. Allow more seconds."


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
        one_worker: Why it was checked with one thread instead of the workers asked for; empty if
            it was checked with those.
    """

    ok: bool
    problems: tuple[str, ...]
    advice: tuple[str, ...]
    notes: tuple[str, ...]
    rate: Rate | None
    standing: tuple[WorkerStatus, ...]
    workers: int
    use_multiprocessing: bool
    one_worker: str = ""


def check(loader: Loader, workers: int, use_multiprocessing: bool, seconds: float) -> WorkerCheck:
    """See `workbench.check_workers`."""
    from workbench.measure import feed
    from workbench.measure.workers import preflight

    until = monotonic() + seconds
    feed.check_arguments(loader, workers)
    one_worker = loader.one_worker if workers > 1 or use_multiprocessing else ""
    if one_worker:
        workers, use_multiprocessing = 1, False
    found = preflight.examine(loader, workers, use_multiprocessing)
    result = WorkerCheck(
        not found.problems,
        found.problems,
        found.advice,
        found.notes,
        rate=None,
        one_worker=one_worker,
        standing=(),
        workers=workers,
        use_multiprocessing=use_multiprocessing,
    )
    if found.problems:
        return result
    if use_multiprocessing and multiprocessing.get_start_method() == "fork":
        result = replace(result, notes=result.notes + preflight.note_pickling(loader))
    result = _first_epoch(loader, found, result, until)
    if not result.ok or result.rate is None:
        return result
    return _second_epoch(loader, found, result, until)


def _first_epoch(
    loader: Loader, found: Preflight, result: WorkerCheck, until: float
) -> WorkerCheck:
    from workbench.measure.feed import take_batches

    times = BatchTimes(FeedOptions(result.workers, result.use_multiprocessing))
    # An epoch, or half the time: a worker that hangs then has the other half to show it.
    half = (until - monotonic()) / 2
    length = loader.epoch_batches
    half = min(half, ENDLESS_SECONDS) if length is None else half
    try:
        rate = take_batches(
            loader,
            found,
            times,
            _limits(found, times.options, until),
            lambda: times.has_enough(half, length or inf),
        )
    except Stopped:
        return _too_few_batches(result, len(times.batches), found.seconds)
    except Exception as error:
        return _failed(loader, result, error, "")
    tried, count = len(times.batches), loader.epoch_batches
    notes = (f"{tried} of {count} batches were tried.",) if tried < (count or 0) else ()
    return replace(result, rate=rate, notes=result.notes + notes)


def _second_epoch(
    loader: Loader, found: Preflight, result: WorkerCheck, until: float
) -> WorkerCheck:
    from workbench.measure.workers.compare_contents import compare_contents, compare_stream
    from workbench.measure.workers.second_epoch import take_second_epoch

    options = FeedOptions(result.workers, result.use_multiprocessing)
    try:
        if loader.forward_only:  # `fit` calls no methods of it, and its workers are none
            contents = compare_stream(loader)
        else:
            second = take_second_epoch(loader, options, _limits(found, options, until))
            contents = compare_contents(loader, second, options)
    except Stopped:
        return replace(result, notes=(*result.notes, NO_SECOND))
    except Exception as error:
        return _failed(loader, result, error, "In the second epoch, after on_epoch_end: ")
    return replace(
        result,
        ok=not contents.findings,
        problems=_column(contents.findings, 0),
        advice=_column(contents.findings, 1),
        notes=result.notes + contents.notes,
    )


def _limits(found: Preflight, options: FeedOptions, until: float) -> Limits:
    from workbench.measure.feed import limits_for

    usual = SLOWER * options.workers * found.seconds
    return replace(limits_for(options, found), until=until, usual=usual)


def _failed(loader: Loader, result: WorkerCheck, error: Exception, when: str) -> WorkerCheck:
    """The result for an exception: whose it is, and when it came."""
    from workbench.measure.workers.batch_error import BatchError
    from workbench.measure.workers.blame import blame
    from workbench.measure.workers.second_epoch import EpochError

    result = replace(result, ok=False)
    if isinstance(error, EpochError):
        return replace(result, problems=error.problems)
    if isinstance(error, WorkerError):
        problems = (when + error.problems[0], *error.problems[1:])
        return replace(result, problems=problems, advice=error.advice, standing=error.statuses)
    if isinstance(error, KerasRefusal):
        return replace(result, problems=(f"Keras refuses its batches: {error}",))
    if not isinstance(error, BatchError):
        return replace(result, problems=(f"{when}{described(error)}",))
    what = f"The {loader.kind}" if loader.forward_only else f"__getitem__({error.index})"
    raised = f"{when}{what} raised {described(error.error)}"
    advice = replacement(error.error)
    findings = [(raised, advice), *blame(loader, error, result.use_multiprocessing)]
    return replace(result, problems=_column(findings, 0), advice=_column(findings, 1))


def _column(findings: list[Finding], column: int) -> tuple[str, ...]:
    return tuple(finding[column] for finding in findings if finding[column])


def _too_few_batches(result: WorkerCheck, batches: int, seconds: float) -> WorkerCheck:
    text = (
        f"Only {batches} batches came within the time limit, too few for a figure; making one "
        f"takes {seconds:.1f} s without workers. Allow more seconds to be sure."
    )
    if batches:
        return replace(result, notes=(*result.notes, text))
    return replace(result, ok=False, problems=(text,))
