"""Take turns with the owner of a loader: each continues with their own state."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

import numpy as np

from workbench.batch import leaves
from workbench.isolation.held_parts import Part, attributes_part, parts_of
from workbench.isolation.restore_state import instance_attributes
from workbench.loader import Loader

MOST_PARTS = 1000  # the nearest ones, because each use saves them all
# Seconds between two comparisons of large arrays, and the most time that they may take, as a share:
# where a comparison is slow, the next one comes later.
COMPARE_SECONDS, COMPARE_SHARE = 1.0, 0.02


class Borrowed:
    """A loader whose state, such as its position, is kept between uses.

    Args:
        loader: Wraps the user's object.
        given: What the user passed, if that made the object.

    Attributes:
        saved: What it holds, each with its first content.
    """

    def __init__(self, loader: Loader, given: Any = None) -> None:
        self._loader = loader
        attributes = instance_attributes(loader.original)
        parts = parts_of(loader.original, given)[:MOST_PARTS]
        # What the maker of the object has as attributes is for its owner to set.
        skipped = attributes, instance_attributes(given)
        self._parts = [
            part
            for part in parts
            if part.is_restored and not any(part.value is each for each in skipped)
        ]
        self._arrays = [part for part in parts if isinstance(part.value, np.ndarray)]
        self._large = [(part, part.read()) for part in parts if not part.is_restored]
        self._parts.append(attributes_part(loader.original))
        self.saved = [(part, part.read()) for part in self._parts]
        # Contents as the owner left them, and at the end of the last use: None if still the same.
        self._owned: list[Any] = []
        self._used: list[Any] = []
        self._at_cell: list[Any] = []
        self._in_use = False
        self._changes: dict[int, str] = {}  # by the id of what is changed
        self._buffers: dict[int, str] = {}
        self._compare_at = 0.0

    @contextmanager
    def used(self) -> Iterator[Loader]:
        """Continue where the last use ended; restore the owner's state at the end.

        What the owner has changed in the meantime keeps the owner's values.
        """
        before, self._owned = self._owned, self._read()
        attributes = instance_attributes(self._loader.original)
        known = zip(self._parts, before, self._owned, self._used, strict=False)
        for part, earlier, owned, used in known:
            # An object that gives any batch starts anew, as it does in a training script.
            if used is not None and (self._loader.forward_only or part.value is not attributes):
                part.write(part.continued(earlier, owned, used))
        self._in_use, self._at_cell = True, []
        try:
            yield self._loader
        finally:
            self.give_back()

    def note_cell(self) -> None:
        """Note that a cell begins during a use: what it changes is not restored."""
        self._at_cell = self._read()

    def give_back(self) -> None:
        """Restore the owner's state, at the end of a use or when its thread is given up."""
        if not self._in_use:
            return
        self._in_use, self._used = False, self._read()
        for number, part in enumerate(self._parts):
            owned, used = self._owned[number], self._used[number]
            if part.same(owned, used):
                self._used[number] = None
            else:
                self._note_change(part, owned, used)
                noted = self._at_cell[number] if self._at_cell else used
                part.write(part.continued(noted, used, owned))

    def _note_change(self, part: Part, before: Any, now: Any) -> None:
        if change := part.change(before, now):
            self._changes[id(part.value)] = change

    def _read(self) -> list[Any]:
        return [part.read() for part in self._parts]

    def find_buffers(self, batch: Any) -> None:
        """Find arrays that share memory with a batch: the loader reuses them for each batch.

        Args:
            batch: As the loader returned it, not a copy.
        """
        arrays = [leaf for _, leaf in leaves(batch) if isinstance(leaf, np.ndarray)]
        for part in self._arrays:
            if any(np.may_share_memory(part.value, array) for array in arrays):
                text = f"gives the same array {part.name} for each batch: copy what you keep"
                self._buffers[id(part.value)] = text

    def changes(self) -> list[str]:
        """What the loader changes in its data, as predicates: "writes into your array x"."""
        began = perf_counter()
        if self._large and began >= self._compare_at:
            for part, before in self._large:
                self._note_change(part, before, part.read())
            ended = perf_counter()
            self._compare_at = ended + max(COMPARE_SECONDS, (ended - began) / COMPARE_SHARE)
        found = [self._buffers.get(key, change) for key, change in self._changes.items()]
        return list(dict.fromkeys(found))
