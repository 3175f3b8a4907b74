"""A `Report`: how closely a dataset matches the Keras iterator that it replaces."""

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


def text(report: Report) -> str:
    """One sentence, then a line for each difference and note."""
    return "\n".join([SENTENCES[report.holds], *(f"- {line}" for line in _lines(report))])


def html(report: Report) -> str:
    """The same as a paragraph and a list."""
    items = "".join(f"<li>{escaped(line)}</li>" for line in _lines(report))
    return f"<p>{escaped(SENTENCES[report.holds])}</p>" + (items and f"<ul>{items}</ul>")


def _lines(report: Report) -> list[str]:
    return [
        *(f"Difference: {each}" for each in report.differences),
        *(f"Not taken over: {each}" for each in report.not_carried),
        *filter(None, [report.clipped]),
        *report.notes,
    ]
