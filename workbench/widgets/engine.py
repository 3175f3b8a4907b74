"""The two threads behind a panel: one draws pictures and shows results, one measures.

The one that measures also looks through the files and computes statistics, because what ran beside
a measurement would be measured with it.

Callbacks only leave the newest settings here and return; the threads pick them up. All waiting is
on one condition, so that a change, Stop or `close` ends it at once. Nothing here sets an input
widget, and only the picture thread talks to the display.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from time import monotonic, perf_counter
from typing import Any

from workbench.measure.lines.session import LineSession
from workbench.measure.rate import Stopped
from workbench.measure.render.words import runners
from workbench.widgets import advising
from workbench.widgets.preview import Preview
from workbench.widgets.process import quiet_stderr, switch_interval
from workbench.widgets.report import Display, Measured, Report
from workbench.widgets.request import Request
from workbench.widgets.subject import Subject
from workbench.widgets.verdict import Fault

REFRESH = 0.2  # seconds between two updates of the profile: 5 a second
# Of a profile with more lines than this, updates are as many times rarer: Jupyter's server drops
# messages beyond 1 MB a second, and a line is some 300 bytes.
LINES_PER_REFRESH = 400
# Seconds a thread may keep the interpreter lock while another wants it. A slider's event passes
# several threads of the kernel on its way to a picture; at Python's 5 ms each may wait that long
# for the batch that runs beside it. One busy thread's own speed does not depend on it.
PROFILING_SWITCH_INTERVAL = 0.0005
PICTURE_GAP = 0.1  # at most 10 pictures a second
REST = 1.0  # sliders must rest this long before the feed is measured
RATE_SECONDS = 1.0  # how long it is measured then; Measure takes longer
BEAT_LIMIT = 3.0  # without a sign of life from the page for this long, nobody is looking
FIRST_BEAT_LIMIT = 15.0  # the page needs time to draw the panel
# Seconds of scanning before the first profile: some thousand files, so that most data is known
# whole; what is left is done between batches, in moments of the second length.
SCAN_FIRST = 0.3
SCAN_MOMENT = 0.05


class Engine:
    """Draws, profiles and measures what was asked for last.

    All public methods may be called from any thread and return at once.

    Args:
        subject: What is drawn and measured.
        display: Shows results.

    Attributes:
        first_measured: The first figure of the feed, to compare later ones with.
    """

    def __init__(self, subject: Subject, display: Display) -> None:
        self._subject, self._display = subject, display
        # Held while something is being measured, so that two measurements never overlap.
        self._machine = threading.Lock()
        self._guests = 0
        self._changed = threading.Condition()
        self._scanning = subject.scanning
        self._report = Report(Request(1, subject.initial), scan=self._scanning.progress)
        self._drawn = 0
        self._picture: tuple[Preview, Request, float] | None = None
        self._live, self._measure_seconds, self._advice_wanted = True, 0.0, False
        self._keras_ready = self._closed = self._cell_runs = False
        self._last_beat = monotonic() + FIRST_BEAT_LIMIT - BEAT_LIMIT
        self._interrupt = threading.Event()
        self._session: tuple[Request, LineSession] | None = None
        self.first_measured: Measured | None = None
        self._threads = [
            threading.Thread(target=work, name=f"workbench-{name}", daemon=True)
            for name, work in (("picture", self._draw_pictures), ("measure", self._take_measures))
        ]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """End both threads, after the batch that is running."""
        self._set(_closed=True)
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()

    @property
    def report(self) -> Report:
        """Everything known now."""
        return self._report

    def request(self, **changes: Any) -> None:
        """Ask for something else, by the names of `Request`'s attributes."""
        with self._changed:
            old = self._report.request
            request = replace(old, generation=old.generation + 1, **changes)
            self._advice_wanted = False
            # A fault belongs to the settings that made it; the next ones may be right.
            self._report = replace(
                self._report, request=request, fault=None, complaint=None, notice=""
            )
        self._set()

    def live(self, on: bool) -> None:
        """Switch the line profile on or off."""
        self.tell(fault=None)
        self._set(_live=on)

    def measure(self, seconds: float) -> None:
        """Measure the feed now, for this long."""
        self.tell(fault=None)
        self._set(_measure_seconds=seconds)

    def advise(self) -> None:
        """Look for advice; a change of the settings and Stop end that."""
        if not self._advice_wanted:  # a second click would begin anew
            self.tell(fault=None, status=advising.LOOKING)
            self._set(_advice_wanted=True)

    def stop(self) -> None:
        """End what is being measured, after the batches that are running."""
        self.tell(status="Finishing the batches that are running …")
        self._set(_live=False, _measure_seconds=0.0, _advice_wanted=False)

    def beat(self) -> None:
        """Somebody is looking."""
        with self._changed:
            self._last_beat = max(self._last_beat, monotonic())
            self._changed.notify_all()

    def cell_runs(self, running: bool) -> None:
        """A cell of the notebook runs, or has ended: measuring would disturb it and be wrong."""
        self._set(_cell_runs=running)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Pause what this engine measures, so that its caller can measure."""
        self._set(_guests=self._guests + 1)
        try:
            with self._machine:
                yield
        finally:
            self._set(_guests=self._guests - 1)

    def tell(self, **news: Any) -> None:
        """Show some news, by the names of `Report`'s attributes."""
        with self._changed:
            self._report = replace(self._report, **news)
            self._changed.notify_all()

    def _set(self, **state: Any) -> None:
        with self._changed:
            for name, value in state.items():
                setattr(self, name, value)
            self._interrupt.set()
            self._changed.notify_all()

    # The picture thread.

    def _draw_pictures(self) -> None:
        shown, drawn_at = None, 0.0
        while not self._closed:
            request = self._report.request
            if request.generation > self._drawn and not self._rests:
                self._draw(request)
                drawn_at = monotonic()
            try:
                self._take_snapshot()
                if self._report is not shown:
                    shown = self._report
                    self._display.report(shown)
            except Exception as error:
                self._fail(request, error)
            self._wait_for_change(request, drawn_at)

    @property
    def _rests(self) -> bool:
        """Whether a cell runs that a user's code would disturb. The first picture is drawn all the
        same: when all cells of a notebook are run, the next ones may train for hours.
        """
        return self._cell_runs and self._subject.rests_in_cells and self._picture is not None

    def _wait_for_change(self, request: Request, drawn_at: float) -> None:
        """Until there are new settings or it is time to refresh; a little after a picture."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed, drawn_at + PICTURE_GAP - monotonic())
            profile = self._report.profile
            lines = sum(len(f.lines) for f in profile.functions) if profile else 0
            self._changed.wait_for(
                lambda: self._closed or self._report.request is not request,
                REFRESH * max(1.0, lines / LINES_PER_REFRESH),
            )

    def _draw(self, request: Request) -> None:
        last, began = self._picture, perf_counter()
        try:
            if last is not None and self._drawn and request.shows_as(last[1]):
                self._display.picture(last[0], request, last[2])
            else:
                preview = self._subject.draw(request, self._keras_ready, self._building)
                self._picture = preview, request, perf_counter() - began
                self._display.picture(*self._picture)
        except Exception as error:
            self._picture = None
            self._fail(request, error)
        self._set_drawn(request)

    def _building(self, status: str) -> None:
        """Show that something takes long before there is a picture, which stays as it is."""
        self.tell(status=status)
        self._display.report(self._report)

    def _set_drawn(self, request: Request) -> None:
        with self._changed:
            self._drawn = request.generation
            self._changed.notify_all()

    def _take_snapshot(self) -> None:
        if self._session is None:
            return
        request, session = self._session
        profile = session.snapshot()
        with self._changed:
            self._report = replace(self._report, profile=profile, profile_request=request)

    # The measuring thread.

    def _take_measures(self) -> None:
        # The picture first: TensorFlow's import holds the interpreter lock for most of its seconds.
        with self._changed:
            self._changed.wait_for(lambda: self._drawn or self._closed)
        self._scan(SCAN_FIRST)
        if "tensorflow" not in sys.modules:
            self.tell(status="Importing TensorFlow; the picture is live already …")
        try:
            with quiet_stderr():
                import workbench.generators.dataset
                import workbench.measure.feed  # noqa: F401  (TensorFlow, here and not later)
        except Exception as error:
            self._fail(self._report.request, error)
            while not self._closed and not self._scanning.ended:
                self._scan(SCAN_MOMENT)
            return
        self._keras_ready = True
        if self._subject.is_drawn_with_keras(self._report.request.settings):
            self._set(_drawn=0)
        while (wanted := self._wait_for_work()) is not None:
            try:
                if wanted.fit:
                    self._fit(wanted)
                else:
                    self._work(wanted)
            except Stopped:
                continue
            except Exception as error:
                self._fail(wanted, error)
                self._set(_measure_seconds=0.0, _advice_wanted=False)

    def _scan(self, seconds: float) -> None:
        """Look at further files. Between batches and not beside them, on a thread of its own:
        what is measured would be slower for it, and untrue.
        """
        if not self._scanning.ended and not self._closed:
            self.tell(scan=self._scanning.go_on(seconds))

    def _wait_for_work(self) -> Request | None:
        """The newest request once there is something to measure for it; None at the end."""
        while not self._closed:
            with self._changed:
                idle = self._idle_reason()
                if not idle:
                    return self._report.request
                if idle != self._report.status:
                    self._report = replace(self._report, status=idle)
                if self._scanning.ended or self._pause_reason():
                    # The page's beats stop without an event, so look again from time to time.
                    self._changed.wait(1.0)
                    continue
            with self._machine:
                self._scan(SCAN_MOMENT)
        return None

    def _idle_reason(self) -> str:
        """Why nothing is to be measured now; empty if something is."""
        request = self._report.request
        reasons = (
            (self._report.fault, "Stopped by an error; it goes on with the next change."),
            (not (self._live or self._is_asked or request.fit), "Live is off."),
        )
        return self._pause_reason() or next((reason for holds, reason in reasons if holds), "")

    @property
    def _is_asked(self) -> bool:
        """Whether there is a figure or advice to be found once."""
        return bool(self._measure_seconds or self._advice_wanted)

    def _pause_reason(self) -> str:
        """Why nothing at all may be done now; empty if something may."""
        reasons = (
            (self._guests, "Paused while something else is measured."),
            (self._cell_runs, "Paused while a cell runs."),
            (monotonic() - self._last_beat > BEAT_LIMIT, "Paused: nobody is looking."),
            (self._drawn < self._report.request.generation, "Drawing …"),
        )
        return next((reason for holds, reason in reasons if holds), "")

    def _work(self, request: Request) -> None:
        """Profile, and measure the feed when it is due, until the request is out of date."""
        with self._machine, self._subject.loader(request.settings) as loader:
            if self._subject.look(loader, lambda: self._still(request)):
                self._set(_drawn=0)
            elif not self._still(request):
                return  # looking took long
            elif self._advice_wanted:
                self._advise(request, loader)
            elif self._live:
                self._profile(request, loader)
            else:
                self._measure(request, loader)

    def _advise(self, request: Request, loader: Any) -> None:
        """Find advice; not while it is profiled, because both change the functions' code."""
        self._interrupt.clear()
        self.tell(status=advising.LOOKING)
        known = self._report.profile_request
        same = known is not None and known.settings == request.settings and not known.in_workers
        found = advising.look(
            loader, self._report.profile if same else None, lambda: self._check(request)
        )
        self._check(request)
        self.tell(advised=advising.Advised(request, found))
        self._set(_advice_wanted=False)

    def _check(self, request: Request) -> None:
        """Whether there is a reason to go on.

        Raises:
            Stopped: If there is none.
        """
        if self._interrupt.is_set() or not self._still(request):
            raise Stopped("by a change")

    def _fit(self, request: Request) -> None:
        """Find the statistics of the training images, while they are wanted."""

        def progress(done: int, total: int) -> None:
            newest = self._report.request
            # Another rotation leaves the images as they are read, and the pass goes on.
            same = newest.fit and newest.settings.data == request.settings.data
            if not same or self._guests or self._closed:
                raise Stopped("by a change")
            self.tell(status=f"Statistics: {done:,} of {total:,} training images …")

        with self._machine:
            found = self._subject.fit(request.settings, progress)
        self._display.fitted(request, found)

    def _profile(self, request: Request, loader: Any) -> None:
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
            self._session = request, session
            try:
                self.tell(status=live)
                began = monotonic()
                while self._still(request) and self._live and not self._advice_wanted:
                    if self._rate_is_due(request, began):
                        with switch_interval(usual):
                            self._measure(request, loader)
                        self.tell(status=live)
                    else:
                        session.step()
                        self._scan(SCAN_MOMENT)
            finally:
                self._take_snapshot()
                self._session = None

    def _still(self, request: Request) -> bool:
        with self._changed:
            return self._report.request is request and not self._closed and not self._idle_reason()

    def _rate_is_due(self, request: Request, profiling_since: float) -> bool:
        if self._measure_seconds:
            return True
        measured = self._report.measured
        known = measured is not None and measured.request.settings == request.settings
        return not known and monotonic() - profiling_since > REST

    def _measure(self, request: Request, loader: Any) -> None:
        self._interrupt.clear()
        seconds, feed = self._measure_seconds or RATE_SECONDS, request.settings.feed
        kind = "processes" if feed.use_multiprocessing else "threads"
        self.tell(
            status=f"Measuring what Keras's feed delivers ({feed.workers} {kind}, {seconds:g} s) …"
        )
        if not self._still(request):
            return
        from workbench.measure.feed import measure

        rate = measure(
            loader,
            feed.workers,
            feed.use_multiprocessing,
            feed.max_queue_size,
            seconds,
            self._interrupt,
        )
        if self._interrupt.is_set():
            raise Stopped("by a change")
        subject = self._subject
        measured = Measured(request, rate, subject.samples(loader), subject.fingerprint(loader))
        self.first_measured = self.first_measured or measured
        with self._changed:
            if self._measure_seconds == seconds:
                self._measure_seconds = 0.0
            self._report = replace(self._report, measured=measured)
            self._changed.notify_all()

    def _fail(self, request: Request, error: Exception) -> None:
        with self._changed:
            if self._report.request is request:
                self._report = replace(self._report, fault=Fault.of(error), status="")
            self._changed.notify_all()
