"""What is wanted of a panel's threads and what they have found out, behind one condition."""

from __future__ import annotations

import threading
from dataclasses import replace
from time import monotonic
from typing import Any

from workbench.measure.lines.session import LineSession
from workbench.panel.panel_report import FeedMeasurement, Report
from workbench.panel.request import Request
from workbench.panel.verdict import Fault

BEAT_LIMIT = 3.0  # without a sign of life from the page for this long, nobody is looking
FIRST_BEAT_LIMIT = 15.0  # the page needs time to draw the panel


class State:
    """Read and changed by callbacks and both threads; all methods return at once.

    All waiting is on `changed`, so that a change, Stop or `close` ends it at once.

    Args:
        report: What is known at first, with the first request.

    Attributes:
        changed: Told of every change; also the lock for changes that go together.
        interrupt: Set by every change but news; ends what is being measured once.
        machine: Held while something is being measured, so that two measurements never overlap.
        report: Everything known now.
        first_measured: The first figure of the feed, to compare later ones with.
        session: The profile that is growing, and what it is for.
        drawn: Generation of the newest picture.
        live: Whether the line profile is on.
        measure_seconds: For how long the feed is to be measured now; 0 if it is not.
        advice_wanted: Whether advice is to be looked for now.
        callers_measuring: How many others want to measure.
        cell_runs: Whether a cell of the notebook runs.
        keras_ready: Whether Keras is imported.
        closed: Whether the threads are to end.
        last_beat: When the page last gave a sign of life.
    """

    def __init__(self, report: Report) -> None:
        self.changed, self.interrupt = threading.Condition(), threading.Event()
        self.machine = threading.Lock()
        self.report = report
        self.first_measured: FeedMeasurement | None = None
        self.session: tuple[Request, LineSession] | None = None
        self.drawn = self.callers_measuring = 0
        self.live, self.measure_seconds, self.advice_wanted = True, 0.0, False
        self.keras_ready = self.closed = self.cell_runs = False
        self.last_beat = monotonic() + FIRST_BEAT_LIMIT - BEAT_LIMIT

    def set(self, **state: Any) -> None:
        """Change some attributes, and interrupt what they may be of importance for."""
        with self.changed:
            for name, value in state.items():
                setattr(self, name, value)
            self.interrupt.set()
            self.changed.notify_all()

    def tell(self, **news: Any) -> None:
        """Change some of `report`'s attributes, without interrupting anything."""
        with self.changed:
            self.report = replace(self.report, **news)
            self.changed.notify_all()

    def take_snapshot(self) -> None:
        """Put the profile that is growing, if there is one, into `report`."""
        if self.session is None:
            return
        request, session = self.session
        profile = session.snapshot()
        with self.changed:
            self.report = replace(self.report, profile=profile, profile_request=request)

    def request(self, **changes: Any) -> None:
        """Ask for something else, by the names of `Request`'s attributes."""
        with self.changed:
            old = self.report.request
            request = replace(old, generation=old.generation + 1, **changes)
            self.advice_wanted = False
            # A fault belongs to the settings that made it; the next ones may be right.
            self.report = replace(
                self.report, request=request, fault=None, action_fault=None, notice=""
            )
        self.set()

    def fail(self, request: Request, error: Exception) -> None:
        """Tell of an error, unless the request that it comes from is out of date."""
        with self.changed:
            if self.report.request is request:
                self.report = replace(self.report, fault=Fault.of(error), status="")
            self.changed.notify_all()

    def may_measure(self, request: Request) -> bool:
        """Whether to go on measuring for a request."""
        with self.changed:
            return self.report.request is request and not self.closed and not self.idle_reason()

    @property
    def one_off_wanted(self) -> bool:
        """Whether there is a figure or advice to be found once."""
        return bool(self.measure_seconds or self.advice_wanted)

    def idle_reason(self) -> str:
        """Why nothing is to be measured now; empty if something is."""
        request = self.report.request
        reasons = (
            (self.report.fault, "Stopped by an error; it goes on with the next change."),
            (not (self.live or self.one_off_wanted or request.fit), "Live is off."),
        )
        return self.pause_reason() or next((reason for holds, reason in reasons if holds), "")

    def pause_reason(self) -> str:
        """Why nothing at all may be done now; empty if something may."""
        reasons = (
            (self.callers_measuring, "Paused while something else is measured."),
            (self.cell_runs, "Paused while a cell runs."),
            (monotonic() - self.last_beat > BEAT_LIMIT, "Paused: nobody is looking."),
            (self.drawn < self.report.request.generation, "Drawing …"),
        )
        return next((reason for holds, reason in reasons if holds), "")
