"""The public functions: each opens what the user passes and measures it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from workbench.distribution import needs_lab
from workbench.inputs import as_entrant, as_loader, files_of
from workbench.isolation.checked_loader import checked
from workbench.isolation.explain_errors import explain_errors
from workbench.isolation.held_state import HeldState
from workbench.isolation.restore_state import restored_state
from workbench.loader import Loader
from workbench.pipeline.sources.open_source import list_files
from workbench.result import Result

if TYPE_CHECKING:
    from workbench.advice.findings import Findings
    from workbench.measure.check_workers import WorkerCheck
    from workbench.measure.find_repeats import Repeats
    from workbench.measure.line_profile import LineProfile
    from workbench.measure.race import Race
    from workbench.measure.rate import Rate
    from workbench.pipeline.images.scan import Scan

AnyResult = TypeVar("AnyResult", bound=Result)

__all__ = [
    "advise",
    "check_workers",
    "find_repeats",
    "measure_rate",
    "profile_lines",
    "race",
    "scan",
]


def scan(data: Any, *, decode: bool = False) -> Scan:
    """Scan all image files of a folder or table for what would go wrong later.

    Args:
        data: A folder of class folders, a `.csv` table, or `Settings` of either.
        decode: Whether to decode each file, which takes as long as reading an epoch. Defaults to
            `False`: only headers are read, and a file that is damaged after its header is not
            found.

    Returns:
        Counts, formats, colours, bit depths, sizes and classes, and the files that cannot be read.

    Raises:
        FileNotFoundError: If a path does not exist. Missing files of a table are in the result.
        TypeError: If `data` has another form.

    Example:
        >>> print(wb.scan("scans"))
    """
    from workbench.pipeline.images.scan import scan_listing

    return scan_listing(list_files(files_of(data)), decodes=decode)


@needs_lab()
def profile_lines(
    data: Any,
    *,
    seconds: float = 1.0,
    workers: int = 0,
    use_multiprocessing: bool = False,
    libraries: Iterable[str] = (),
) -> LineProfile:
    """Profile the lines of `__getitem__`, or of a generator, and of the functions that it calls.

    Batches run with and without the profiler in alternation, so that times can be scaled to batches
    that are not slowed down by it.

    Args:
        data: A loader, or anything that `wb.Workbench` accepts.
        seconds: How long to measure, in seconds; at least two batches run. Defaults to `1.0`.
        workers: Number of workers, as in `keras.utils.PyDataset`. Defaults to `0`: the calling
            thread makes the batches.
        use_multiprocessing: Whether workers are processes. Defaults to `False`: threads.
        libraries: Packages whose own lines are profiled, such as `["albumentations"]`. Defaults to
            none: a call into a library is part of the line that makes it.

    Returns:
        Shares and times of functions and lines. Shows as a table.

    Raises:
        RuntimeError: If worker processes hang, die or would hang; see `wb.check_workers`.
        TypeError: If `data` does not yield batches.
        ValueError: If there are no batches.

    Example:
        >>> print(wb.profile_lines(train))
    """
    from workbench.measure.lines.session import profile

    return _measured(
        data, lambda loader: profile(loader, seconds, workers, use_multiprocessing, libraries)
    )


@needs_lab()
def advise(data: Any, profile: LineProfile | None = None, *, seconds: float = 1.0) -> Findings:
    """Find faster code for slow lines.

    Searches the hot lines for idioms known to be slow, captures the values that they work on in a
    real batch, times the old and the new code on them in alternation, and compares the results.
    Finds `ImageDataGenerator` iterators within a generator too, and pools made in every batch.
    Reports only what is clearly faster: at least 1.15 times in three quarters of the rounds, and
    by at least 1 % of a batch.

    Args:
        data: A loader, or anything that `wb.Workbench` accepts.
        profile: A profile of it by `wb.profile_lines`. Defaults to `None`: one is taken.
        seconds: How long to profile, in seconds, if there is no profile. Defaults to `1.0`.

    Returns:
        The advice, greatest saving first. Can be printed, and shows code and pictures in a
        notebook.

    Raises:
        TypeError: If `data` does not yield batches.
        ValueError: If there are no batches.

    Example:
        >>> for advice in wb.advise(train):
        ...     print(advice)
    """
    from workbench.advice.find import find
    from workbench.measure.lines.session import profile as profile_of

    return _measured(
        data, lambda loader: find(loader, profile or profile_of(loader, seconds, 0, False, ()))
    )


def measure_rate(
    data: Any,
    *,
    workers: int = 1,
    use_multiprocessing: bool = False,
    max_queue_size: int = 10,
    seconds: float = 2.0,
) -> Rate:
    """Measure how fast a loader delivers batches to Keras, through the feed of `fit` but no model.

    Args:
        data: A loader, or anything that `wb.Workbench` accepts.
        workers: Number of workers, as in `keras.utils.PyDataset`. Defaults to `1`.
        use_multiprocessing: Whether workers are processes. Defaults to `False`: threads.
        max_queue_size: Most batches that wait in the queue. Defaults to `10`.
        seconds: How long to measure after a warm-up, in seconds. Defaults to `2.0`.

    Returns:
        Samples per second, milliseconds per batch, time to the first batch and peak memory.

    Raises:
        RuntimeError: If worker processes hang, die or would hang; see `wb.check_workers`.
        TypeError: If `data` does not yield batches.
        ValueError: If there are no batches or no workers, or Keras refuses a batch.

    Example:
        >>> print(wb.measure_rate(train, workers=4))
    """
    from workbench.measure.feed import measure

    return _measured(
        data, lambda loader: measure(loader, workers, use_multiprocessing, max_queue_size, seconds)
    )


def check_workers(
    data: Any, *, workers: int, use_multiprocessing: bool = True, seconds: float = 30.0
) -> WorkerCheck:
    """Check whether a loader works with Keras's workers, without ever hanging.

    First looks for problems in this process: whether the loader can be sent to worker processes, is
    defined in the notebook, is large, or computes with TensorFlow. If there are none, takes batches
    through Keras's feed, for an epoch or half the given time. If batches stop coming, reports the
    line at which each worker stands, and ends worker processes.

    Args:
        data: A loader, or anything that `wb.Workbench` accepts.
        workers: Number of workers, as in `keras.utils.PyDataset`.
        use_multiprocessing: Whether workers are processes. Defaults to `True`.
        seconds: Time limit in seconds, not counting the first batch, which this thread makes.
            Defaults to `30.0`.

    Returns:
        Whether the loader works; if not, the problems, advice, and where each worker stands.

    Raises:
        TypeError: If `data` does not yield batches.
        ValueError: If there are no batches or no workers.

    Example:
        >>> print(wb.check_workers(train, workers=4))
    """
    from workbench.measure.check_workers import check

    return _measured(data, lambda loader: check(loader, workers, use_multiprocessing, seconds))


def find_repeats(
    data: Any, *, workers: int = 4, use_multiprocessing: bool = True, epochs: int = 2
) -> Repeats:
    """Find out whether workers or epochs repeat the same random augmentation.

    Keras's worker processes start with copies of the same random state. Since different images hide
    equal augmentation, all workers make the same batch, through Keras's feed with a new pool for
    each epoch as in `fit`. A loader whose batches are determined by epoch and index, as the
    workbench's own are, is compared across epochs only. In this process, samples and labels of an
    epoch are compared with those after `on_epoch_end`, whose shuffle may separate them or change
    nothing. Repetition of augmentation that is applied rarely, and to whole batches, may be missed.

    Args:
        data: A loader, or anything that `wb.Workbench` accepts. Its attributes are restored
            afterwards.
        workers: Number of workers, as in `keras.utils.PyDataset`. Defaults to `4`.
        use_multiprocessing: Whether workers are processes, started as this platform does. Defaults
            to `True`.
        epochs: Number of epochs to compare. Defaults to `2`.

    Returns:
        A verdict, what was found, and advice.

    Raises:
        RuntimeError: If worker processes hang, die or would hang; see `wb.check_workers`.
        TypeError: If `data` does not yield batches.
        ValueError: If there are no batches, workers or epochs.

    Example:
        >>> print(wb.find_repeats(train, workers=4))
    """
    from workbench.measure.find_repeats import find

    return _measured(data, lambda loader: find(loader, workers, use_multiprocessing, epochs))


def race(
    entrants: Mapping[str, Any],
    *,
    seconds: float = 2.0,
    rounds: int = 100,
    per: str = "batch",
    batches_per_epoch: int | None = None,
    memory: bool = False,
) -> Race:
    """Time several ways of making a batch in alternation, and compare each with the first.

    Args:
        entrants: What makes a batch, by name: a function without arguments, an iterator, a loader,
            a function or class that makes an iterator or loader, or anything that `wb.Workbench`
            accepts. A loader yields its batches in order, in this thread, and races in blocks of
            batches: those that it has made ahead, in threads or processes of its own, do not count.
        seconds: When to stop, in seconds, but not before five rounds. Defaults to `2.0`.
        rounds: Maximum number of rounds, not counting a warm-up. Defaults to `100`.
        per: What one call makes, for the result's labels: `"batch"`, `"step"`, `"epoch"`. Defaults
            to `"batch"`.
        batches_per_epoch: If given, the result also has the time of an epoch of so many batches.
        memory: Whether to measure, in an additional round, the memory that a call newly allocates.
            Defaults to `False`.

    Returns:
        All times. Shows as a table; `.chart()` draws it.

    Raises:
        TypeError: If an entrant is none of these.
        ValueError: If there are no entrants, one has no batches, or an iterator runs out of them.
        Exception: Anything that an entrant raises, with a note that names the entrant.

    Example:
        >>> wb.race({"before": before, "after": lambda: augment(images)}, batches_per_epoch=100)
    """
    from workbench.measure.run_race import check_names, noting, run

    check_names(entrants)
    with ExitStack() as stack:
        stack.enter_context(restored_state())
        stack.enter_context(explain_errors())
        opened = {n: noting(n, partial(as_entrant, e)) for n, e in entrants.items()}
        loaders = [each for each in opened.values() if isinstance(each, Loader)]
        for loader in loaders:
            # An iterator continues where it is: restoring its attributes would not turn it back.
            if not loader.forward_only:
                stack.enter_context(restored_state(loader.original))
        # A function that makes a batch works with what is its module's, unlike one that makes a
        # loader.
        held = HeldState(*(each.original for each in loaders), used=entrants.values())
        stack.enter_context(held.restored())
        for name, entrant in opened.items():
            if isinstance(entrant, Loader):
                opened[name] = checked(entrant, held.growth.check)
        found = run(
            opened,
            seconds=seconds,
            rounds=rounds,
            per=per,
            batches_per_epoch=batches_per_epoch,
            memory=memory,
        )
    return found.with_remarks(held.report)


def _measured(data: Any, measure: Callable[[Loader], AnyResult]) -> AnyResult:
    """Measure a loader, and restore its state; exceptions get advice where there is some."""
    with restored_state(), explain_errors():
        loader = as_loader(data)
        held = HeldState(loader.original, data)
        with restored_state(loader.original), held.restored():
            try:
                found = measure(checked(loader, held.growth.check))
            finally:
                loader.restart()  # a generator of ours ends while it still has what it works with
    return found.with_remarks(held.report)
