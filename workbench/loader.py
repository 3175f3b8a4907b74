"""The interface to anything that yields batches.

`loaders` wraps what users pass, and everything that measures, draws or advises takes a `Loader`. So
a user's object may have attributes of any name: only the methods that Keras calls are called.
"""

from __future__ import annotations

import operator
from typing import Any

# The length of a loader that never ends, or whose length is unknown.
ENDLESS = 1 << 31


def length_name(original: Any) -> str:
    """Where Keras reads an object's number of batches; empty if the object does not state it.

    Keras asks a `PyDataset` for `num_batches`, which is `__len__` unless the class defines it.
    """
    kind = type(original)
    owner = next((each for each in kind.__mro__ if "num_batches" in vars(each)), None)
    is_keras = any(each.__module__.startswith("keras.") for each in kind.__mro__)
    has_len = hasattr(kind, "__len__")
    if owner and not owner.__module__.startswith("keras.") and (is_keras or not has_len):
        return "num_batches"
    return "__len__" if has_len else ""


def _not_an_integer(where: str, value: Any) -> str:
    shown = str(value) if isinstance(value, float) else repr(value)
    return (
        f"{where} returned {shown}: return int(...), the number of batches in an epoch. Data "
        "without an end has num_batches = None."
    )


class Loader:
    """Batches by index, of an object that has `__getitem__` and `__len__`.

    Subclasses adapt objects that lack one of the two.

    Args:
        original: The object that makes the batches.
        kind: What to call it in a sentence, such as "generator". Defaults to the class's name.
        notes: Remarks to show with its profile.

    Attributes:
        forward_only: Whether any index returns the next batch, so that no batch can be repeated.
        one_worker: Why it cannot have several workers; empty if it can.
        runs_out: When training would run out of data; empty if that is not so, or not known.
    """

    forward_only = False
    one_worker = runs_out = ""

    def __init__(self, original: Any, kind: str = "", notes: tuple[str, ...] = ()) -> None:
        self.original, self.notes = original, notes
        self.kind = kind or type(original).__name__

    def __len__(self) -> int:
        """Number of batches; `ENDLESS` if it is unknown or the data never ends.

        Raises:
            TypeError: If the object states no integer.
            ValueError: If it states a negative number or 0.
        """
        original, name = self.original, length_name(self.original)
        # `len` would hide a value that is no integer.
        value = original.num_batches if name != "__len__" else type(original).__len__(original)
        if name == "num_batches" and value is None:
            return ENDLESS
        where = f"{self.kind}.{name}"
        try:
            length = operator.index(value)
        except TypeError:
            raise TypeError(_not_an_integer(where, value)) from None
        if length < 1:
            shown = "len()" if name == "__len__" else name
            raise ValueError(f"{self.kind} has no batches: its {shown} is {length}.")
        return min(length, ENDLESS)

    def __getitem__(self, index: int) -> Any:
        """The batch at `index`, from 0."""
        return self.original[index]

    @property
    def epoch_batches(self) -> int | None:
        """Number of batches in an epoch; None if it is unknown."""
        length = len(self)
        return length if length < ENDLESS else None

    @property
    def last_index(self) -> int:
        """Index of an epoch's last batch; 0 if it is unknown."""
        return (self.epoch_batches or 1) - 1

    def position(self, index: int) -> int:
        """Index within the epoch of the batch that was just made for `index`."""
        return index

    def restart(self) -> None:
        """Drop an iterator in use, so that the next batch runs the current code of the functions.

        A generator keeps the code that its function had when it was called.
        """

    def release(self) -> None:
        """End what a generator in use does in the background; the next batch starts another."""

    def begin_epoch(self) -> None:
        """Call the object's `on_epoch_begin`, if it has one."""
        _call(self.original, "on_epoch_begin")

    def end_epoch(self) -> None:
        """Call the object's `on_epoch_end`, if it has one."""
        _call(self.original, "on_epoch_end")


def _call(original: Any, name: str) -> None:
    # Python looks for methods on the type, too; an instance may answer to any name.
    if hasattr(type(original), name):
        getattr(original, name)()
