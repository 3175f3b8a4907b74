"""Statistics of a leaf over several batches: counts, extremes and hashes, never arrays."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.preview.guess_role import Part, Role
from workbench.preview.leaf import Leaf

MOST_LABELS = 1000  # distinct labels that are counted; more are values rather than classes
BY_CLASS = ("one-hot", "multi-hot", "probabilities")
ONE_NUMBER = ("label", "value")


@dataclass
class LeafStatistics:
    """Statistics of one leaf over all batches so far.

    Attributes:
        path: Path of the leaf in the batch.
        part: "x", "y" or "w" by its position in the tuple; "" for other structures.
        roles: Number of batches in which the leaf had each role.
        dtypes: Number of samples of each dtype.
        shapes: Number of samples of each shape.
        sizes: Number of samples in each batch.
        note: What the leaf is if it is not an array, or that it is a list.
        low: Smallest finite value; infinite if there is none.
        high: Largest finite value; minus infinity if there is none.
        nan: Samples with NaN.
        infinite: Samples with infinite values.
        constant: Number of samples that contain only this value, by value.
        labels: Number of samples with each label or class.
        multi_label: Samples with more than one class.
        classes: Columns of one-hot or multi-hot labels; 0 for other leaves.
        repeated_in_batch: Samples that occurred earlier in the same batch.
        repeated_across: Samples that occurred in an earlier batch.
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
    multi_label: int = 0
    classes: int = 0
    repeated_in_batch: int = 0
    repeated_across: int = 0
    _hashes: set[int] = field(default_factory=set, repr=False)

    @property
    def role(self) -> Role:
        """The role that fits all batches: multi-hot labels may look one-hot in one of them."""
        for role in ("multi-hot", "probabilities", "value"):
            if role in self.roles:
                return role
        return self.roles.most_common(1)[0][0]

    @property
    def samples(self) -> int:
        """Number of samples in all batches."""
        return sum(self.sizes)

    @property
    def repeats(self) -> int:
        """Samples that occurred before."""
        return self.repeated_in_batch + self.repeated_across

    def add(self, leaf: Leaf, hashed: bool) -> None:
        """Add the leaf of a further batch. Its array is not kept.

        Args:
            leaf: The leaf.
            hashed: Whether to look for repeated samples.
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

    def _add_hash(self, digest: int, before: set[int]) -> None:
        if digest in before:
            self.repeated_across += 1
        elif digest in self._hashes:
            self.repeated_in_batch += 1
        self._hashes.add(digest)

    def _add_labels(self, array: npt.NDArray[Any], role: Role) -> None:
        if role in ONE_NUMBER:
            values, counts = np.unique(array, return_counts=True)
            if len(self.labels) <= MOST_LABELS:
                self.labels.update(dict(zip(values.tolist(), counts.tolist(), strict=True)))
            return
        self.classes = array.shape[1]
        if role == "probabilities":
            self.multi_label += int((array.max(axis=1) < 1).sum())
            array = np.eye(self.classes, dtype=int)[array.argmax(axis=1)]
        else:
            self.multi_label += int((array.sum(axis=1) > 1).sum())
        self.labels.update({c: int(n) for c, n in enumerate(array.sum(axis=0))})
