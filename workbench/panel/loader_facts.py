"""What the panel reports of a user's loader."""

from __future__ import annotations

from typing import Any

from workbench.compat.keras_module_names import is_keras_iterator
from workbench.keras_iterators.clipped_files import clipped_files
from workbench.loader import Loader
from workbench.preview.check_batches import Checked

FASTER = (
    "Keras's own iterator: wb.faster(iterator) gives these batches with OpenCV, and "
    "wb.faster(iterator).compare() measures what that saves here."
)


def loader_facts(
    loader: Loader, checked: Checked | None, output: str, changes: list[str]
) -> dict[str, Any]:
    """Data for the page, in the form of `summarize_scan`.

    Args:
        loader: Supplies its notes.
        checked: What its batches hold, once that is known.
        output: What its code printed.
        changes: What its code changed, as predicates.
    """
    warnings = [f"It {change}." for change in changes]
    warnings += filter(None, (*loader.notes, loader.runs_out))
    if is_keras_iterator(loader.original):
        warnings += filter(None, [clipped_files(loader.original), FASTER])
    rows, summary = [], list[str]()
    if checked is not None:
        warnings += checked.warnings
        summary += checked.facts
        rows += [_row(fact) for fact in checked.facts]
    if output:
        count = len(output.splitlines())
        # First, because the line is cut at the page's edge and the facts are below the picture too.
        summary.insert(0, f"Printed output ({count} line{'s' * (count > 1)})")
        rows.append(("Printed output", output))
    return {
        "summary": " · ".join(filter(None, summary)),
        "warnings": warnings,
        "rows": rows,
    }


def _row(fact: str) -> tuple[str, str]:
    """Split a fact such as "batch[0]: image, …" at its colon."""
    where, colon, what = fact.partition(": ")
    return (where, what) if colon else ("Batches", fact)
