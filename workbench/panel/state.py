"""The state that a panel's callbacks and its two threads share."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from time import monotonic
from typing import Any

from workbench.measure.lines.session import LineSession
from workbench.measure.rate import Stopped
from workbench.panel.panel_report import FeedMeasurement, Report
from workbench.panel.request import Request
from workbench.panel.verdict import Fault

BEAT_LIMIT = 3.0  # seconds without a beat after which the page counts as closed
FIRST_BEAT_LIMIT = 15.0  # the page needs time to draw the panel


class State:
    """What is wanted and known. All methods may be called from any thread; one of them waits.

    Threads wait on `changed` only, so a change or `close` wakes them at once.

    Args:
        report: What is known at the start, with the first request.

    Attributes:
        changed: Notified of every change; also the lock for changes of several attributes.
        interrupt: Set by every change except those of the report; ends a running measurement.
        undo: What the measuring thread has changed in the process and will restore.
        report: Everything known so far.
        first_measured: The first measured rate, to compare later ones with.
        session: The profile that is growing, with its request.
        drawn: Generation of the newest picture.
        live: Whether the line profile is on.
        measure_seconds: How long to measure the rate now; 0 for not at all.
        advice_wanted: Whether to search for advice now.
        callers_measuring: How many callers of `Engine.alone` measure, or wait to.
        cell_runs: Whether a cell of the notebook runs.
        keras_ready: Whether Keras is imported.
        closed: Whether the threads have to end.
        last_beat: Time of the page's last beat, by `time.monotonic`.
    """

    def __init__(self, report: Report) -> None:
        self.changed, self.interrupt = threading.Condition(), threading.Event()
        self.undo, self._measures, self._is_given_up = ExitStack(), False, False
        self.report = report
        self.first_measured: FeedMeasurement | None = None
        self.session: tuple[Request, LineSession] | None = None
        self.drawn = self.callers_measuring = 0
        self.live, self.measure_seconds, self.advice_wanted = True, 0.0, False
        self.keras_ready = self.closed = self.cell_runs = False
        self.last_beat = monotonic() + FIRST_BEAT_LIMIT - BEAT_LIMIT

    @contextmanager
    def measuring(self) -> Iterator[None]:
        """Context around each measurement, so that two never overlap. Waits for the other.

        Raises:
            Stopped: If the panel is closed.
        """
        with self.changed:
            self.changed.wait_for(lambda: self.closed or not self._measures)
            if self.closed:
                raise Stopped("because the panel is closed")
            self._measures = True
        try:
            yield
        finally:
            with self.changed:
                self._measures = False
                self.changed.notify_all()

    def give_up(self) -> None:
        """Undo what the measuring thread has changed, without its help. `check` ends it."""
        self._is_given_up = True
        self.undo.close()

    def check(self) -> None:
        """Raise `Stopped` if the threads have been given up; called after each batch."""
        if self._is_given_up:
            raise Stopped("because the panel is closed")

    def set(self, **state: Any) -> None:
        """Change attributes, and interrupt a running measurement."""
        with self.changed:
            for name, value in state.items():
                setattr(self, name, value)
            self.interrupt.set()
            self.changed.notify_all()

    def tell(self, **news: Any) -> None:
        """Change attributes of the report, without interrupting anything."""
        with self.changed:
            self.report = replace(self.report, **news)
            self.changed.notify_all()

    def take_snapshot(self) -> None:
        """Put the growing profile into the report, if there is one."""
        if self.session is None:
            return
        request, session = self.session
        profile = session.snapshot()
        with self.changed:
            self.report = replace(self.report, profile=profile, profile_request=request)

    def request(self, **changes: Any) -> None:
        """Change attributes of the request, and drop the faults of the previous one."""
        with self.changed:
            old = self.report.request
            request = replace(old, generation=old.generation + 1, **changes)
            self.advice_wanted = False
            busy = self.measure_seconds or None
            self.report = replace(
                self.report, request=request, fault=None, action_fault=None, notice="", busy=busy
            )
        self.set()

    def fail(self, request: Request, error: Exception) -> None:
        """Report an error, unless its request is out of date."""
        with self.changed:
            if self.report.request is request:
                self.report = replace(self.report, fault=Fault.of(error), status="", busy=None)
            self.changed.notify_all()

    def may_measure(self, request: Request) -> bool:
        """Whether to continue measuring for a request."""
        with self.changed:
            return self.report.request is request and not self.closed and not self.idle_reason()

    @property
    def one_off_wanted(self) -> bool:
        """Whether a single measurement or search is wanted."""
        return bool(self.measure_seconds or self.advice_wanted)

    def idle_reason(self) -> str:
        """Why there is nothing to measure now; empty if there is something."""
        request = self.report.request
        reasons = (
            (self.report.fault, "Stopped by an error. Change a setting or press Retry."),
            (not (self.live or self.one_off_wanted or request.fit), "Live is off."),
        )
        return self.pause_reason() or next((reason for holds, reason in reasons if holds), "")

    def pause_reason(self) -> str:
        """Why nothing may run now; empty if something may."""
        reasons = (
            (self.callers_measuring, "Paused while something else is measured."),
            (self.cell_runs, "Paused while a cell runs."),
            (monotonic() - self.last_beat > BEAT_LIMIT, "Paused: nobody is looking."),
            (self.drawn < self.report.request.generation, "Drawing …"),
        )
        return next((reason for holds, reason in reasons if holds), "")
