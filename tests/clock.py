"""A clock that tests move: shares and rates come out exact, however busy the machine is.

With the `clock` fixture `time.sleep` returns at once and moves the clock of its thread on, which is
the one that the workbench reads. Line profiles keep the hits that line_profiler counts; the seconds
of a line are those slept while it was on the stack.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import defaultdict
from contextlib import contextmanager

import pytest

from workbench.measure import alternate
from workbench.measure.lines import session
from workbench.measure.lines.calibrate_overhead import ProfilerOverhead
from workbench.measure.lines.call_graph import FunctionKey
from workbench.measure.lines.instrument import InstrumentedFunctions

READ_CLOCKS = (alternate, session)  # imported now, so that the clocks they read can be replaced


class FakeClock:
    """Seconds of each thread: none waits for another's sleep.

    Attributes:
        reading: Seconds that pass with each look at the clock: what takes none cannot be divided.
    """

    def __init__(self):
        self.reading = 0.0
        self._own = threading.local()
        self._lock = threading.Lock()

    def perf_counter(self):
        self._own.now = getattr(self._own, "now", 0.0) + self.reading
        return self._own.now

    def sleep(self, seconds):
        self._own.now = getattr(self._own, "now", 0.0) + seconds
        charged = getattr(self._own, "charged", None)
        if charged is not None:
            spots = _lines_on(sys._getframe(1), self._own.counts)
            with self._lock:
                for spot in spots:
                    charged[spot] += seconds

    @contextmanager
    def charging(self, charged, counts):
        """Within it, sleeps of the calling thread are added to the lines on its stack.

        Only to those of the code that is profiled.
        """
        self._own.charged, self._own.counts = charged, counts
        try:
            yield
        finally:
            self._own.charged = None


# Part of the line that calls it, as `time.sleep` is: no function of the user's.
FakeClock.sleep.__code__ = FakeClock.sleep.__code__.replace(co_filename="<string>")


def _lines_on(frame, counts):
    """The line of each profiled function on a stack; of one that calls itself the innermost."""
    spots = {}
    while frame is not None:
        if counts(frame.f_code):
            spots.setdefault(FunctionKey.of(frame.f_code), frame.f_lineno)
        frame = frame.f_back
    return spots.items()


@pytest.fixture
def clock(monkeypatch):
    fake, real = FakeClock(), time.perf_counter
    here, ticks = InstrumentedFunctions.enabled_in_thread, InstrumentedFunctions.timings

    @contextmanager
    def charged_here(self):
        charged = self.__dict__.setdefault("charged", defaultdict(float))
        with here(self), fake.charging(charged, self.counts):
            yield

    def slept(self):
        charged = self.__dict__.get("charged", {})
        return {
            place: {
                line: (hits, charged.get((place, line), 0.0)) for line, (hits, _) in lines.items()
            }
            for place, lines in ticks(self).items()
        }

    monkeypatch.setattr(InstrumentedFunctions, "enabled_in_thread", charged_here)
    monkeypatch.setattr(InstrumentedFunctions, "timings", slept)
    monkeypatch.setattr(session, "calibrate", lambda: ProfilerOverhead(0.0, 0.0, 0.0, 0.0, 0.0))
    for name, module in list(sys.modules.items()):
        if name.startswith("workbench.") and vars(module).get("perf_counter") is real:
            monkeypatch.setattr(module, "perf_counter", fake.perf_counter)
    monkeypatch.setattr(time, "sleep", fake.sleep)
    return fake
