"""The one interface through which the package asks anything that gives batches.

`loaders` wraps what users pass, and everything that measures, draws or advises takes a `Loader`:
so a user's object may have attributes of any name, and is asked only for what Keras asks for.
"""

from __future__ import annotations

from typing import Any

# The length of a loader that never ends, or whose length is unknown.
ENDLESS = 1 << 31


class Loader:
    """Batches by index, from an object that has `__getitem__` and `__len__`.

    Subclasses adapt objects that lack one of the two.

    Args:
        original: The object that makes the batches.
        kind: What to call it in a sentence, such as "generator". Defaults to its class's name.
        notes: Remarks that a reader of its profile needs.

    Attributes:
        forward_only: Whether it gives the next batch whatever the index, so that a batch cannot be
            asked for again.
        one_worker: Why several workers cannot run it; empty if they can.
    """

    forward_only = False
    one_worker = ""

    def __init__(self, original: Any, kind: str = "", notes: tuple[str, ...] = ()) -> None:
        self.original, self.notes = original, notes
        self.kind = kind or type(original).__name__

    def __len__(self) -> int:
        """Batches that can be asked for: `ENDLESS` if their number is unknown.

        Raises:
            TypeError: If the object's own `__len__` gives no integer.
            ValueError: If it gives a negative number, or 0.
        """
        try:
            length = len(self.original)
        except (TypeError, ValueError) as error:
            name = type(self.original).__name__
            error.add_note(f"len() of {name} failed: it has to return the number of batches.")
            raise
        if not length:
            raise ValueError(f"{type(self.original).__name__} has no batches: its len() is 0.")
        return length

    def __getitem__(self, index: int) -> Any:
        """The batch at `index`, from 0."""
        return self.original[index]

    @property
    def epoch_batches(self) -> int | None:
        """Batches of an epoch; None if that is unknown."""
        length = len(self)
        return length if length < ENDLESS else None

    def restart(self) -> None:
        """Drop an iterator that is in use, so that the next batch runs the functions' code of now.

        A generator keeps the code that its function had when it was called.
        """

    def begin_epoch(self) -> None:
        """Call the object's `on_epoch_begin`, if it has one."""
        _call(self.original, "on_epoch_begin")

    def end_epoch(self) -> None:
        """Call the object's `on_epoch_end`, if it has one."""
        _call(self.original, "on_epoch_end")


def _call(original: Any, name: str) -> None:
    # Looks at the type, as Python does: an object may answer to any name.
    if hasattr(type(original), name):
        getattr(original, name)()
