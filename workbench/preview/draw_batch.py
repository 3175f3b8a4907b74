"""A batch of any structure as the grid of the panel."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any

import numpy as np

from workbench.preview import draw_images, draw_plots
from workbench.preview.choose_leaf import ALSO, Choice, choices, choose
from workbench.preview.label_names import caption, mask_names
from workbench.preview.leaves import Leaf, find_leaves
from workbench.preview.tiles import TILES, Preview, Tile, columns_for, mosaic, to_jpeg


def draw_batch(
    batch: Any,
    *,
    leaf: str | None = None,
    axes: str | None = None,
    class_names: Sequence[str] = (),
    first: int = 0,
    tiles: int = TILES,
    title: str = "",
    check: str = "",
) -> Preview:
    """Draw samples of a batch. Nothing of the batch is kept: its buffers may be used again.

    Args:
        batch: Of any structure; see `find_leaves`.
        leaf: Path of what to draw, one of `data["leaves"]`. Defaults to the first image with its
            mask, image, volume, mask, sequence or vector.
        axes: What the axes of that leaf mean, such as "NCHW": samples, depth, height, width,
            channels, steps T and features F. Defaults to the guess; see `roles`.
        class_names: Names of the labels 0, 1 and so on.
        first: Place in the batch of the first tile; after the last sample comes the first.
        tiles: How many; an image with its mask takes two.
        title: Shown before the numbers of the samples.
        check: What `check_batches` said, for the line under the grid.

    Returns:
        The picture, and as `data` what the panel shows with it: its keys are those of our own data
        sets' grid, and `leaves` (path and text of each choice) and `leaf` (the path drawn). If
        nothing can be drawn, no picture, and a title that says so.

    Raises:
        ValueError: If `leaf` or `axes` do not fit the batch.
    """
    leaves = find_leaves(batch)
    choice = choose(leaves, leaf, axes)
    offered = choices(leaves)
    listed = [{"path": each.path, "text": each.text} for each in offered]
    data: dict[str, Any] = {
        "check": check,
        "leaves": listed,
        "leaf": choice.path if choice else None,
    }
    if choice is None:
        there = "; ".join(map(str, leaves)) or "it is empty"
        return Preview(b"", {**data, "title": f"Nothing in this batch can be drawn: {there}."})
    count = len(choice.leaf)
    wanted = min(tiles if choice.mask is None else max(1, tiles // 2), count)
    rows = [(first + place) % count for place in range(wanted)]
    with np.errstate(all="ignore"):  # theirs may hold NaN and what no float32 holds: marked
        drawn = _drawn(choice, rows, mask_names(leaves, class_names))
    texts = _captions(leaves, rows, drawn.notes, count, class_names)
    numbers = f"{rows[0] + 1}-{rows[-1] + 1} of {count}"
    data |= {
        "title": f"{title} · {numbers}" if title else numbers,
        "range": drawn.said,
        "show": choice.text,
        "shows": [each.text for each in offered],
        "samples": count,
        "shape": _sample_shape(choice.leaf),
        "captions": texts,
        "alt": f"{len(rows)} samples of {choice.text}: " + "; ".join(t["label"] for t in texts),
        **_layout(drawn.tiles),
    }
    return Preview(to_jpeg(mosaic(drawn.tiles)), data)


def _layout(tiles: Sequence[Tile]) -> dict[str, int]:
    height, width = np.max([tile.shape[:2] for tile in tiles], axis=0).tolist()
    columns = columns_for(len(tiles))
    rows = ceil(len(tiles) / columns)
    return {"columns": columns, "rows": rows, "width": width, "height": height}


def _drawn(choice: Choice, rows: Sequence[int], names: Sequence[str]) -> draw_images.Drawn:
    leaf = choice.leaf
    if choice.mask is not None:
        mask = draw_images.masks(choice.mask, rows, names)
        return draw_images.overlaid(draw_images.images(leaf, rows), mask)
    if leaf.role == "mask":
        return draw_images.masks(leaf, rows, names)
    if leaf.role == "sequence":
        return draw_plots.sequences(leaf, rows)
    if leaf.role == "vector" or leaf.role in ALSO:
        return draw_plots.vectors(leaf, rows)
    return draw_images.images(leaf, rows)


def _captions(
    leaves: Sequence[Leaf], rows: Sequence[int], notes: list[str], count: int, names: Sequence[str]
) -> list[dict[str, str]]:
    """One caption for each tile: there may be two tiles for a sample."""
    found = []
    for place, note in enumerate(notes):
        text = caption(leaves, rows[place * len(rows) // len(notes)], count, names)
        found.append({**text, "draw": " · ".join(filter(None, (note, text["draw"])))})
    return found


def _sample_shape(leaf: Leaf) -> list[int]:
    assert leaf.array is not None
    if leaf.array.dtype == object:
        return list(leaf.array[0].shape)
    shape = zip(leaf.axes, leaf.array.shape, strict=True)
    return [length for axis, length in shape if axis != "N"]
