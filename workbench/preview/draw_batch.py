"""Draw a batch of any structure as a grid of tiles, with captions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from workbench.preview.choose_leaf import LABEL_VECTORS, Choice, choose_leaf, list_choices
from workbench.preview.draw_images import DrawnTiles, draw_images, next_to
from workbench.preview.draw_masks import draw_masks, overlay_masks
from workbench.preview.draw_plots import draw_sequences, draw_vectors
from workbench.preview.label_names import caption, mask_names
from workbench.preview.leaf import Leaf
from workbench.preview.leaves import find_leaves
from workbench.preview.tiles import TILES, Preview, grid_layout, mosaic, to_jpeg


def draw_batch(
    batch: Any,
    *,
    leaf: str | None = None,
    class_names: Sequence[str] = (),
    first: int = 0,
    tiles: int = TILES,
    title: str = "",
    check: str = "",
) -> Preview:
    """Draw samples of a batch. No reference to the batch is kept, so its buffers may be reused.

    Args:
        batch: Batch of any structure; see `find_leaves`.
        leaf: Path of what to draw, from `data["leaves"]`. Defaults to the first image with its
            target, image, volume, mask, sequence or vector.
        class_names: Names of the labels 0, 1, ...
        first: Index of the first sample to draw; wraps around at the end of the batch.
        tiles: Number of tiles; an image with its target takes two.
        title: Shown before the numbers of the samples.
        check: Findings of `check_batches`, for the line below the grid.

    Returns:
        The picture, with `data` as in `sample_grid.draw`, and also `leaves` (path and text of each
        choice) and `leaf` (the path drawn). If nothing can be drawn, the picture is empty and the
        title says so.

    Raises:
        ValueError: If `leaf` cannot be drawn.
    """
    leaves = find_leaves(batch)
    choice = choose_leaf(leaves, leaf)
    choices = list_choices(leaves)
    data: dict[str, Any] = {
        "check": check,
        "leaves": [{"path": each.path, "text": each.text} for each in choices],
        "leaf": choice.path if choice else None,
    }
    if choice is None:
        found = "; ".join(map(str, leaves)) or "it is empty"
        return Preview(b"", {**data, "title": f"Nothing in this batch can be drawn: {found}."})
    count = len(choice.leaf)
    wanted = min(tiles if choice.target is None else max(1, tiles // 2), count)
    rows = [(first + i) % count for i in range(wanted)]
    with np.errstate(all="ignore"):  # NaN and values beyond float32 are marked in the tiles
        drawn = _draw(choice, rows, mask_names(leaves, class_names))
    texts = _captions(leaves, rows, drawn.notes, count, class_names)
    numbers = f"{rows[0] + 1}-{rows[-1] + 1} of {count}"
    data |= {
        "title": f"{title} · {numbers}" if title else numbers,
        "range": drawn.description,
        "show": choice.text,
        "shows": [each.text for each in choices],
        "samples": count,
        "shape": _sample_shape(choice.leaf),
        "captions": texts,
        "alt": f"{len(rows)} samples of {choice.text}: " + "; ".join(t["label"] for t in texts),
        **grid_layout(drawn.tiles),
    }
    return Preview(to_jpeg(mosaic(drawn.tiles)), data)


def _draw(choice: Choice, rows: Sequence[int], names: Sequence[str]) -> DrawnTiles:
    leaf, target = choice.leaf, choice.target
    if target is not None:
        image, other = draw_images(leaf, rows), _draw(Choice("", "", target), rows, names)
        kind = "mask" if target.role == "mask" else "target"
        return overlay_masks(image, other) if choice.overlaid else next_to(image, other, kind)
    if leaf.role == "mask":
        return draw_masks(leaf, rows, names)
    if leaf.role == "sequence":
        return draw_sequences(leaf, rows)
    if leaf.role == "vector" or leaf.role in LABEL_VECTORS:
        return draw_vectors(leaf, rows)
    return draw_images(leaf, rows)


def _captions(
    leaves: Sequence[Leaf], rows: Sequence[int], notes: list[str], count: int, names: Sequence[str]
) -> list[dict[str, str]]:
    """One caption for each tile; a sample may have two tiles."""
    captions = []
    for i, note in enumerate(notes):
        text = caption(leaves, rows[i * len(rows) // len(notes)], count, names)
        captions.append({**text, "draw": " · ".join(filter(None, (note, text["draw"])))})
    return captions


def _sample_shape(leaf: Leaf) -> list[int]:
    assert leaf.array is not None
    if leaf.array.dtype == object:
        return list(leaf.array[0].shape)
    shape = zip(leaf.axes, leaf.array.shape, strict=True)
    return [length for axis, length in shape if axis != "N"]
