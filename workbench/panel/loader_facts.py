"""What the panel reports of a user's loader."""

from __future__ import annotations

from typing import Any

from workbench.compat.keras_module_names import is_keras_iterator
from workbench.keras_iterators.clipped_files import clipped_files
from workbench.loader import Loader
from workbench.preview.survey import Survey

FASTER = (
    "Keras's own iterator: wb.faster(iterator) gives these batches with OpenCV, and "
    "wb.faster(iterator).compare() measures what that saves here."
)


def loader_facts(
    loader: Loader, survey: Survey | None, output: str, changes: list[str]
) -> dict[str, Any]:
    """Data for the page, in the form of `summarize_scan`.

    Args:
        loader: Supplies its notes.
        survey: What its batches hold, once that is known.
        output: What its code printed.
        changes: What its code changed, as predicates.
    """
    warnings = [f"It {change}." for change in changes]
    warnings += loader.notes
    if is_keras_iterator(loader.original):
        warnings += filter(None, [clipped_files(loader.original), FASTER])
    rows, summary = [], []
    if survey is not None:
        warnings += survey.checked.warnings
        summary += [survey.caching, *survey.checked.facts]
        rows += [_row(fact) for fact in survey.checked.facts]
    if output:
        count = len(output.splitlines())
        # First, because the line is cut at the page's edge and the facts are below the picture too.
        summary.insert(0, f"It said {count} line{'s' * (count > 1)}")
        rows.append(("It said", output))
    return {
        "summary": " · ".join(filter(None, summary)),
        "warnings": warnings,
        "rows": rows,
    }


def _row(fact: str) -> tuple[str, str]:
    """Split a fact such as "batch[0]: image, …" at its colon."""
    where, colon, what = fact.partition(": ")
    return (where, what) if colon else ("Batches", fact)
