"""The two threads behind a panel: one draws pictures and shows results, one measures.

Callbacks only leave the newest settings here and return; the threads pick them up. Nothing here
sets an input widget, and only the picture thread talks to the display.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

from workbench.panel import advice_search
from workbench.panel.measure_thread import MeasureThread
from workbench.panel.panel_report import Display, FeedMeasurement, Report
from workbench.panel.picture_thread import PictureThread
from workbench.panel.request import Request
from workbench.panel.state import State
from workbench.panel.subject import Subject


class Engine:
    """Draws, profiles and measures what was asked for last.

    All public methods may be called from any thread, and but for `close` and `alone` return at
    once.

    Args:
        subject: What is drawn and measured.
        display: Shows results.
    """

    def __init__(self, subject: Subject, display: Display) -> None:
        report = Report(Request(1, subject.initial), scan=subject.file_scan.progress)
        self._state = State(report)
        self._threads = [
            PictureThread(self._state, subject, display),
            MeasureThread(self._state, subject, display),
        ]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """End both threads, after the batch that is running."""
        self._state.set(closed=True)
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()

    @property
    def report(self) -> Report:
        """Everything known now."""
        return self._state.report

    @property
    def first_measured(self) -> FeedMeasurement | None:
        """The first figure of the feed, to compare later ones with."""
        return self._state.first_measured

    def request(self, **changes: Any) -> None:
        """Ask for something else, by the names of `Request`'s attributes."""
        self._state.request(**changes)

    def tell(self, **news: Any) -> None:
        """Show some news, by the names of `Report`'s attributes."""
        self._state.tell(**news)

    def live(self, on: bool) -> None:
        """Switch the line profile on or off."""
        self.tell(fault=None)
        self._state.set(live=on)

    def measure(self, seconds: float) -> None:
        """Measure the feed now, for this long."""
        self.tell(fault=None)
        self._state.set(measure_seconds=seconds)

    def advise(self) -> None:
        """Look for advice; a change of the settings and Stop end that."""
        if not self._state.advice_wanted:  # a second click would begin anew
            self.tell(fault=None, status=advice_search.LOOKING)
            self._state.set(advice_wanted=True)

    def stop(self) -> None:
        """End what is being measured, after the batches that are running."""
        self.tell(status="Finishing the batches that are running …")
        self._state.set(live=False, measure_seconds=0.0, advice_wanted=False)

    def beat(self) -> None:
        """Somebody is looking."""
        with self._state.changed:
            self._state.last_beat = max(self._state.last_beat, monotonic())
            self._state.changed.notify_all()

    def cell_runs(self, running: bool) -> None:
        """A cell of the notebook runs, or has ended: measuring would disturb it and be wrong."""
        self._state.set(cell_runs=running)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Pause what the threads measure, so that the caller can measure."""
        self._state.set(callers_measuring=self._state.callers_measuring + 1)
        try:
            with self._state.machine:
                yield
        finally:
            self._state.set(callers_measuring=self._state.callers_measuring - 1)
