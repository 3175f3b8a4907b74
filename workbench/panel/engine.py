"""The two threads of a panel: one draws pictures and shows results, one measures.

Callbacks leave the newest request here and return; the threads pick it up. No thread sets an input
widget, and only the picture thread shows anything: the measuring thread hands statistics to
`Display.fitted`, and all else to the state.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from typing import Any

from workbench.measure.rate import Stopped
from workbench.panel import advice_search
from workbench.panel.measure_thread import MeasureThread
from workbench.panel.panel_report import Display, FeedMeasurement, Report
from workbench.panel.picture_thread import PictureThread
from workbench.panel.request import Request
from workbench.panel.state import State
from workbench.panel.subject import Subject


class Engine:
    """Starts, instructs and ends the two threads.

    All methods may be called from any thread. Only `close` and `alone` wait.

    Args:
        subject: What is drawn and measured.
        display: Shows results.
    """

    def __init__(self, subject: Subject, display: Display) -> None:
        report = Report(Request(1, subject.initial), scan=subject.file_scan.progress)
        self._state, self._subject = State(report), subject
        self._threads = [
            PictureThread(self._state, subject, display),
            MeasureThread(self._state, subject, display),
        ]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """End both threads after the batch that they are in, or give them up: it may never end."""
        self._state.set(closed=True)
        # A thread, because the user's code that runs at the end of a generator may not end either.
        closing = threading.Thread(target=self._end, name="workbench-close", daemon=True)
        closing.start()
        try:
            closing.join(self._subject.patience)
        finally:  # also on an Interrupt
            if closing.is_alive():
                self._state.give_up()
                self._subject.give_up()

    def _end(self) -> None:
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()
        with suppress(Stopped):
            self._subject.close()

    @property
    def report(self) -> Report:
        """Everything known so far."""
        return self._state.report

    @property
    def first_measured(self) -> FeedMeasurement | None:
        """The first measured rate, to compare later ones with."""
        return self._state.first_measured

    def request(self, **changes: Any) -> None:
        """Change attributes of the request."""
        self._state.request(**changes)

    def tell(self, **news: Any) -> None:
        """Change attributes of the report."""
        self._state.tell(**news)

    def live(self, on: bool) -> None:
        """Switch the line profile on or off."""
        self.tell(fault=None)
        self._state.set(live=on)

    def measure(self, seconds: float) -> None:
        """Measure the rate now, for some seconds."""
        self.tell(fault=None, busy=seconds)
        self._state.set(measure_seconds=seconds)

    def advise(self) -> None:
        """Search for advice, until the settings change or `stop`."""
        if not self._state.advice_wanted:  # a second click would restart it
            self.tell(fault=None, busy=0.0, status=advice_search.LOOKING)
            self._state.set(advice_wanted=True)

    def stop(self) -> None:
        """Stop what was asked for, after the batches that are running. The line profile goes on."""
        self.tell(status="Finishing the batches that are running …", busy=None)
        self._state.set(measure_seconds=0.0, advice_wanted=False)

    def beat(self) -> None:
        """Note that the page is open."""
        with self._state.changed:
            self._state.last_beat = max(self._state.last_beat, monotonic())
            self._state.changed.notify_all()

    def cell_runs(self, running: bool) -> None:
        """Pause while a cell of the notebook runs: the two would slow each other down."""
        self._state.set(cell_runs=running)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Pause the measuring thread while the caller measures."""
        self._state.set(callers_measuring=self._state.callers_measuring + 1)
        try:
            with self._state.measuring():
                yield
        finally:
            self._state.set(callers_measuring=self._state.callers_measuring - 1)
