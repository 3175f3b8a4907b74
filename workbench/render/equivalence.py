"""A `Report`: what holds of Keras's iterator for the dataset that replaces it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.render.markup import text as escaped

if TYPE_CHECKING:
    from workbench.keras_iterators.report import Holds, Report

TITLE = "Equivalence"
SENTENCES: dict[Holds, str] = {
    "same pixels": "Same pixels: rows, labels and random transforms are those of Keras's iterator, "
    "batch for batch, and every pixel is within 1 grey level.",
    "same draws": "Same draws: rows, labels and random transforms are those of Keras's iterator, "
    "batch for batch; pixels differ as follows.",
    "same distribution": "Same distribution: the iterator has no seed, so its draws cannot be "
    "predicted; the same code draws from a seed of its own.",
}


def text(of: Report) -> str:
    """One sentence, then a line for each difference and note."""
    return "\n".join([SENTENCES[of.holds], *(f"- {line}" for line in _lines(of))])


def html(of: Report) -> str:
    """The same as a paragraph and a list."""
    items = "".join(f"<li>{escaped(line)}</li>" for line in _lines(of))
    return f"<p>{escaped(SENTENCES[of.holds])}</p>" + (items and f"<ul>{items}</ul>")


def _lines(of: Report) -> list[str]:
    return [
        *(f"Difference: {each}" for each in of.differences),
        *(f"Not carried: {each}" for each in of.not_carried),
        *of.notes,
    ]
