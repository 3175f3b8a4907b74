"""The sample grid of a pipeline: a picture of some samples, their captions, and a check."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.pipeline.draws import Draws
from workbench.pipeline.pipeline import Pipeline
from workbench.pipeline.sources.open_source import Images, Rows, Source
from workbench.preview.tiles import (
    TILES,
    Preview,
    display_range,
    grid_layout,
    mosaic,
    to_jpeg,
    to_tile,
)

__all__ = ["SHOWN", "Preview", "Tiles", "draw", "label_counts", "tiles_of"]

# What the grid can show. "side by side" shows each sample before and after augmentation.
SHOWN = ("augmented", "original", "side by side")


class Tiles:
    """Keeps the images of the grid, so that moving an augmentation slider decodes no files."""

    def __init__(self) -> None:
        self._source: Source | None = None
        self._wanted: Rows = np.empty(0, np.int64)
        self._read: tuple[Images, Rows] | None = None

    def read(self, source: Source, wanted: Rows) -> tuple[Images, Rows]:
        """`source.read(wanted)`, or its last result if the arguments are the same."""
        if (
            self._read is None
            or source is not self._source
            or not np.array_equal(wanted, self._wanted)
        ):
            self._read = source.read(wanted)
            self._source, self._wanted = source, wanted
        return self._read


def draw(
    pipeline: Pipeline,
    tiles: Tiles,
    first: int,
    epoch: int,
    labels: str,
    show: str = "augmented",
) -> Preview:
    """Draw samples, augmented as they are in a given epoch.

    Only the samples shown are read and augmented, with the draws that they have in their batches.

    Args:
        pipeline: The pipeline to take samples from.
        tiles: Keeps the images read.
        first: Index of the first sample in the order of epoch 0; wraps around at the end.
        epoch: The epoch whose draws are used.
        labels: Result of `label_counts`, for the line below the grid.
        show: One of `SHOWN`.
    """
    count = min(tiles_of(show), len(pipeline.rows))
    order = pipeline.order(0)
    wanted = order[np.arange(first, first + count) % len(order)]
    images, rows = tiles.read(pipeline.source, wanted)
    augmented = pipeline.transform(images, rows, epoch)
    texts = captions(pipeline.source, rows, pipeline.draws(rows, epoch))
    pictures = augmented
    if show != "augmented":
        original = pipeline.without_augmentation().transform(images, rows, epoch)
        pictures, texts = _with_original(original, augmented, texts, show == "side by side")
    low, high, stretched = display_range(pictures)
    shown = [to_tile(image, low, high) for image in pictures]
    data = {
        "title": f"{first % len(order) + 1}-{(first + count - 1) % len(order) + 1} of "
        f"{len(order)} · epoch {epoch}",
        "range": f"contrast stretched {low:.3g} … {high:.3g}"
        if stretched
        else f"shown on {low:g} … {high:g}",
        "check": f"{check(augmented, len(wanted) - len(rows))} · {labels}",
        "show": show,
        "shows": SHOWN,
        "samples": len(order),
        "shape": list(pipeline.source.shape),
        **grid_layout(shown),
        "captions": texts,
        "alt": f"{len(rows)} samples, {show}: " + "; ".join(t["label"] for t in texts),
    }
    return Preview(to_jpeg(mosaic(shown)), data)


def tiles_of(show: str) -> int:
    """The number of samples in the grid."""
    return TILES // 2 if show == "side by side" else TILES


def _with_original(
    original: Images, augmented: Images, texts: list[dict[str, str]], both: bool
) -> tuple[Images, list[dict[str, str]]]:
    """The original images and their captions; with `both`, each followed by its augmentation."""
    plain = [{**t, "draw": "original", "title": t["title"].split(":")[0]} for t in texts]
    if not both:
        return original, plain
    pairs = np.stack([original, augmented], axis=1)
    texts = [text for pair in zip(plain, texts, strict=True) for text in pair]
    return pairs.reshape(-1, *original.shape[1:]), texts


def captions(source: Source, rows: Any, draws: Draws) -> list[dict[str, str]]:
    """Label and draw of each tile: short for the caption, complete for the tooltip."""
    found = []
    for i, row in enumerate(rows):
        d = draws[i]
        flips = "⇋" * d["flip_horizontal"] + "⥮" * d["flip_vertical"]
        text = f"{d['theta']:+.0f}° ×{d['zx']:.2f} {flips}"
        whole = ", ".join(
            f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}"
            for name, value in d.items()
            if value is not None
        )
        found.append(
            {"label": _label(source, row), "draw": text.strip(), "title": f"sample {row}: {whole}"}
        )
    return found


def check(images: Images, unreadable: int) -> str:
    """Summarize in one line what could be wrong with these images."""
    flat = images.reshape(len(images), -1)
    lows, highs = flat.min(axis=1), flat.max(axis=1)
    nan = int(np.isnan(highs).sum())  # min and max of an image with NaN are NaN
    constant = int((highs == lows).sum())
    twice = _count_duplicates(flat)
    parts = [
        images.dtype.name,
        f"range {np.nanmin(lows):.3g} … {np.nanmax(highs):.3g}",
        f"NaN in {_count(nan, 'image')}" if nan else "no NaN",
        f"{_count(constant, 'image')} of one flat colour" if constant else "no blank images",
        _count(twice, "duplicate") if twice else "no duplicates",
        *([f"{unreadable} unreadable skipped"] if unreadable else []),
    ]
    return " · ".join(parts)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _label(source: Source, row: int) -> str:
    if source.labels is None:
        return f"#{row}"
    label = source.labels[row]
    if np.ndim(label) == 1 and np.size(label) == len(source.class_names):
        return " + ".join(source.class_names[i] for i in np.flatnonzero(label)) or "none"
    if np.size(label) != 1:
        return f"#{row}"
    number = np.asarray(label).item()
    named = source.class_names and float(number).is_integer()
    return source.class_names[int(number)] if named else f"{number:g}"


def _count_duplicates(flat: npt.NDArray[Any]) -> int:
    """Count rows that occur earlier. Only rows that agree in some pixels are compared in full."""
    alike: dict[bytes, list[npt.NDArray[Any]]] = {}
    for row in flat:
        alike.setdefault(row[::37].tobytes(), []).append(row)
    return sum(len(rows) - len({r.tobytes() for r in rows}) for rows in alike.values() if rows[1:])


def label_counts(source: Source) -> str:
    """The number of samples with each label, in the whole source."""
    labels = source.labels
    if labels is None:
        return "no labels"
    if labels.ndim == 2 and labels.shape[1] == len(source.class_names) <= 10:
        return _counted(source, source.class_names, labels.sum(axis=0).astype(int))
    values, counts = np.unique(labels, return_counts=True)
    if labels.size != len(source) or len(values) > 10:
        return f"labels {labels.dtype} {labels.shape}"
    names = [source.class_names[int(v)] if source.class_names else f"{v:g}" for v in values]
    return _counted(source, names, counts)


def _counted(source: Source, names: Iterable[str], counts: Iterable[int]) -> str:
    pairs = (f"{name} {count}" for name, count in zip(names, counts, strict=True))
    return f"labels of all {len(source)}: " + " / ".join(pairs)
