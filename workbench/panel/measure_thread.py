"""The thread that measures: profiles lines, measures the feed, looks for advice.

It also looks through the files and computes statistics, because what ran beside a measurement
would be measured with it.
"""

from __future__ import annotations

import sys
import threading
from dataclasses import replace
from time import monotonic

from workbench.loader import Loader
from workbench.measure.lines.session import LineSession
from workbench.measure.rate import Stopped
from workbench.panel import advice_search
from workbench.panel.panel_report import Display, FeedMeasurement
from workbench.panel.process_state import quiet_stderr, switch_interval
from workbench.panel.request import Request
from workbench.panel.state import State
from workbench.panel.subject import Subject
from workbench.render.words import runners

# Seconds a thread may keep the interpreter lock while another wants it. A slider's event passes
# several threads of the kernel on its way to a picture; at Python's 5 ms each may wait that long
# for the batch that runs beside it. One busy thread's own speed does not depend on it.
PROFILING_SWITCH_INTERVAL = 0.0005
REST = 1.0  # sliders must rest this long before the feed is measured
RATE_SECONDS = 1.0  # how long it is measured then; Measure takes longer
# Seconds of scanning before the first profile: some thousand files, so that most data is known
# whole; what is left is done between batches, in moments of the second length.
SCAN_FIRST = 0.3
SCAN_MOMENT = 0.05


class MeasureThread(threading.Thread):
    """Does what there is to be measured for the newest request, one thing at a time.

    Args:
        state: What is wanted and known.
        subject: What is measured.
        display: Is given statistics; everything else goes into the state.
    """

    def __init__(self, state: State, subject: Subject, display: Display) -> None:
        super().__init__(name="workbench-measure", daemon=True)
        self._state, self._subject, self._display = state, subject, display
        self._file_scan = subject.file_scan

    def run(self) -> None:
        """Work until the panel is closed."""
        state = self._state
        # The picture first: TensorFlow's import holds the interpreter lock for most of its seconds.
        with state.changed:
            state.changed.wait_for(lambda: state.drawn or state.closed)
        self._scan(SCAN_FIRST)
        if not self._import_keras():
            while not state.closed and not self._file_scan.done:
                self._scan(SCAN_MOMENT)
            return
        while (wanted := self._wait_for_work()) is not None:
            try:
                if wanted.fit:
                    self._fit(wanted)
                else:
                    self._work(wanted)
            except Stopped:
                continue
            except Exception as error:
                state.fail(wanted, error)
                state.set(measure_seconds=0.0, advice_wanted=False)

    def _import_keras(self) -> bool:
        state = self._state
        if "tensorflow" not in sys.modules:
            state.tell(status="Importing TensorFlow; the picture is live already …")
        try:
            with quiet_stderr():
                import workbench.measure.feed  # noqa: F401  (TensorFlow, here and not later)
        except Exception as error:
            state.fail(state.report.request, error)
            return False
        state.keras_ready = True
        if self._subject.is_drawn_with_keras(state.report.request.settings):
            state.set(drawn=0)
        return True

    def _scan(self, seconds: float) -> None:
        """Look at further files. Between batches and not beside them, on a thread of its own:
        what is measured would be slower for it, and untrue.
        """
        if not self._file_scan.done and not self._state.closed:
            self._state.tell(scan=self._file_scan.advance(seconds))

    def _wait_for_work(self) -> Request | None:
        """The newest request once there is something to measure for it; None at the end."""
        state = self._state
        while not state.closed:
            with state.changed:
                idle = state.idle_reason()
                if not idle:
                    return state.report.request
                if idle != state.report.status:
                    state.report = replace(state.report, status=idle)
                if self._file_scan.done or state.pause_reason():
                    # The page's beats stop without an event, so look again from time to time.
                    state.changed.wait(1.0)
                    continue
            with state.machine:
                self._scan(SCAN_MOMENT)
        return None

    def _work(self, request: Request) -> None:
        """Profile, and measure the feed when it is due, until the request is out of date."""
        state = self._state
        with state.machine, self._subject.loader(request.settings) as loader:
            if self._subject.inspect(loader, lambda: state.may_measure(request)):
                state.set(drawn=0)
            elif not state.may_measure(request):
                return  # looking took long
            elif state.advice_wanted:
                self._advise(request, loader)
            elif state.live:
                self._profile(request, loader)
            else:
                self._measure(request, loader)

    def _advise(self, request: Request, loader: Loader) -> None:
        """Find advice; not while it is profiled, because both change the functions' code."""
        state = self._state
        state.interrupt.clear()
        state.tell(status=advice_search.LOOKING)
        known = state.report.profile_request
        same = known is not None and known.settings == request.settings and not known.in_workers
        found = advice_search.search(
            loader, state.report.profile if same else None, lambda: self._check(request)
        )
        self._check(request)
        state.tell(advice=advice_search.AdviceData(request, found))
        state.set(advice_wanted=False)

    def _check(self, request: Request) -> None:
        """Whether there is a reason to go on.

        Raises:
            Stopped: If there is none.
        """
        if self._state.interrupt.is_set() or not self._state.may_measure(request):
            raise Stopped("by a change")

    def _fit(self, request: Request) -> None:
        """Find the statistics of the training images, while they are wanted."""
        state = self._state

        def progress(done: int, total: int) -> None:
            newest = state.report.request
            # Another rotation leaves the images as they are read, and the pass goes on.
            same = newest.fit and newest.settings.data == request.settings.data
            if not same or state.callers_measuring or state.closed:
                raise Stopped("by a change")
            state.tell(status=f"Statistics: {done:,} of {total:,} training images …")

        with state.machine:
            found = self._subject.fit(request.settings, progress)
        self._display.fitted(request, found)

    def _profile(self, request: Request, loader: Loader) -> None:
        state = self._state
        usual = sys.getswitchinterval()  # what training has, and so the feed's measurement
        feed = request.settings.feed
        workers = feed.workers if request.in_workers else 0
        live = f"Live: profiling batches in {runners(workers, feed.use_multiprocessing)}."
        session = LineSession(
            loader,
            workers,
            feed.use_multiprocessing,
            request.libraries,
            warm_up=request.generation == 1,
        )
        # How long several threads wait for each other does depend on it.
        interval = usual if workers else PROFILING_SWITCH_INTERVAL
        with switch_interval(interval), session:
            state.session = request, session
            try:
                state.tell(status=live)
                began = monotonic()
                while state.may_measure(request) and state.live and not state.advice_wanted:
                    if self._rate_is_due(request, began):
                        with switch_interval(usual):
                            self._measure(request, loader)
                        state.tell(status=live)
                    else:
                        session.step()
                        self._scan(SCAN_MOMENT)
            finally:
                state.take_snapshot()
                state.session = None

    def _rate_is_due(self, request: Request, profiling_since: float) -> bool:
        if self._state.measure_seconds:
            return True
        measured = self._state.report.measured
        known = measured is not None and measured.request.settings == request.settings
        return not known and monotonic() - profiling_since > REST

    def _measure(self, request: Request, loader: Loader) -> None:
        state = self._state
        state.interrupt.clear()
        seconds, feed = state.measure_seconds or RATE_SECONDS, request.settings.feed
        kind = "processes" if feed.use_multiprocessing else "threads"
        state.tell(
            status=f"Measuring what Keras's feed delivers ({feed.workers} {kind}, {seconds:g} s) …"
        )
        if not state.may_measure(request):
            return
        from workbench.measure.feed import measure

        rate = measure(
            loader,
            feed.workers,
            feed.use_multiprocessing,
            feed.max_queue_size,
            seconds,
            state.interrupt,
        )
        if state.interrupt.is_set():
            raise Stopped("by a change")
        subject = self._subject
        measured = FeedMeasurement(
            request, rate, subject.samples(loader), subject.fingerprint(loader)
        )
        state.first_measured = state.first_measured or measured
        with state.changed:
            if state.measure_seconds == seconds:
                state.measure_seconds = 0.0
            state.report = replace(state.report, measured=measured)
            state.changed.notify_all()
