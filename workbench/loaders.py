"""Anything that holds data -> settings and a loader: here generators and measures meet."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from workbench.generators.arrays import as_array, check_arrays
from workbench.generators.files import probe
from workbench.generators.pipeline import Pipeline
from workbench.generators.sources import list_files, open_source
from workbench.generators.table_guess import guess
from workbench.kinds import ArraysData, CsvData, FolderData, NpyData
from workbench.measure.untouched import untouched
from workbench.settings import Settings
from workbench.theirs import shapes
from workbench.theirs.explain import explained
from workbench.tuned import Tuned, load

if TYPE_CHECKING:
    from workbench.generators.scan import Scan
    from workbench.measure.check import WorkerCheck
    from workbench.measure.profile import LineProfile
    from workbench.measure.race import Race
    from workbench.measure.rate import Rate
    from workbench.measure.repeats import Repeats
    from workbench.theirs.advice.report import Findings

# Headers read to tell colour and depth; a folder of 100,000 files would take minutes.
PROBED_FILES = 200
ACCEPTED = (
    "a folder of class folders, a folder with data.npy, a .csv table, a .json file of the "
    "workbench, "
    "a pair (x, y), Settings or Tuned"
)


Files = TypeVar("Files", FolderData, CsvData)


def settings_of(data: Any) -> tuple[Settings, Any, Any]:
    """Settings for data in any of the forms that the workbench reads, and x and y of a pair.

    Raises:
        FileNotFoundError: If a path does not exist.
        TypeError: If it is none of the accepted forms.
        ValueError: If there is nothing to read or arrays do not fit each other.
    """
    if isinstance(data, Tuned):
        return _ours(data), None, None
    if isinstance(data, Settings):
        return data, None, None
    if isinstance(data, str | os.PathLike):
        return _of_path(Path(data)), None, None
    if isinstance(data, tuple | list) and len(data) == 2:
        return _of_pair(*data)
    raise TypeError(f"data: expected {ACCEPTED}. Received: {shapes.described(data)}")


def as_loader(data: Any) -> Any:
    """An object with `__getitem__` and `__len__` that gives batches.

    Args:
        data: A user's loader of any shape (see `theirs.shapes`), or what `settings_of` takes.

    Raises:
        TypeError: If it is neither, or a function that needs arguments.
    """
    if not isinstance(data, Settings | Tuned) and shapes.is_loader(data):
        return shapes.opened(data)
    from workbench.generators.dataset import Dataset

    settings, x, y = settings_of(data)
    return Dataset(Pipeline(settings, open_source(settings, x, y)))


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
    from workbench.generators.scan import scan_listing

    return scan_listing(list_files(_files_of(data)), decodes=decode)


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
    from workbench.measure.lines.session import profile as profile_of
    from workbench.measure.untouched import untouched
    from workbench.theirs.advice.find import find

    loader = as_loader(data)
    with untouched(loader):
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
    from workbench.measure.check import check

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
    from workbench.measure.repeats import find

    with _opened(data) as loader:
        return find(loader, workers, use_multiprocessing, epochs)


@contextmanager
def _opened(data: Any) -> Iterator[Any]:
    """A loader, put back as it was afterwards; exceptions say what to write instead, if known."""
    with untouched(None), explained():
        loader = as_loader(data)
        with untouched(loader):
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
    from workbench.measure.turns import check_names, gives_by_number, run

    check_names(entrants)
    opened = {name: as_loader(e) if _opens(e) else e for name, e in entrants.items()}
    with ExitStack() as stack:
        # Iterators go on where they are: their attributes alone cannot be set back.
        loaders = [e for e in opened.values() if gives_by_number(e) and not hasattr(e, "__next__")]
        for loader in [None, *loaders]:
            stack.enter_context(untouched(loader))
        return run(
            opened,
            seconds=seconds,
            rounds=rounds,
            per=per,
            batches_per_epoch=batches_per_epoch,
            memory=memory,
        )


def _files_of(data: Any) -> FolderData | CsvData:
    """The folder or table that is meant; missing files of a table are no error here."""
    path = Path(data) if isinstance(data, str | os.PathLike) else None
    if path and path.is_dir() and not (path / "data.npy").exists():
        return FolderData(path=str(path))  # what `settings_of` would probe is scanned anyway
    found = guess(path) if path and path.suffix.lower() == ".csv" else settings_of(data)[0].data
    if isinstance(found, FolderData | CsvData):
        return found.model_copy(update={"unreadable": "skip"})
    raise TypeError(f"data: expected a folder or table of images. Received: kind {found.kind!r}")


def _opens(entrant: Any) -> bool:
    kinds = (str, os.PathLike, tuple, list, Settings, Tuned)
    return isinstance(entrant, kinds) or hasattr(entrant, "__array__")


def _of_path(path: Path) -> Settings:
    if not path.exists():
        raise FileNotFoundError(f"No such file or folder: {path}")
    if path.suffix == ".json":
        return _ours(load(path))
    if path.suffix.lower() == ".csv":
        return Settings.for_data(_seen(guess(path)))
    if not path.is_dir():
        raise ValueError(f"data: expected {ACCEPTED}. Received: the file {path}")
    if (path / "data.npy").exists():
        return Settings.for_data(NpyData(path=str(path)))
    return Settings.for_data(_seen(FolderData(path=str(path))))


def _ours(tuned: Tuned) -> Settings:
    if isinstance(tuned.settings, Settings):
        return tuned.settings
    raise TypeError(
        "These settings are of a loader of your own: pass it, or the function that makes it, and "
        "then panel.import_(path)"
    )


def _seen(data: Files) -> Files:
    """With the colour, depth and classes that the files have."""
    listing = list_files(data)
    step = max(1, len(listing.paths) // PROBED_FILES)
    colour, deep = probe(listing.paths[::step])
    classes = () if data.label_mode in ("multi_label", "none") else listing.class_names
    for name in classes:
        if name != name.encode(errors="replace").decode():
            raise ValueError(f"class_names: {name!r} is no UTF-8, as JSON is. Rename the folder")
    return data.model_copy(
        update={
            "color_mode": "rgb" if colour else "grayscale",
            "bit_depth": 16 if deep else 8,
            "class_names": classes,
        }
    )


def _of_pair(x: Any, y: Any) -> tuple[Settings, Any, Any]:
    x = as_array("x", x)
    y = None if y is None else as_array("y", y)
    check_arrays(x, y)
    return Settings.for_data(ArraysData(shape=x.shape, dtype=x.dtype.name)), x, y
