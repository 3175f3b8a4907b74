"""What the threads behind a panel have found out, passed from them to the display."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from workbench.measure.line_profile import LineProfile
from workbench.measure.rate import Rate
from workbench.panel.advice_search import AdviceData
from workbench.panel.request import Request
from workbench.panel.verdict import Fault
from workbench.preview.sample_grid import Preview
from workbench.settings import Statistics


@dataclass(frozen=True)
class FeedMeasurement:
    """What the feed delivers with some settings, and, where there are such, the samples of an
    epoch and a hash of the first batch.
    """

    request: Request
    rate: Rate
    samples: int | None
    first_batch: str | None


@dataclass(frozen=True)
class Report:
    """Everything known at one moment, for the display.

    Attributes:
        request: The newest one.
        profile: Of `profile_request`'s settings.
        measured: The last figure of the feed; stale if its request is not the newest.
        fault: Why there is no picture or no measurement.
        action_fault: Why something else that was asked for, such as Export, was not done.
        status: What is going on.
        notice: What was done last, such as Export; stays until something changes.
        scan: What the files are, as `file_scan.shown` puts it; empty for other data.
        advice: What was found by the last search for advice.
    """

    request: Request
    profile: LineProfile | None = None
    profile_request: Request | None = None
    measured: FeedMeasurement | None = None
    fault: Fault | None = None
    action_fault: Fault | None = None
    status: str = ""
    notice: str = ""
    scan: dict[str, Any] = field(default_factory=dict)
    advice: AdviceData | None = None


class Display(Protocol):
    """Where results go; but for `fitted` called from the picture thread only."""

    def picture(self, preview: Preview, request: Request, seconds: float) -> None:
        """Show a drawn grid, what it was drawn for and how long that took."""

    def report(self, report: Report) -> None:
        """Show everything but the picture."""

    def fitted(self, request: Request, found: Statistics) -> None:
        """Use the statistics that a request was for; called from the measuring thread."""
