"""Loaders that have no index or no length, as objects that give batches by index.

`measure` asks any loader for `loader[index]` and `len(loader)`. What only goes forward gives its
next batch, whatever the index.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

# The length of what never ends, or does not say.
ENDLESS = 1 << 31
BEGUN = (
    "This generator had begun before: its own lines cannot be seen, only functions that it calls. "
    "Pass the function that makes it instead."
)
NO_LINES = (
    "A tf.data pipeline computes outside Python: it has no lines, only the time of whole elements."
)
ONE_WORKER = (
    "A {} goes forward only, one batch after the other: Keras runs it in one thread. Two would get "
    '"generator already executing", and worker processes each the same batches. For more workers '
    "make it a keras.utils.PyDataset, whose __getitem__(index) gives any batch."
)
OWN_WORKERS = (
    "A {} has workers of its own, map(..., num_parallel_calls=tf.data.AUTOTUNE): Keras adds none."
)


class Stream:
    """Batches of something that only goes forward; any index gives the next one.

    At its end it begins anew, where that gives batches again. Belongs to one thread at a time.

    Args:
        original: What the user passed, or what it made.
        kind: What it is, in words, such as "generator".
        make: Gives an iterator over batches; called for each pass.
        notes: What a reader of its profile should know.
        one_worker: Why it cannot be run by several workers; {} is the kind.

    Attributes:
        one_worker: Why it cannot be run by several workers.
        epoch_batches: How many batches a pass has, as far as that is known.
    """

    def __init__(
        self,
        original: Any,
        kind: str,
        make: Callable[[], Iterator[Any]],
        notes: tuple[str, ...] = (),
        one_worker: str = ONE_WORKER,
    ) -> None:
        self.original, self.kind, self.notes = original, kind, notes
        self.one_worker = one_worker.format(kind)
        self.epoch_batches = _length(original)
        self._make = make
        self._batches: Iterator[Any] | None = None
        self._given = self._given_in_all = 0  # batches, of this pass and of all

    def __len__(self) -> int:
        return ENDLESS

    def __getitem__(self, index: int) -> Any:
        if self._batches is None:
            self._batches, self._given = self._make(), 0
        try:
            batch = next(self._batches)
        except StopIteration:
            batch = self._first_of_next_pass()
        self._given += 1
        self._given_in_all += 1
        return batch

    def begin_anew(self) -> None:
        """Drop the present pass: a generator runs the code that its function had when it was
        called. What cannot begin anew goes on.
        """
        self._batches = None

    def _first_of_next_pass(self) -> Any:
        self._batches = self._make()
        try:
            batch = next(self._batches)
        except StopIteration:
            raise ValueError(_ended(self.kind, self._given_in_all)) from None
        self.epoch_batches, self._given = self._given, 0
        return batch


def _length(original: Any) -> int | None:
    try:
        length = len(original)
    except (TypeError, ValueError):  # tf.data raises the first where it is infinite or not known
        return None
    return length if length > 0 else None


def _ended(kind: str, after: int) -> str:
    if not after:
        return f"The {kind} gave no batch."
    return (
        f"The {kind} has ended after {after} batches, and cannot begin anew. "
        "Pass the function that makes it."
    )


class Indexed:
    """An object with `__getitem__` that does not say how many batches it has, or answers to any
    name, so that it cannot be asked what else it has.

    Args:
        original: The object.
        batches: How many, if that is known.
    """

    def __init__(self, original: Any, batches: int | None = None) -> None:
        self.original = original
        self.kind = "object without __len__" if batches is None else type(original).__name__
        self.epoch_batches = batches

    def __len__(self) -> int:
        return self.epoch_batches or ENDLESS

    def __getitem__(self, index: int) -> Any:
        try:
            return self.original[index % len(self)]
        except IndexError:
            # Python's own rule for objects that are iterated by index. One that fails at once, or
            # in the middle of what it gave before, has another fault.
            if self.epoch_batches is not None or index == 0:
                raise
        self.epoch_batches = self._count(index)
        return self[index]

    def _count(self, beyond: int) -> int:
        """How many batches there are, fewer than `beyond`."""
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
            raise IndexError(f"{type(self.original).__name__} gave no batch.")
        return low
