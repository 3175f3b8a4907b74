"""Label counts, and what Keras makes of `class_weight` with such labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from workbench.preview.draw_images import name_of
from workbench.preview.guess_role import Part, Role
from workbench.preview.tiles import number

NAMED = 10  # labels counted by name; of more only how many there are is told
ARGMAX = "Keras takes the argmax of each row, silently"


@dataclass(frozen=True)
class Labels:
    """How often each label came.

    Attributes:
        path: Where the labels are.
        part: Of the batch: "y" for targets.
        role: "label", "one-hot", "multi-hot", "probabilities" or "value".
        counts: Samples by label; by class for one-hot and the like, zeros among them.
        several: Samples with more than one class.
        names: Class names, if they are known to be of these labels.
    """

    path: str
    part: Part
    role: Role
    counts: Mapping[float, int]
    several: int = 0
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.role == "value" or len(self.counts) > NAMED:
            values = list(self.counts)
            return f"{len(values)} values, {number(min(values))} … {number(max(values))}"
        return " / ".join(f"{self.name(label)} {count}" for label, count in self.counts.items())

    def name(self, label: float) -> str:
        """A label in words."""
        return name_of(int(label), self.names) if float(label).is_integer() else number(label)


def weight_faults(
    class_weight: Mapping[object, float],
    targets: Sequence[Labels],
    *,
    weighted: bool = False,
    by_index: bool = True,
) -> Iterator[str]:
    """What Keras 3 would do to a `class_weight` of `fit` without saying so, or refuse.

    Args:
        class_weight: As for `fit`: from label to weight.
        targets: The labels among the targets.
        weighted: Whether batches have sample weights.
        by_index: Whether batches come by index; Keras takes it for no others.

    Yields:
        One sentence for each fault, after `class_weight_to_sample_weights` in Keras 3.15.
    """
    if not by_index:
        yield "class_weight: Keras refuses it with a generator; yield (x, y, sample_weight)"
    if weighted:
        yield "class_weight: Keras refuses it where batches have sample weights"
    if len(targets) != 1:
        kind = "no labels among the targets" if not targets else f"{len(targets)} targets"
        yield f"class_weight needs one label for each sample: there are {kind}"
        return
    labels, path = targets[0], targets[0].path
    unlike = [key for key in class_weight if not _whole(key)]
    if unlike:
        yield f"class_weight: {unlike[0]!r} is no whole number, and weighs nothing"
    if labels.role == "multi-hot":
        yield (
            f"class_weight: {path} is multi-hot, {labels.several} samples have several classes. "
            f"{ARGMAX}: only the first class counts, and none at all weighs as class 0"
        )
    elif labels.role == "probabilities":
        yield f"class_weight: {path} has shares of classes. {ARGMAX}"
    elif labels.role == "value":
        yield f"class_weight: {path} is no label; Keras rounds it to a whole number, silently"
    missed = [n for n, count in labels.counts.items() if count and round(n) not in class_weight]
    if missed and labels.role != "value":
        names = ", ".join(labels.name(n) for n in missed[:NAMED])
        yield f"class_weight misses {names}: weight 1.0 there, silently"


def _whole(key: object) -> bool:
    return isinstance(key, int | float) or hasattr(key, "__index__")
