"""Check a few batches for what could be wrong with them, before training."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.measure.keras_refusal import refusal
from workbench.preview.check_class_weight import LabelCounts, check_class_weight
from workbench.preview.describe_leaves import INPUTS, count_labels, leaf_facts, leaf_warnings
from workbench.preview.leaf_statistics import LeafStatistics
from workbench.preview.leaves import find_leaves

MOST_STRUCTURES = 2  # listed in one warning


@dataclass(frozen=True)
class Checked:
    """Result of checking a few batches.

    Attributes:
        warnings: What is wrong or slow and how to fix it; empty if nothing was found.
        facts: Dtypes, shapes, ranges and label counts.
        labels: Label counts of each leaf with labels.
        batches: Number of batches checked.
        samples: Number of samples in them.
    """

    warnings: tuple[str, ...]
    facts: tuple[str, ...]
    labels: tuple[LabelCounts, ...]
    batches: int
    samples: int

    def __str__(self) -> str:
        return " · ".join((*self.warnings, *self.facts))


class BatchChecker:
    """Checks batches one by one, and keeps only counts and hashes of them.

    Args:
        from_generator: Whether batches come from a generator or iterator, not by index.
    """

    def __init__(self, *, from_generator: bool = False) -> None:
        self._from_generator = from_generator
        self._statistics: dict[str, LeafStatistics] = {}
        self._structures: dict[str, None] = {}  # in the order seen
        self._refused = ""
        self._batches = 0

    def add(self, batch: Any) -> None:
        """Add a batch. Repeated samples are found by the first leaf of inputs."""
        leaves = find_leaves(batch)
        self._batches += 1
        self._refused = self._refused or refusal(batch, from_generator=self._from_generator)
        self._structures[", ".join(leaf.path for leaf in leaves)] = None
        hashed = next((leaf for leaf in leaves if leaf.role in INPUTS), None)
        for leaf in leaves:
            stats = self._statistics.setdefault(leaf.path, LeafStatistics(leaf.path, leaf.part))
            stats.add(leaf, leaf is hashed)

    def result(
        self, class_names: Sequence[str] = (), class_weight: Mapping[Any, float] | None = None
    ) -> Checked:
        """What was found so far; see `check_batches` for the arguments."""
        statistics = list(self._statistics.values())
        labels = count_labels(statistics, class_names)
        warnings = [self._refused] if self._refused else []
        if len(self._structures) > 1:
            structures = " / ".join([*self._structures][:MOST_STRUCTURES])
            warnings.append(f"batches differ in structure: {structures}")
        for stats in statistics:
            warnings += leaf_warnings(stats, class_names)
        if class_weight is not None:
            warnings += check_class_weight(
                class_weight,
                [each for each in labels if each.part == "y"],
                weighted=any(stats.part == "w" for stats in statistics),
                by_index=not self._from_generator,
            )
        count = f"{self._batches} batch{'es' * (self._batches != 1)}"
        return Checked(
            warnings=tuple(warnings),
            facts=(count, *leaf_facts(statistics, labels)),
            labels=tuple(labels),
            batches=self._batches,
            samples=max((stats.samples for stats in statistics), default=0),
        )


def check_batches(
    batches: Iterable[Any],
    *,
    class_names: Sequence[str] = (),
    class_weight: Mapping[Any, float] | None = None,
    from_generator: bool = False,
) -> Checked:
    """Check some batches, one after the other.

    Args:
        batches: Batches of any structure, all from the same epoch: samples of another one count
            as repeated.
        class_names: Names of the labels 0, 1, ...
        class_weight: As for `fit`. Checked against the labels if given.
        from_generator: Whether batches come from a generator or iterator, not by index.

    Raises:
        ValueError: If there are no batches.
    """
    checker = BatchChecker(from_generator=from_generator)
    for batch in batches:
        checker.add(batch)
        del batch  # or it stays in memory while the next is made
    result = checker.result(class_names, class_weight)
    if not result.batches:
        raise ValueError("check: expected at least one batch. Received: none")
    return result
