"""The thread that measures: profiles lines, measures the rate, searches for advice.

It also scans the files and computes statistics, because work on another thread would slow down what
is measured. It owns the loader that it measures and the line profile that is growing; it works
within `State.measuring`. Its jobs are in `measure_jobs`.
"""

from __future__ import annotations

import sys
import threading
from contextlib import suppress
from dataclasses import replace
from functools import partial

from workbench.isolation.checked_loader import checked
from workbench.loader import Loader
from workbench.measure.rate import Stopped
from workbench.panel import measure_jobs
from workbench.panel.panel_report import Display
from workbench.panel.quiet_stderr import quiet_stderr
from workbench.panel.request import Request
from workbench.panel.state import State
from workbench.panel.subject import Subject

# Seconds of scanning before the first profile: enough for some thousand files, which is all of most
# data. The rest is scanned between batches, for the second number of seconds each time.
SCAN_FIRST = 0.3
SCAN_MOMENT = 0.05


class MeasureThread(threading.Thread):
    """Measures what the newest request asks for, one thing at a time.

    Args:
        state: Says what is wanted, and receives results.
        subject: What is measured.
        display: Receives statistics of the training images; everything else goes into `state`.
    """

    def __init__(self, state: State, subject: Subject, display: Display) -> None:
        super().__init__(name="workbench-measure", daemon=True)
        self._state, self._subject, self._display = state, subject, display
        self._file_scan = subject.file_scan

    def run(self) -> None:
        """Work until the panel is closed."""
        state = self._state
        # TensorFlow's import holds the interpreter lock for most of its seconds, so draw first.
        with state.changed:
            state.changed.wait_for(lambda: state.drawn or state.closed)
        self._scan(SCAN_FIRST)
        if not state.closed and not self._import_keras():
            while not state.closed and not self._file_scan.done:
                self._scan(SCAN_MOMENT)
            return
        while (request := self._wait_for_work()) is not None:
            try:
                self._work(request)
            except Stopped:
                continue
            except Exception as error:
                state.fail(request, error)
                state.set(measure_seconds=0.0, advice_wanted=False)

    def _import_keras(self) -> bool:
        state = self._state
        if "tensorflow" not in sys.modules:
            state.tell(status="Loading TensorFlow. You can already use the sliders.")
        try:
            with quiet_stderr():
                import workbench.measure.feed  # noqa: F401  (imports TensorFlow)
        except Exception as error:
            state.fail(state.report.request, error)
            return False
        state.keras_ready = True
        if self._subject.is_drawn_with_keras(state.report.request.settings):
            state.set(drawn=0)
        return True

    def _scan(self, seconds: float) -> None:
        if not self._file_scan.done and not self._state.closed:
            self._state.tell(scan=self._file_scan.advance(seconds))

    def _wait_for_work(self) -> Request | None:
        """Wait until there is something to measure for the newest request; None when closed."""
        state = self._state
        while not state.closed:
            with state.changed:
                idle = state.idle_reason()
                if not idle:
                    return state.report.request
                if idle != state.report.status:
                    state.report = replace(state.report, status=idle)
                if self._file_scan.done or state.pause_reason():
                    # The page's beats stop without an event, so check again from time to time.
                    state.changed.wait(1.0)
                    continue
            with suppress(Stopped), state.measuring():
                self._scan(SCAN_MOMENT)
        return None

    def _work(self, request: Request) -> None:
        if not request.fit:
            with self._state.measuring(), self._subject.loader(request.settings) as loader:
                self._measure(request, checked(loader, self._state.check))
            return
        with self._state.measuring():
            found = measure_jobs.fit_statistics(self._state, self._subject, request)
        self._display.fitted(request, found)

    def _measure(self, request: Request, loader: Loader) -> None:
        state, subject = self._state, self._subject
        if subject.inspect(loader, lambda: state.may_measure(request)):
            state.set(drawn=0)
        elif not state.may_measure(request):
            return  # something changed during the inspection
        elif state.advice_wanted:
            measure_jobs.search_advice(state, request, loader)
        elif state.live:
            scan = partial(self._scan, SCAN_MOMENT)
            measure_jobs.profile_lines(state, subject, request, loader, scan)
        else:
            measure_jobs.measure_rate(state, subject, request, loader)
