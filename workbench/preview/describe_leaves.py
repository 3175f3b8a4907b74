"""What a leaf's tally says, in words: what is wrong with it, and what it holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from workbench.preview.check_class_weight import Labels
from workbench.preview.draw_images import name_of
from workbench.preview.leaf_statistics import BY_CLASS, Tally
from workbench.preview.tiles import number

PICTURES = ("image", "volume")
INPUTS = (*PICTURES, "sequence", "vector")
PER_SAMPLE = ("label", "value", "weights", *BY_CLASS)  # small, whatever their type
SHAPES = 3  # told; more say nothing new
NAMED = 10  # labels counted by name; of more only how many there are is told
MANY = 16  # samples: so many of one class are no chance


def warnings(tally: Tally, names: Sequence[str]) -> Iterator[str]:
    """What is wrong with a leaf, or costs time."""
    path = tally.path
    if "float64" in tally.dtypes and any(tally.shapes) and tally.role not in PER_SAMPLE:
        yield (
            f"{path} is float64: Keras computes in float32, so it takes twice the memory and "
            f"hand-over for nothing: astype('float32'), best where it is made"
        )
    if len(tally.dtypes) > 1 and tally.role != "text":
        yield f"{path} changes its type: {', '.join(tally.dtypes)}"
    if len(tally.shapes) > 1 and tally.role != "text":
        shown = ", ".join(map(str, list(tally.shapes)[:SHAPES]))
        more = " …" if len(tally.shapes) > SHAPES else ""
        yield f"{path}: samples of {len(tally.shapes)} shapes: {shown}{more}"
    if tally.nan:
        yield f"{path}: NaN in {_of(tally.nan, tally)}"
    if tally.infinite:
        yield f"{path}: infinite numbers in {_of(tally.infinite, tally)}"
    if tally.role in PICTURES and tally.constant:
        black = tally.constant.get(tally.low, 0)
        of = f" ({black} black)" if black else ""
        yield f"{path}: {_of(tally.constant.total(), tally)} of one value{of}"
    if tally.within or tally.across:
        yield (
            f"{path}: the same sample again {tally.within + tally.across} times "
            f"({tally.within} within a batch, {tally.across} in a later one)"
        )
    if tally.role == "weights" and tally.low < 0:
        yield f"{path}: weights below 0, down to {number(tally.low)}"
    yield from _label_warnings(tally, names)


def facts(tallies: Sequence[Tally], labels: Sequence[Labels]) -> Iterator[str]:
    """What the leaves hold."""
    counted = {each.path: str(each) for each in labels}
    for tally in tallies:
        yield f"{tally.path}: " + ", ".join(_facts(tally, counted.get(tally.path, "")))
    if any(t.role in INPUTS and t.dtypes for t in tallies) and not any(
        t.within or t.across for t in tallies
    ):
        yield "no sample twice"


def labels_of(tallies: Sequence[Tally], names: Sequence[str]) -> list[Labels]:
    """The label counts of all leaves that have them."""
    return [
        Labels(t.path, t.part, t.role, dict(sorted(t.labels.items())), t.several, _named(t, names))
        for t in tallies
        if t.labels
    ]


def _facts(tally: Tally, counted: str) -> Iterator[str]:
    yield tally.role
    if not tally.dtypes:
        yield tally.note or "no samples"
        return
    yield _sizes(tally)
    if counted:
        yield counted
    elif tally.low <= tally.high:
        yield f"{number(tally.low)} … {number(tally.high)}"
    if tally.role in INPUTS and not tally.nan:
        yield "no NaN"
    if tally.role == "mask" and tally.constant:
        yield f"{tally.constant.total()} of {tally.samples} of one label"
    if tally.note:
        yield tally.note


def _sizes(tally: Tally) -> str:
    """Samples in a batch, and their type and shape: "32 (the last 12) × 224 × 224 × 3 float32"."""
    sizes = sorted(set(tally.sizes), reverse=True)
    short = sizes[1:] and set(tally.sizes[:-1]) == {sizes[0]}
    size = f"{sizes[0]} (the last {sizes[1]})" if short else " or ".join(map(str, sizes[:SHAPES]))
    if tally.role == "text":
        return f"{size} strings"
    shape = "".join(f" × {n}" for n in next(iter(tally.shapes)))
    dtype = next(iter(tally.dtypes))
    if sizes == [0]:
        return f"one {dtype}, no axis of samples"
    return f"{size}{shape if len(tally.shapes) == 1 else ' of different shapes'} {dtype}"


def _label_warnings(tally: Tally, names: Sequence[str]) -> Iterator[str]:
    if tally.role == "label" and names and tally.part == "y" and tally.high >= len(names):
        yield f"{tally.path}: label {tally.high:g}, but {len(names)} class names"
    if tally.role in ("label", "one-hot") and tally.part != "x" and tally.samples >= MANY:
        seen = [label for label, count in tally.labels.items() if count]
        if len(seen) == 1:
            name = name_of(int(seen[0]), _named(tally, names))
            yield (
                f"{tally.path}: all {tally.samples} samples are {name}; are they shuffled? Batches "
                f"of one class train badly"
            )


def _named(tally: Tally, names: Sequence[str]) -> tuple[str, ...]:
    """The class names, if they can be those of this leaf."""
    if tally.role in BY_CLASS:
        return tuple(names) if tally.classes == len(names) else ()
    fits = tally.role == "label" and tally.low >= 0 and tally.high < len(names)
    return tuple(names) if fits else ()


def _of(count: int, tally: Tally) -> str:
    return f"{count} of {tally.samples} samples"
