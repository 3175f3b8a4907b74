"""Show reports in the areas of a panel."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from IPython.display import HTML, DisplayHandle, display

from workbench.machine import usable_cores
from workbench.measure.line_profile import LineProfile
from workbench.panel import advice_search, verdict
from workbench.panel.layout import Layout
from workbench.panel.panel_report import Report
from workbench.panel.profile_rows import hot_lines, rows
from workbench.panel.request import Request
from workbench.panel.subject import Subject
from workbench.preview.sample_grid import Preview
from workbench.settings import Statistics

SAVED_AFTER = 1.0  # seconds of profiling after which a profile is worth saving
SAVED_PROFILE = (
    '<div class="wb-kept"><p>The panel needs a running kernel: run this cell again. '
    "Here is its last profile.</p>{}</div>"
)


class PanelDisplay:
    """The `Display` of a panel.

    Args:
        view: The areas to write to.
        subject: What the panel shows.
        fitted: Called with statistics, on the measuring thread.
    """

    def __init__(
        self, view: Layout, subject: Subject, fitted: Callable[[Request, Statistics], None]
    ) -> None:
        self._view, self._subject, self.fitted = view, subject, fitted
        self._drawn_at = ""
        self._saved_profile: DisplayHandle | None = None
        self._saved_generation = 0

    def show_in_cell(self) -> None:
        """Show the panel below the cell that runs."""
        display(self._view.root)
        # This output is saved with the notebook, unlike widgets, and hidden while they exist.
        self._saved_profile = display(HTML(""), display_id=True)

    def picture(self, preview: Preview, request: Request, seconds: float) -> None:
        """See `Display`."""
        self._drawn_at = datetime.now().strftime("%H:%M")
        more = {"drawn": f"drawn in {seconds * 1e3:.0f} ms", "settings": request.generation}
        self._view.preview.show({**preview.data, **more}, preview.jpeg)

    def report(self, report: Report) -> None:
        """See `Display`."""
        settings, profile = report.request.settings, report.profile
        self._view.head.show({"title": self._title(settings), **self._sentences(report)})
        facts = self._subject.facts()
        warnings = [*report.scan.get("warnings", ()), *facts.get("warnings", ())]
        scan = {**facts, **report.scan, "warnings": warnings}
        remarks = report.measured.rate.notes if report.measured else ()
        scan["summary"] = " · ".join(filter(None, [*remarks, scan.get("summary", "")]))
        self._view.scan.show(scan)
        if report.advice is not None:
            stale = report.advice.request.settings != settings
            self._view.advice.show({**report.advice.data, "stale": stale})
        self._view.copy.show({"code": self._subject.export.python(self._view.path.value)})
        if profile is not None and profile.seconds:
            looking = report.status == advice_search.LOOKING
            advises = {"advise": self._subject.finds_advice, "looking": looking}
            self._view.hot.show({**hot_lines(profile), **advises})
            shown = report.profile_request or report.request
            # The generation distinguishes a new profile from one that has grown.
            more = {"settings": shown.generation, "opened": sorted(shown.libraries)}
            self._view.profile.show({**rows(profile), **more})
            self._save_profile(profile, shown.generation)

    def _save_profile(self, profile: LineProfile, generation: int) -> None:
        """Save the profile in the notebook, once per generation, as each one is an edit."""
        if self._saved_profile is None or generation == self._saved_generation:
            return
        if profile.seconds > SAVED_AFTER:
            self._saved_generation = generation
            self._saved_profile.update(HTML(SAVED_PROFILE.format(profile._repr_html_())))

    def _sentences(self, report: Report) -> dict[str, Any]:
        measured, profile = report.measured, report.profile
        settings = report.request.settings
        stale = measured is not None and measured.request.settings != settings
        if report.fault is not None:
            sentence = verdict.cannot(report.fault, self._drawn_at)
        elif measured is not None:
            sentence = verdict.delivers(measured.rate, measured.samples, self._subject.noun)
        else:
            sentence = verdict.not_measured(profile, self._subject.noun)
        return {
            "sentence": sentence,
            "stale": stale,
            "detail": str(measured.rate) if measured else "",
            "slowest": verdict.slowest(profile) if profile else ("", ""),
            "suggestion": self._subject.suggestion(profile, settings) if profile else "",
            "status": " ".join(
                filter(None, [report.notice, report.status, verdict.scaled_by(settings)])
            ),
            "error": "\n".join(str(e) for e in (report.fault, report.action_fault) if e),
        }

    def _title(self, settings: Any) -> str:
        parts = self._subject.title(settings, self._view.preview.data)
        parts.insert(-1, f"{usable_cores()} cores usable")
        return " · ".join(part for part in parts if part)
