"""The statistics of leaves in words: warnings and facts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from workbench.preview.check_class_weight import LabelCounts
from workbench.preview.label_names import class_name
from workbench.preview.leaf_statistics import BY_CLASS, LeafStatistics
from workbench.preview.tiles import format_number

PICTURES = ("image", "volume")
INPUTS = (*PICTURES, "sequence", "vector")
PER_SAMPLE = ("label", "value", "weights", *BY_CLASS)  # small, whatever their dtype
MOST_SHAPES = 3  # listed in one warning
MANY = 16  # samples: that many of a single class are no coincidence


def leaf_warnings(stats: LeafStatistics, names: Sequence[str]) -> Iterator[str]:
    """What is wrong with a leaf, or slow.

    Args:
        stats: Statistics of the leaf.
        names: Class names of the labels 0, 1, ...; empty if unknown.
    """
    path = stats.path
    if "float64" in stats.dtypes and any(stats.shapes) and stats.role not in PER_SAMPLE:
        yield (
            f"{path} is float64: Keras computes in float32, so it takes twice the memory and "
            f"transfer time for nothing. Use astype('float32'), or make it float32 from the start"
        )
    if len(stats.dtypes) > 1 and stats.role != "text":
        yield f"{path} changes its dtype: {', '.join(stats.dtypes)}"
    if len(stats.shapes) > 1 and stats.role != "text":
        shown = ", ".join(map(str, list(stats.shapes)[:MOST_SHAPES]))
        more = " …" if len(stats.shapes) > MOST_SHAPES else ""
        yield f"{path}: samples of {len(stats.shapes)} shapes: {shown}{more}"
    yield from _value_warnings(stats)
    yield from _label_warnings(stats, names)


def leaf_facts(
    statistics: Sequence[LeafStatistics], labels: Sequence[LabelCounts]
) -> Iterator[str]:
    """What the leaves contain: one sentence for each, and whether samples repeat."""
    counts = {each.path: str(each) for each in labels}
    for stats in statistics:
        yield f"{stats.path}: " + ", ".join(_facts(stats, counts.get(stats.path, "")))
    inputs = any(stats.role in INPUTS and stats.dtypes for stats in statistics)
    if inputs and not any(stats.repeats for stats in statistics):
        yield "no duplicate samples"


def count_labels(statistics: Sequence[LeafStatistics], names: Sequence[str]) -> list[LabelCounts]:
    """The label counts of all leaves that have labels."""
    return [
        LabelCounts(
            path=stats.path,
            part=stats.part,
            role=stats.role,
            counts=dict(sorted(stats.labels.items())),
            multi_label=stats.multi_label,
            names=_class_names(stats, names),
        )
        for stats in statistics
        if stats.labels
    ]


def _facts(stats: LeafStatistics, counts: str) -> Iterator[str]:
    yield stats.role
    if not stats.dtypes:
        yield stats.note or "no samples"
        return
    yield _size_and_dtype(stats)
    if counts:
        yield counts
    elif stats.low <= stats.high:
        yield f"{format_number(stats.low)} … {format_number(stats.high)}"
    if stats.role in INPUTS and not stats.nan:
        yield "no NaN"
    if stats.role == "mask" and stats.constant:
        yield f"{stats.constant.total()} of {stats.samples} with a single label"
    if stats.note:
        yield stats.note


def _size_and_dtype(stats: LeafStatistics) -> str:
    """Batch size, sample shape and dtype: "32 (the last 12) × 224 × 224 × 3 float32"."""
    sizes = sorted(set(stats.sizes), reverse=True)
    short = sizes[1:] and set(stats.sizes[:-1]) == {sizes[0]}
    listed = " or ".join(map(str, sizes[:MOST_SHAPES]))
    size = f"{sizes[0]} (the last {sizes[1]})" if short else listed
    if stats.role == "text":
        return f"{size} strings"
    shape = "".join(f" × {n}" for n in next(iter(stats.shapes)))
    dtype = next(iter(stats.dtypes))
    if sizes == [0]:
        return f"a single {dtype} without a sample axis"
    return f"{size}{shape if len(stats.shapes) == 1 else ' of different shapes'} {dtype}"


def _value_warnings(stats: LeafStatistics) -> Iterator[str]:
    path = stats.path
    if stats.nan:
        yield f"{path}: NaN in {_of(stats.nan, stats)}"
    if stats.infinite:
        yield f"{path}: infinite values in {_of(stats.infinite, stats)}"
    if stats.role in PICTURES and stats.constant:
        black = stats.constant.get(stats.low, 0)
        more = f" ({black} black)" if black else ""
        yield f"{path}: {_of(stats.constant.total(), stats)} are one flat colour{more}"
    if stats.repeats:
        yield (
            f"{path}: {stats.repeats} duplicate samples "
            f"({stats.repeated_in_batch} within a batch, {stats.repeated_across} across batches)"
        )
    if stats.role == "weights" and stats.low < 0:
        yield f"{path}: negative weights, down to {format_number(stats.low)}"


def _label_warnings(stats: LeafStatistics, names: Sequence[str]) -> Iterator[str]:
    if stats.role == "label" and names and stats.part == "y" and stats.high >= len(names):
        yield f"{stats.path}: label {stats.high:g}, but only {len(names)} class names"
    if stats.role in ("label", "one-hot") and stats.part != "x" and stats.samples >= MANY:
        present = [label for label, count in stats.labels.items() if count]
        if len(present) == 1:
            name = class_name(int(present[0]), _class_names(stats, names))
            yield (
                f"{stats.path}: all {stats.samples} samples are {name}. Are they shuffled? "
                f"Models train badly on batches of a single class"
            )


def _class_names(stats: LeafStatistics, names: Sequence[str]) -> tuple[str, ...]:
    """The class names, if they fit the labels of this leaf."""
    if stats.role in BY_CLASS:
        return tuple(names) if stats.classes == len(names) else ()
    fits = stats.role == "label" and stats.low >= 0 and stats.high < len(names)
    return tuple(names) if fits else ()


def _of(count: int, stats: LeafStatistics) -> str:
    return f"{count} of {stats.samples} samples"
