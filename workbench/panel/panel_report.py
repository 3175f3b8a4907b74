"""What the threads of a panel pass to its display."""

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
    """A rate measured through Keras's feed.

    Attributes:
        request: The settings that it was measured with.
        rate: The rate.
        samples: Samples of an epoch; None if unknown.
        first_batch: Hash of the first batch; None if batches are random.
    """

    request: Request
    rate: Rate
    samples: int | None
    first_batch: str | None


@dataclass(frozen=True)
class Report:
    """Everything known at one moment.

    Attributes:
        request: The newest request.
        profile: The line profile.
        profile_request: The request that was profiled.
        measured: The last measured rate; stale if its settings are not those of `request`.
        fault: The error that prevents drawing or measuring.
        action_fault: The error of another action, such as Export.
        status: What the threads are doing.
        busy: Seconds that the measurement asked for takes, 0 if unknown; None if none runs.
        notice: Message about the last action, shown until something changes.
        scan: Result of `FileScan.advance`; empty for data without files.
        advice: Result of the last search for advice.
    """

    request: Request
    profile: LineProfile | None = None
    profile_request: Request | None = None
    measured: FeedMeasurement | None = None
    fault: Fault | None = None
    action_fault: Fault | None = None
    status: str = ""
    busy: float | None = None
    notice: str = ""
    scan: dict[str, Any] = field(default_factory=dict)
    advice: AdviceData | None = None


class Display(Protocol):
    """Shows results. Only the picture thread calls it, except for `fitted`."""

    def picture(self, preview: Preview, request: Request, seconds: float) -> None:
        """Show a picture, its request, and the seconds that drawing took."""

    def report(self, report: Report) -> None:
        """Show everything but the picture."""

    def fitted(self, request: Request, found: Statistics) -> None:
        """Use the statistics that a request needed. Called on the measuring thread."""
