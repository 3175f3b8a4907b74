"""What the measuring thread does: profile, measure the rate, search for advice, fit statistics.

All functions run on that thread only and put results into `State`. They end early, by returning or
by raising `Stopped`, once their request is out of date.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from time import monotonic

from workbench.isolation.switch_interval import switch_interval
from workbench.loader import Loader
from workbench.measure.lines.session import LineSession
from workbench.measure.rate import Stopped
from workbench.panel import advice_search
from workbench.panel.panel_report import FeedMeasurement
from workbench.panel.request import Request
from workbench.panel.state import State
from workbench.panel.subject import Subject
from workbench.render.words import runners
from workbench.settings import Statistics

# Seconds that a thread may keep the interpreter lock while another one wants it. A slider's event
# passes several threads of the kernel on its way to a picture, each of which may wait that long for
# the running batch; Python's default is 5 ms. A single busy thread runs no slower for it.
PROFILING_SWITCH_INTERVAL = 0.0005
REST = 1.0  # seconds without a change before the rate is measured
RATE_SECONDS = 1.0  # how long it is measured then; the Measure button takes longer


def profile_lines(
    state: State,
    subject: Subject,
    request: Request,
    loader: Loader,
    between_batches: Callable[[], None],
) -> None:
    """Profile batches until the request is out of date; measure the rate when that is due.

    Raises:
        Stopped: If something changed while the rate was measured.
    """
    usual = sys.getswitchinterval()  # as in training, so the rate is measured with it
    feed = request.settings.feed
    workers = feed.workers if request.in_workers else 0
    live = f"Live: profiling batches in {runners(workers, feed.use_multiprocessing)}."
    first = request.generation == 1
    session = LineSession(
        loader, workers, feed.use_multiprocessing, request.libraries, warm_up=first
    )
    # The interval changes how long several workers wait for each other.
    interval = usual if workers else PROFILING_SWITCH_INTERVAL
    with ExitStack() as state.undo:
        state.undo.enter_context(switch_interval(interval))
        state.undo.callback(session.give_up)
        state.undo.enter_context(session)
        state.session = request, session
        try:
            state.tell(status=live)
            began = monotonic()
            while state.may_measure(request) and state.live and not state.advice_wanted:
                if _rate_is_due(state, request, began):
                    sys.setswitchinterval(usual)
                    measure_rate(state, subject, request, loader)
                    sys.setswitchinterval(interval)
                    state.tell(status=live)
                else:
                    session.step()
                    between_batches()
        finally:
            state.take_snapshot()
            state.session = None


def _rate_is_due(state: State, request: Request, profiling_since: float) -> bool:
    if state.measure_seconds:
        return True
    measured = state.report.measured
    known = measured is not None and measured.request.settings == request.settings
    return not known and monotonic() - profiling_since > REST


def measure_rate(state: State, subject: Subject, request: Request, loader: Loader) -> None:
    """Measure the rate at which Keras gets samples.

    Raises:
        Stopped: If something changed meanwhile.
    """
    state.interrupt.clear()
    seconds, feed = state.measure_seconds or RATE_SECONDS, request.settings.feed
    ran = runners(feed.workers, feed.use_multiprocessing)
    state.tell(status=f"Measuring training throughput ({ran}, {seconds:g} s) …")
    if not state.may_measure(request):
        return
    from workbench.measure.feed import measure

    options = feed.workers, feed.use_multiprocessing, feed.max_queue_size
    rate = measure(loader, *options, seconds, state.interrupt)
    if state.interrupt.is_set():
        raise Stopped("by a change")
    measured = FeedMeasurement(request, rate, subject.samples(loader), subject.fingerprint(loader))
    state.first_measured = state.first_measured or measured
    with state.changed:
        busy = state.report.busy
        if state.measure_seconds == seconds:
            state.measure_seconds, busy = 0.0, None
        state.report = replace(state.report, measured=measured, busy=busy)
        state.changed.notify_all()


def search_advice(state: State, request: Request, loader: Loader) -> None:
    """Search for advice. Not during a profile, because both replace the functions' code.

    Raises:
        Stopped: If something changed meanwhile.
    """

    def check() -> None:
        if state.interrupt.is_set() or not state.may_measure(request):
            raise Stopped("by a change")

    state.interrupt.clear()
    state.tell(status=advice_search.LOOKING)
    known = state.report.profile_request
    same = known is not None and known.settings == request.settings and not known.in_workers
    found = advice_search.search(loader, state.report.profile if same else None, check)
    check()
    state.tell(advice=advice_search.AdviceData(request, found), busy=None)
    state.set(advice_wanted=False)


def fit_statistics(state: State, subject: Subject, request: Request) -> Statistics:
    """Compute the statistics of the training images.

    Raises:
        Stopped: If they are no longer wanted, or something else is to be measured.
    """

    def progress(done: int, total: int) -> None:
        newest = state.report.request
        # Another rotation leaves the images as they are read, so the pass continues.
        same = newest.fit and newest.settings.data == request.settings.data
        if not same or state.callers_measuring or state.closed:
            raise Stopped("by a change")
        state.tell(status=f"Statistics: {done:,} of {total:,} training images …")

    return subject.fit(request.settings, progress)
