"""Show reports in the areas of a panel."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from IPython.display import HTML, DisplayHandle, display

from workbench.measure.line_profile import LineProfile
from workbench.panel import advice_search, verdict
from workbench.panel.layout import Layout
from workbench.panel.panel_report import FeedMeasurement, Report
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
        first_measured: Gives the first measured rate.
        undo: Gives the label of the Undo button; empty if there is nothing to undo.
    """

    def __init__(
        self,
        view: Layout,
        subject: Subject,
        fitted: Callable[[Request, Statistics], None],
        first_measured: Callable[[], FeedMeasurement | None],
        undo: Callable[[], str],
    ) -> None:
        self._view, self._subject, self.fitted = view, subject, fitted
        self._first_measured, self._undo = first_measured, undo
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
        facts = self._subject.facts()
        warnings = [*report.scan.get("warnings", ()), *facts.get("warnings", ())]
        sentences = {**self._sentences(report), "notes": len(warnings)}
        self._view.head.show({"title": self._title(settings), **sentences})
        refused = report.action_fault
        message = {"text": str(refused or report.notice), "refused": refused is not None}
        self._view.message.show(message)
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
            shown = report.profile_request or report.request
            in_workers = {"in_workers": report.request.in_workers}
            self._view.hot.show({**hot_lines(profile), **advises, **in_workers})
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
        measured, profile, noun = report.measured, report.profile, self._subject.noun
        settings, fault, rate, samples = report.request.settings, report.fault, None, None
        stale = measured is not None and measured.request.settings != settings
        if measured is not None:
            rate, samples = measured.rate, measured.samples
        return {
            "sentence": verdict.headline(rate, samples, profile, noun),
            "figures": verdict.figures(profile, _factor(measured, self._first_measured())),
            "stale": stale,
            "detail": str(measured.rate) if measured else "",
            "slowest": verdict.slowest(profile) if profile else ("", ""),
            "suggestion": self._subject.suggestion(profile, settings) if profile else "",
            "status": " ".join(filter(None, [report.status, verdict.scaled_by(settings)])),
            "busy": 0.0 if report.request.fit else report.busy,
            "error": verdict.cannot(fault, self._drawn_at) if fault else "",
            "traceback": fault.traceback if fault else "",
            "undo": self._undo(),
        }

    def _title(self, settings: Any) -> str:
        parts = self._subject.title(settings, self._view.preview.data)
        return " · ".join(part for part in parts if part)


def _factor(now: FeedMeasurement | None, start: FeedMeasurement | None) -> float | None:
    """How many times as fast as at the start; None without two settings to compare."""
    if now is None or start is None or now.request.settings == start.request.settings:
        return None
    return now.rate.samples_per_second.median / start.rate.samples_per_second.median
