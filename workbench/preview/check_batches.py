"""What could be wrong with a few batches, told before training."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from workbench.measure.keras_refusal import refusal
from workbench.preview.check_class_weight import Labels, weight_faults
from workbench.preview.describe_leaves import INPUTS, facts, labels_of, warnings
from workbench.preview.leaf_statistics import Tally
from workbench.preview.leaves import find_leaves

SHOWN = 2  # structures that differ; more say nothing new


@dataclass(frozen=True)
class Checked:
    """What a few batches hold.

    Attributes:
        warnings: What is wrong or costs time, with the mend; empty if nothing was seen.
        facts: Types, shapes, ranges, label counts.
        labels: Of each leaf of labels.
        batches: How many were looked at.
        samples: In all of them.
    """

    warnings: tuple[str, ...]
    facts: tuple[str, ...]
    labels: tuple[Labels, ...]
    batches: int
    samples: int

    def to_dict(self) -> dict[str, Any]:
        """As plain dicts, for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        return " · ".join((*self.warnings, *self.facts))


class Checking:
    """A check that is given batches one by one; only counts and hashes of them are kept.

    Args:
        from_generator: Whether they come from a generator or an iterator rather than by index.
    """

    def __init__(self, *, from_generator: bool = False) -> None:
        self._from_generator = from_generator
        self._tallies: dict[str, Tally] = {}
        self._structures: dict[str, None] = {}  # in the order seen
        self._refused = ""
        self._batches = 0

    def add(self, batch: Any) -> None:
        """Count a batch in. Samples are told from each other by the first leaf of inputs."""
        leaves = find_leaves(batch)
        self._batches += 1
        self._refused = self._refused or refusal(batch, from_generator=self._from_generator)
        self._structures[", ".join(leaf.path for leaf in leaves)] = None
        hashed = next((leaf for leaf in leaves if leaf.role in INPUTS), None)
        for leaf in leaves:
            tally = self._tallies.setdefault(leaf.path, Tally(leaf.path, leaf.part))
            tally.add(leaf, leaf is hashed)

    def result(
        self, class_names: Sequence[str] = (), class_weight: Mapping[Any, float] | None = None
    ) -> Checked:
        """What was found so far; arguments as in `check_batches`."""
        found = list(self._tallies.values())
        labels = labels_of(found, class_names)
        said = [self._refused] if self._refused else []
        if len(self._structures) > 1:
            said.append(f"batches differ in structure: {' / '.join([*self._structures][:SHOWN])}")
        said += [text for tally in found for text in warnings(tally, class_names)]
        if class_weight is not None:
            said += weight_faults(
                class_weight,
                [each for each in labels if each.part == "y"],
                weighted=any(tally.part == "w" for tally in found),
                by_index=not self._from_generator,
            )
        count = f"{self._batches} batch{'es' * (self._batches != 1)}"
        samples = max((tally.samples for tally in found), default=0)
        return Checked(
            tuple(said), (count, *facts(found, labels)), tuple(labels), self._batches, samples
        )


def check_batches(
    batches: Iterable[Any],
    *,
    class_names: Sequence[str] = (),
    class_weight: Mapping[Any, float] | None = None,
    from_generator: bool = False,
) -> Checked:
    """Look through some batches, one after the other.

    Args:
        batches: Of any structure; different ones of one epoch, or all samples come twice.
        class_names: Names of the labels 0, 1 and so on.
        class_weight: As for `fit`: what Keras would make of it is told.
        from_generator: Whether they come from a generator or an iterator rather than by index.

    Raises:
        ValueError: If there are no batches.
    """
    checking = Checking(from_generator=from_generator)
    for batch in batches:
        checking.add(batch)
        del batch  # or it is held while the next is made
    result = checking.result(class_names, class_weight)
    if not result.batches:
        raise ValueError("check: expected at least one batch. Received: none")
    return result
