"""The interface to anything that yields batches.

`loaders` wraps what users pass, and everything that measures, draws or advises takes a `Loader`. So
a user's object may have attributes of any name: only the methods that Keras calls are called.
"""

from __future__ import annotations

from typing import Any

# The length of a loader that never ends, or whose length is unknown.
ENDLESS = 1 << 31


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
    """

    forward_only = False
    one_worker = ""

    def __init__(self, original: Any, kind: str = "", notes: tuple[str, ...] = ()) -> None:
        self.original, self.notes = original, notes
        self.kind = kind or type(original).__name__

    def __len__(self) -> int:
        """Number of batches; `ENDLESS` if it is unknown.

        Raises:
            TypeError: If the object's `__len__` returns no integer.
            ValueError: If it returns a negative number or 0.
        """
        try:
            length = len(self.original)
        except (TypeError, ValueError) as error:
            name = type(self.original).__name__
            error.add_note(f"len() of {name} failed: it must return the number of batches.")
            raise
        if not length:
            raise ValueError(f"{type(self.original).__name__} has no batches: its len() is 0.")
        return length

    def __getitem__(self, index: int) -> Any:
        """The batch at `index`, from 0."""
        return self.original[index]

    @property
    def epoch_batches(self) -> int | None:
        """Number of batches in an epoch; None if it is unknown."""
        length = len(self)
        return length if length < ENDLESS else None

    def restart(self) -> None:
        """Drop an iterator in use, so that the next batch runs the current code of the functions.

        A generator keeps the code that its function had when it was called.
        """

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
