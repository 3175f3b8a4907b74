"""What could be wrong with a few batches, told before training."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from workbench.measure.structure import refusal
from workbench.theirs.view.findings import INPUTS, facts, labels_of, warnings
from workbench.theirs.view.leaves import Leaf, find_leaves
from workbench.theirs.view.tallies import Tally
from workbench.theirs.view.weights import Labels, weight_faults

STRUCTURES = 2  # that differ are told; more say nothing new


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


def check_batches(
    batches: Iterable[Any],
    *,
    class_names: Sequence[str] = (),
    class_weight: Mapping[Any, float] | None = None,
    from_generator: bool = False,
) -> Checked:
    """Look through some batches, one after the other; only counts and hashes of them are kept.

    Args:
        batches: Of any structure; different ones of one epoch, or all samples come twice.
        class_names: Names of the labels 0, 1 and so on.
        class_weight: As for `fit`: what Keras would make of it is told.
        from_generator: Whether they come from a generator or an iterator rather than by index.

    Raises:
        ValueError: If there are no batches.
    """
    tallies: dict[str, Tally] = {}
    structures: list[str] = []
    refused, count = "", 0
    for count, batch in enumerate(batches, 1):  # noqa: B007  # it is used after the loop
        leaves = find_leaves(batch)
        refused = refused or refusal(batch, from_generator=from_generator)
        structures.append(", ".join(leaf.path for leaf in leaves))
        _add(tallies, leaves)
        del batch, leaves  # or two batches are held while the next is made
    if not count:
        raise ValueError("check: expected at least one batch. Received: none")
    found = list(tallies.values())
    labels = labels_of(found, class_names)
    different = list(dict.fromkeys(structures))[:STRUCTURES]
    said = [refused] if refused else []
    said += [f"batches differ in structure: {' / '.join(different)}"] if different[1:] else []
    said += [text for tally in found for text in warnings(tally, class_names)]
    if class_weight is not None:
        said += weight_faults(
            class_weight,
            [each for each in labels if each.part == "y"],
            weighted=any(tally.part == "w" for tally in found),
            by_index=not from_generator,
        )
    told = [f"{count} batch{'es' * (count > 1)}", *facts(found, labels)]
    samples = max((tally.samples for tally in found), default=0)
    return Checked(tuple(said), tuple(told), tuple(labels), count, samples)


def _add(tallies: dict[str, Tally], leaves: Sequence[Leaf]) -> None:
    """Count a batch in. Samples are told from each other by the first leaf of inputs."""
    for leaf in leaves:
        hashed = next((other for other in leaves if other.role in INPUTS), None)
        tally = tallies.setdefault(leaf.path, Tally(leaf.path, leaf.part))
        tally.add(leaf, leaf is hashed)
