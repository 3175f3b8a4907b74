"""Loaders without an index or a length: iterators, generators, `tf.data` pipelines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from workbench.loader import ENDLESS, Loader

ALREADY_STARTED = (
    "This generator was already running: its own lines cannot be profiled, only the functions that "
    "it calls. Pass the function that makes it instead."
)
NO_LINES = (
    "A tf.data pipeline runs outside Python: it has no lines to profile, only a time per element."
)
ONE_WORKER = (
    "Keras takes the batches of {} one after another, in one thread, whatever the number of "
    "workers. To use more, convert it to a keras.utils.PyDataset, whose __getitem__(index) returns "
    "any batch."
)
OWN_WORKERS = (
    "Keras adds no workers to {}, which has its own: map(..., num_parallel_calls=tf.data.AUTOTUNE)."
)
CALLS_PYTHON = (
    "This tf.data pipeline calls Python functions. They hold Python's interpreter lock, so "
    "num_parallel_calls speeds up only what releases the lock: reading files, and most of NumPy "
    "and OpenCV."
)
NO_WORKERS = (
    "Keras adds no workers to a {}. This one calls Python functions, which hold the interpreter "
    "lock: num_parallel_calls speeds up only what releases the lock, such as reading files and "
    "most of NumPy and OpenCV. For more, use TensorFlow operations instead of Python, or a "
    "keras.utils.PyDataset with worker processes."
)


class Stream(Loader):
    """Batches of an object that only goes forward: any index returns the next batch.

    Starts again at the end, if the object can. Not thread-safe.

    Args:
        original: What the user passed, or what it made.
        kind: What to call it in a sentence, such as "generator".
        make: Returns an iterator over the batches; called for each pass.
        notes: See `Loader`.
        one_worker: See `Loader`; {} stands for the kind, with its article.
    """

    forward_only = True

    def __init__(
        self,
        original: Any,
        kind: str,
        make: Callable[[], Iterator[Any]],
        notes: tuple[str, ...] = (),
        one_worker: str = ONE_WORKER,
    ) -> None:
        super().__init__(original, kind, notes)
        self.one_worker = one_worker.format(f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}")
        self._epoch_batches = _length(original)
        self._make = make
        self._batches: Iterator[Any] | None = None
        self._pass_count = self._total_count = 0  # batches of this pass, and of all passes

    def __len__(self) -> int:
        return ENDLESS

    def __getitem__(self, index: int) -> Any:
        if self._batches is None:
            self._batches, self._pass_count = self._make(), 0
        try:
            batch = next(self._batches)
        except StopIteration:
            batch = self._first_of_next_pass()
        self._pass_count += 1
        self._total_count += 1
        return batch

    @property
    def epoch_batches(self) -> int | None:
        """Batches of a pass, known from the object's length or after a pass; else None."""
        return self._epoch_batches

    def restart(self) -> None:
        """See `Loader.restart`; an iterator that cannot start again continues."""
        self._batches = None

    def _first_of_next_pass(self) -> Any:
        self._batches = self._make()
        try:
            batch = next(self._batches)
        except StopIteration:
            raise ValueError(_ended(self.kind, self._total_count)) from None
        self._epoch_batches, self._pass_count = self._pass_count, 0
        return batch


def _length(original: Any) -> int | None:
    try:
        length = len(original)
    except Exception:  # TypeError without one; tf.data and users' classes may raise others
        return None
    return length if length > 0 else None


def _ended(kind: str, batches: int) -> str:
    if not batches:
        return f"The {kind} yielded no batches."
    return (
        f"The {kind} ended after {batches} batches and cannot start again. "
        "Pass the function that makes it."
    )


class Unsized(Loader):
    """An object with `__getitem__` but no `__len__`: its IndexError marks its end."""

    def __init__(self, original: Any) -> None:
        super().__init__(original, "object without __len__")
        self._epoch_batches: int | None = None

    def __len__(self) -> int:
        return self._epoch_batches or ENDLESS

    def __getitem__(self, index: int) -> Any:
        try:
            return self.original[index % len(self)]
        except IndexError:
            # Python iterates over such an object until its IndexError. At index 0, or once the
            # length is known, the error means something else.
            if self._epoch_batches is not None or index == 0:
                raise
        self._epoch_batches = self._count(index)
        return self[index]

    def _count(self, beyond: int) -> int:
        """Number of batches, known to be at most `beyond`."""
        low, high = 0, beyond
        while low < high:
            middle = (low + high) // 2
            try:
                self.original[middle]
            except IndexError:
                high = middle
            else:
                low = middle + 1
        if not low:
            raise IndexError(f"{type(self.original).__name__} has no batches.")
        return low
