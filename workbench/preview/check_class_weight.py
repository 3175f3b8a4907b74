"""Check a `class_weight` against the labels: what Keras would do with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from workbench.preview.guess_role import Part, Role
from workbench.preview.label_names import class_name
from workbench.preview.tiles import format_number

MOST_NAMED = 10  # labels; of more, only their number and range are shown
ARGMAX = "Keras silently takes the argmax of each row"


@dataclass(frozen=True)
class LabelCounts:
    """How often each label occurs.

    Attributes:
        path: Path of the leaf in the batch.
        part: "x", "y" (targets) or "w" (sample weights).
        role: "label", "one-hot", "multi-hot", "probabilities" or "value".
        counts: Samples by label; for one-hot and similar labels by class, including zeros.
        multi_label: Samples with more than one class.
        names: Class names, if they fit these labels.
    """

    path: str
    part: Part
    role: Role
    counts: Mapping[float, int]
    multi_label: int = 0
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.role == "value" or len(self.counts) > MOST_NAMED:
            values = list(self.counts)
            low, high = format_number(min(values)), format_number(max(values))
            return f"{len(values)} values, {low} … {high}"
        return " / ".join(f"{self.name(label)} {count}" for label, count in self.counts.items())

    def name(self, label: float) -> str:
        """The class name of a label, or its number."""
        whole = float(label).is_integer()
        return class_name(int(label), self.names) if whole else format_number(label)


def check_class_weight(
    class_weight: Mapping[object, float],
    targets: Sequence[LabelCounts],
    *,
    weighted: bool = False,
    by_index: bool = True,
) -> Iterator[str]:
    """Find out where Keras 3 would reject a `class_weight`, or silently do something unexpected.

    Args:
        class_weight: Weights by label, as for `fit`.
        targets: Labels among the targets.
        weighted: Whether batches have sample weights.
        by_index: Whether batches are loaded by index. Keras rejects `class_weight` otherwise.

    Yields:
        One sentence for each problem. Follows `class_weight_to_sample_weights` of Keras 3.15.
    """
    if not by_index:
        yield "class_weight: Keras rejects it for generators; yield (x, y, sample_weight) instead"
    if weighted:
        yield "class_weight: Keras rejects it for batches that have sample weights"
    if len(targets) != 1:
        kind = "no labels among the targets" if not targets else f"{len(targets)} targets"
        yield f"class_weight needs one label per sample, but there are {kind}"
        return
    labels, path = targets[0], targets[0].path
    ignored = [key for key in class_weight if not _is_integral(key)]
    if ignored:
        yield f"class_weight: {ignored[0]!r} is not an integer, so Keras ignores it"
    if labels.role == "multi-hot":
        yield (
            f"class_weight: {path} is multi-hot and {labels.multi_label} samples have several "
            f"classes. {ARGMAX}: only the first class counts; samples without one count as class 0"
        )
    elif labels.role == "probabilities":
        yield f"class_weight: {path} contains class probabilities. {ARGMAX}"
    elif labels.role == "value":
        yield f"class_weight: {path} is not a label. Keras silently rounds it to an integer"
    missing = [n for n, count in labels.counts.items() if count and round(n) not in class_weight]
    if missing and labels.role != "value":
        names = ", ".join(labels.name(n) for n in missing[:MOST_NAMED])
        yield f"class_weight misses {names}; Keras silently uses 1.0"


def _is_integral(key: object) -> bool:
    return isinstance(key, int | float) or hasattr(key, "__index__")
