"""What is kept of a leaf over several batches: counts, extremes and hashes, never arrays."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.preview.guess_role import Part, Role
from workbench.preview.leaves import Leaf

MOST_VALUES = 1000  # distinct labels that are counted: there are no more classes than that
BY_CLASS = ("one-hot", "multi-hot", "probabilities")
ONE_NUMBER = ("label", "value")


@dataclass
class Tally:
    """One leaf over all batches so far.

    Attributes:
        path: Where it is.
        part: "x", "y" or "w" by its place in the tuple; "" if there is none.
        roles: What it was taken for, and in how many batches.
        dtypes: Its types.
        shapes: The shapes of its samples, and how many there were of each.
        sizes: Samples in each batch.
        note: What it is if it is no array, or that it is a list.
        low: The least finite number; infinite if there was none.
        high: The greatest.
        nan: Samples with NaN.
        infinite: Samples with infinite numbers.
        constant: Samples of one value, and how many of each value.
        labels: How many samples have each label or class.
        several: Samples with more than one class.
        classes: Columns of one-hot or multi-hot labels; 0 if it is no such.
        within: Samples that the same batch had already.
        across: Samples that an earlier batch had.
    """

    path: str
    part: Part
    roles: Counter[Role] = field(default_factory=Counter)
    dtypes: Counter[str] = field(default_factory=Counter)
    shapes: Counter[tuple[int, ...]] = field(default_factory=Counter)
    sizes: list[int] = field(default_factory=list)
    note: str = ""
    low: float = np.inf
    high: float = -np.inf
    nan: int = 0
    infinite: int = 0
    constant: Counter[float] = field(default_factory=Counter)
    labels: Counter[float] = field(default_factory=Counter)
    several: int = 0
    classes: int = 0
    within: int = 0
    across: int = 0
    _hashes: set[int] = field(default_factory=set, repr=False)

    @property
    def role(self) -> Role:
        """The role that fits all batches: a batch of multi-hot labels may look one-hot."""
        for role in ("multi-hot", "probabilities", "value"):
            if role in self.roles:
                return role
        return self.roles.most_common(1)[0][0]

    @property
    def samples(self) -> int:
        """Samples of all batches."""
        return sum(self.sizes)

    def add(self, leaf: Leaf, hashed: bool) -> None:
        """Count a batch's leaf in; nothing of its array is kept.

        Args:
            leaf: It.
            hashed: Whether to look for samples that were there before.
        """
        self.roles[leaf.role] += 1
        self.note = leaf.note
        self.sizes.append(len(leaf))
        if leaf.array is None:
            return
        samples = leaf.array if leaf.axes[:1] in ("N", "") and leaf.array.ndim else [leaf.array]
        before = set(self._hashes)
        for sample in samples:
            self._add_sample(sample, hashed, before)
        if leaf.role in (*BY_CLASS, *ONE_NUMBER):
            self._add_labels(leaf.array, leaf.role)

    def _add_sample(self, sample: Any, hashed: bool, before: set[int]) -> None:
        array = np.asarray(sample)
        self.dtypes[array.dtype.name] += 1
        self.shapes[array.shape] += 1
        if array.dtype.kind not in "biuf" or not array.size:
            return
        low, high = float(array.min()), float(array.max())
        if not (np.isfinite(low) and np.isfinite(high)):
            self.nan += bool(np.isnan(low))
            self.infinite += bool(np.isinf(array).any())
            finite = array[np.isfinite(array)]
            low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
        elif low == high and array.size > 1:
            self.constant[low] += 1
        elif hashed:
            self._add_hash(hash(array.tobytes()), before)
        self.low, self.high = min(self.low, low), max(self.high, high)

    def _add_hash(self, found: int, before: set[int]) -> None:
        if found in before:
            self.across += 1
        elif found in self._hashes:
            self.within += 1
        self._hashes.add(found)

    def _add_labels(self, array: npt.NDArray[Any], role: Role) -> None:
        if role in ONE_NUMBER:
            values, counts = np.unique(array, return_counts=True)
            if len(self.labels) <= MOST_VALUES:
                self.labels.update(dict(zip(values.tolist(), counts.tolist(), strict=True)))
            return
        self.classes = array.shape[1]
        if role == "probabilities":
            self.several += int((array.max(axis=1) < 1).sum())
            array = np.eye(self.classes, dtype=int)[array.argmax(axis=1)]
        else:
            self.several += int((array.sum(axis=1) > 1).sum())
        self.labels.update({c: int(n) for c, n in enumerate(array.sum(axis=0))})
