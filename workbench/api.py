"""What to do with anything that gives batches: here generators and measures meet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from workbench.inputs import as_loader, files_of, is_data, settings_of
from workbench.isolation.explain_errors import explained
from workbench.isolation.restore_state import restored_state
from workbench.loader import Loader
from workbench.pipeline.sources.open_source import list_files

if TYPE_CHECKING:
    from workbench.advice.findings import Findings
    from workbench.measure.check_workers import WorkerCheck
    from workbench.measure.find_repeats import Repeats
    from workbench.measure.line_profile import LineProfile
    from workbench.measure.race import Race
    from workbench.measure.rate import Rate
    from workbench.pipeline.images.scan import Scan

__all__ = [
    "advise",
    "as_loader",
    "check_workers",
    "find_repeats",
    "measure_rate",
    "profile_lines",
    "race",
    "scan",
    "settings_of",
]


def scan(data: Any, *, decode: bool = False) -> Scan:
    """Look at all image files of a folder or a table, before anything else runs.

    Args:
        data: A folder of class folders, a `.csv` table, or settings of either.
        decode: Whether to decode each file, which takes as long as reading an epoch. Defaults to
            its header only: a file that is broken behind a good header is not found.

    Returns:
        Counts, formats, colours, bit depths, sizes, classes and the files that cannot be read.

    Raises:
        FileNotFoundError: If a path does not exist; files that a table names are told instead.
        TypeError: If it is none of these.

    Example:
        >>> print(wb.scan("scans"))
    """
    from workbench.pipeline.images.scan import scan_listing

    return scan_listing(list_files(files_of(data)), decodes=decode)


def profile_lines(
    data: Any,
    *,
    seconds: float = 1.0,
    workers: int = 0,
    use_multiprocessing: bool = False,
    libraries: Iterable[str] = (),
) -> LineProfile:
    """Profile the lines of `__getitem__`, and of the functions it calls.

    Args:
        data: A loader, or anything that `Workbench` takes.
        seconds: How long to measure; at least two batches run.
        workers: 0 for the calling thread, or as in `keras.utils.PyDataset`.
        use_multiprocessing: Worker processes instead of threads.
        libraries: Packages to follow the time into, such as `["albumentations"]`. Otherwise a call
            into a library is part of the line that makes it.

    Returns:
        Shares and times of lines, scaled to batches that ran unprofiled in alternation.

    Raises:
        ValueError: If there are no batches.
        RuntimeError: If worker processes would hang, or did, or ended; `check_workers` tells more.
    """
    from workbench.measure.lines.session import profile

    with _opened(data) as loader:
        return profile(loader, seconds, workers, use_multiprocessing, libraries)


def advise(data: Any, profile: LineProfile | None = None, *, seconds: float = 1.0) -> Findings:
    """Say what to write instead of slow lines, where that is faster by proof.

    Hot lines are searched for what is known to be slow. Their own values are caught while a batch
    is made, the old way and the new one timed alternately on them, and the results compared. What
    is not clearly faster (1.15 times in three quarters of the rounds, 1 % of a batch) is not said.

    Args:
        data: A loader, or anything that `Workbench` takes.
        profile: A profile of it, by `profile_lines`; one is taken if there is none.
        seconds: How long to profile then.

    Returns:
        The greatest saving first; each can be printed, and shows code and pictures in a notebook.

    Raises:
        ValueError: If there are no batches.

    Example:
        >>> for advice in wb.advise(train):
        ...     print(advice)
    """
    from workbench.advice.find import find
    from workbench.measure.lines.session import profile as profile_of

    with _opened(data) as loader:
        return find(loader, profile or profile_of(loader, seconds, 0, False, ()))


def measure_rate(
    data: Any,
    *,
    workers: int = 1,
    use_multiprocessing: bool = False,
    max_queue_size: int = 10,
    seconds: float = 2.0,
) -> Rate:
    """Measure what Keras gets from a loader: through the same feed as `fit`, without a model.

    Args:
        data: A loader, or anything that `Workbench` takes.
        workers: As in `keras.utils.PyDataset`; so are the next two.
        use_multiprocessing: Processes instead of threads.
        max_queue_size: Batches that may wait.
        seconds: How long to measure, after a warm-up.

    Raises:
        RuntimeError: If worker processes would hang, or did, or ended; `check_workers` tells more.
    """
    from workbench.measure.feed import measure

    with _opened(data) as loader:
        return measure(loader, workers, use_multiprocessing, max_queue_size, seconds)


def check_workers(
    data: Any, *, workers: int, use_multiprocessing: bool = True, seconds: float = 30.0
) -> WorkerCheck:
    """Find out whether a loader works with Keras's workers; it never hangs.

    First, in this process: whether the loader can be sent to worker processes, is defined in the
    notebook, is large, or computes with TensorFlow. If nothing speaks against it, batches are
    taken through Keras's feed, for an epoch or half the time given. If none come any more, the
    answer says in which line each worker stands; worker processes are ended.

    Args:
        data: A loader, or anything that `Workbench` takes.
        workers: As in `keras.utils.PyDataset`; so is the next.
        use_multiprocessing: Processes instead of threads.
        seconds: The longest that the check may take, beside the first batch, which is made in
            this thread.
    """
    from workbench.measure.check_workers import check

    with _opened(data) as loader:
        return check(loader, workers, use_multiprocessing, seconds)


def find_repeats(
    data: Any, *, workers: int = 4, use_multiprocessing: bool = True, epochs: int = 2
) -> Repeats:
    """Find out whether workers or epochs draw the same augmentation.

    All workers are asked for the same batch, through Keras's feed with a new pool for each epoch
    as in `fit`: Keras's worker processes start with copies of one random state, so that images
    which differ hide augmentations which do not. A loader whose batches follow from epoch and
    index, as ours do, should give the same on each worker, and is compared across epochs only.
    Augmentation that is rare, for whole batches, may look fixed.

    Args:
        data: A loader, or anything that `Workbench` takes. Its attributes are set back afterwards.
        workers: As in `keras.utils.PyDataset`; so is the next.
        use_multiprocessing: Processes, as they start on this platform, instead of threads.
        epochs: How many to compare.

    Raises:
        RuntimeError: If worker processes would hang, or did, or ended; `check_workers` tells more.
    """
    from workbench.measure.find_repeats import find

    with _opened(data) as loader:
        return find(loader, workers, use_multiprocessing, epochs)


@contextmanager
def _opened(data: Any) -> Iterator[Loader]:
    """A loader, put back as it was afterwards; exceptions say what to write instead, if known."""
    with restored_state(), explained():
        loader = as_loader(data)
        with restored_state(loader.original):
            yield loader


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
        entrants: What makes a batch, by name: a function without arguments, an iterator, a
            loader, a function or class that makes one of these two, or anything that `Workbench`
            takes. A loader gives its batches in turn, in this thread.
        seconds: When to stop, but not before five rounds; a first one is not counted.
        rounds: The most that are counted.
        per: What the functions make, if it is no batch: "step", "epoch". Appears in the result.
        batches_per_epoch: To tell the time of an epoch, one batch after the other in this thread.
        memory: Whether to measure, in a round of its own, what a turn newly allocates.

    Returns:
        All times. Shows as a table; `.chart()` draws it.

    Raises:
        RuntimeError: If an iterator runs out of batches.
        TypeError: If an entrant is none of these.
        ValueError: If there are no entrants, or one gives no batches.

    What an entrant raises is raised, with a note that says which one it was.

    Example:
        >>> wb.race({"before": before, "after": lambda: augment(images)}, batches_per_epoch=100)
    """
    from workbench.measure.run_race import check_names, is_indexable, run

    check_names(entrants)
    opened = {name: as_loader(e) if is_data(e) else e for name, e in entrants.items()}
    with ExitStack() as stack:
        # Iterators go on where they are: their attributes alone cannot be set back.
        originals = [e.original if isinstance(e, Loader) else e for e in opened.values()]
        loaders = [e for e in originals if is_indexable(e) and not hasattr(e, "__next__")]
        for loader in [None, *loaders]:
            stack.enter_context(restored_state(loader))
        return run(
            opened,
            seconds=seconds,
            rounds=rounds,
            per=per,
            batches_per_epoch=batches_per_epoch,
            memory=memory,
        )
