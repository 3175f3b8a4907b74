"""The Python functions that TensorFlow's threads run while a loader makes batches."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from time import perf_counter

from workbench.compat.python_in_tensorflow import around_python_calls
from workbench.isolation.profile_hook import profile_hook
from workbench.measure.lines.call_graph import CallGraph, FunctionKey, LineKey
from workbench.measure.lines.instrument import InstrumentedFunctions
from workbench.measure.lines.record_calls import Recorder, is_function_of

WHERE = "in TensorFlow's threads"


class TensorflowThreads:
    """Observes the calls from `start` to `close`.

    Attributes:
        within: Makes the context that a call runs in. Calls that have begun keep theirs.
        seconds: Duration of the calls that have ended, summed over threads.
    """

    def __init__(self) -> None:
        self.within: Callable[[], AbstractContextManager[None]] = nullcontext
        self.seconds = 0.0
        self._lock = threading.Lock()
        self._hook = ExitStack()

    def start(self) -> None:
        """Begin to observe; does nothing where TensorFlow is not imported."""
        self._hook.enter_context(around_python_calls(self._call))

    def close(self) -> None:
        """Leave TensorFlow as it was."""
        self._hook.close()

    @contextmanager
    def _call(self) -> Iterator[None]:
        with self.within():
            began = perf_counter()
            try:
                yield
            finally:
                with self._lock:
                    self.seconds += perf_counter() - began


class RecordedThreads:
    """Records the calls of TensorFlow's threads while the thread that made this makes a batch.

    Args:
        is_recorded: See `record`.
        instruments: See `record`.
    """

    def __init__(
        self, is_recorded: Callable[[str], bool], instruments: InstrumentedFunctions
    ) -> None:
        self._is_recorded, self._instruments = is_recorded, instruments
        self._waiting = threading.get_ident()
        self._found: list[tuple[CallGraph, LineKey | None]] = []

    @contextmanager
    def call(self) -> Iterator[None]:
        """Record what the calling thread does within this context."""
        found = CallGraph()
        recorder = Recorder(found, self._is_recorded, self._instruments)
        try:
            with profile_hook(recorder):
                yield
        finally:
            recorder.close()
            self._found.append((found, self._waiting_line()))

    def add_calls(self, calls: CallGraph) -> None:
        """Add the calls as part of the batch."""
        for found, _ in self._found:
            calls.add(found)

    def name_calls(self, calls: CallGraph) -> None:
        """Note only which functions ran while which line waited."""
        for found, line in self._found:
            called = {callee for _, _, callee in found.edges}
            if line is not None:
                calls.handed_over[line].update((f, WHERE) for f in found.counts if f not in called)

    def _waiting_line(self) -> LineKey | None:
        frame = sys._current_frames().get(self._waiting)
        while frame is not None and not is_function_of(frame.f_code, self._is_recorded):
            frame = frame.f_back
        return (FunctionKey.of(frame.f_code), frame.f_lineno) if frame else None
