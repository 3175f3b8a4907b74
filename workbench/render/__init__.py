"""Results as text, HTML and SVG: one module for each type of result.

Imports the results that it shows. Only `panel` imports it, and `workbench.result` by name.
"""

from __future__ import annotations

import importlib
from html import escape
from typing import Any

from workbench.printable import visible_lines
from workbench.render import markup

# Each module has `TITLE`, `text(result)` and, where plain text is not enough, `html(result)` for
# the body of a page.
MODULES = {
    "workbench.advice.findings.Advice": "advice_card",
    "workbench.advice.findings.Findings": "advice_list",
    "workbench.keras_iterators.compare_keras.KerasComparison": "keras_comparison",
    "workbench.keras_iterators.report.Report": "equivalence",
    "workbench.measure.check_workers.WorkerCheck": "worker_verdict",
    "workbench.measure.profile_comparison.ProfileComparison": "profile_changes",
    "workbench.measure.find_repeats.Repeats": "repeated_draws",
    "workbench.measure.line_profile.LineProfile": "profile_table",
    "workbench.measure.race.Race": "race_table",
    "workbench.measure.race.Races": "races_table",
    "workbench.measure.rate.Rate": "rate_summary",
    "workbench.pipeline.images.scan.Scan": "scan_table",
}


def text(result: Any) -> str:
    """The result as text, for terminals and logs."""
    shown: str = _module(result).text(result)
    return visible_lines("\n".join((shown, *result.remarks)))


def fragment(result: Any) -> str:
    """The result as HTML, for a notebook's output."""
    return markup.fragment(_body(result))


def document(result: Any) -> str:
    """The result as an HTML page."""
    return markup.document(_module(result).TITLE, _body(result))


def _body(result: Any) -> str:
    html = getattr(_module(result), "html", None)
    if html is None:
        return f"<pre>{escape(text(result))}</pre>"
    remarks = "".join(f"<p>{escape(visible_lines(each))}</p>" for each in result.remarks)
    return f"{html(result)}{remarks}"


def _module(result: Any) -> Any:
    cls = type(result)
    name = MODULES[f"{cls.__module__}.{cls.__qualname__}"]
    return importlib.import_module(f"workbench.render.{name}")
