"""Record the call graph of a batch with `sys.setprofile`.

The functions that take the time are then profiled line by line. Functions of libraries (the
standard library, site-packages) are not recorded one by one: a user's function that a library calls
counts as called by the nearest line of the user's code, and the library's own calls are kept as a
tree, to show what the line consists of.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from functools import cache
from time import perf_counter
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any, NamedTuple

from workbench.isolation.profile_hook import profile_hook
from workbench.measure.lines.call_graph import CallGraph, FunctionKey, LineKey
from workbench.measure.lines.handed_over import handed_over
from workbench.measure.lines.library_call import LibraryCall
from workbench.user_code import package_of

if TYPE_CHECKING:
    from workbench.measure.lines.instrument import InstrumentedFunctions

# Part of the line that contains them.
INLINE = ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>", "<module>")


def record(
    calls: CallGraph,
    run: Callable[[], object],
    is_recorded: Callable[[str], bool],
    instruments: InstrumentedFunctions | None = None,
) -> None:
    """Run one batch and record the calls in this thread.

    Args:
        calls: Where to add them.
        run: Runs the batch.
        is_recorded: Whether to record the functions of a file one by one.
        instruments: The functions whose lines are counted. Defaults to all that are recorded.
    """
    recorder = Recorder(calls, is_recorded, instruments)
    began = perf_counter()
    with profile_hook(recorder):
        run()
    recorder.close()
    calls.batches += 1
    calls.total_seconds += perf_counter() - began


def is_function_of(code: CodeType, is_recorded: Callable[[str], bool]) -> bool:
    """Whether code is a function of its own, in a file whose functions are recorded."""
    return code.co_name not in INLINE and is_recorded(code.co_filename)


class _OpenCall(NamedTuple):
    """A call that has not returned."""

    callee: object  # its frame, or the C function
    began: float
    function: FunctionKey | None  # None for a library's function
    library_call: LibraryCall | None
    profiled: bool  # whether the profiler counts the lines of the user's function


class Recorder:
    """A profile function for `sys.setprofile`."""

    def __init__(
        self,
        calls: CallGraph,
        is_recorded: Callable[[str], bool],
        instruments: InstrumentedFunctions | None,
    ) -> None:
        self.calls, self._is_recorded, self._instruments = calls, cache(is_recorded), instruments
        self._stack: list[_OpenCall] = []
        self._depths: dict[FunctionKey, int] = defaultdict(int)
        self._functions: dict[int, tuple[FunctionKey, bool]] = {}  # and whether it is profiled

    def __call__(self, frame: FrameType, event: str, arg: Any) -> None:
        """Take an event."""
        if event == "call":
            self._enter(frame)
        elif event == "c_call":
            if self._stack and _is_library_function(arg):
                self._enter_library(arg, arg.__qualname__, "")
        elif self._stack:
            callee = frame if event == "return" else arg
            if event == "return" and not isinstance(self._stack[-1].callee, FrameType):
                self._leave()  # Python does not always report the end of a C function
            if self._stack and self._stack[-1].callee is callee:
                self._leave()

    def close(self) -> None:
        """End the calls that are still open: a generator may have removed the profile function."""
        while self._stack:
            self._leave()

    def _enter(self, frame: FrameType) -> None:
        code = frame.f_code
        if code.co_name in INLINE:
            return
        if not self._is_recorded(code.co_filename):
            package = package_of(code.co_filename) or ""
            if self._stack:
                self._enter_library(frame, _display_name(frame), package)
                self._note_handed_over(frame)
            else:
                self.calls.callerless.add(package)
            return
        if id(code) not in self._functions:
            self._functions[id(code)] = self._add_function(frame)
        function, profiled = self._functions[id(code)]
        self._depths[function] += 1
        self._stack.append(_OpenCall(frame, perf_counter(), function, None, profiled))

    def _add_function(self, frame: FrameType) -> tuple[FunctionKey, bool]:
        code, instruments = frame.f_code, self._instruments
        profiled = instruments is None or instruments.counts(code)
        original = instruments.original(code) if instruments else code
        function = FunctionKey.of(code)
        # Kept alive, so that its id is not used again.
        self.calls.codes[function][id(original)] = original
        self.calls.namespaces[function] = frame.f_globals
        return function, profiled

    def _enter_library(self, callee: object, name: str, package: str) -> None:
        caller = self._stack[-1]
        if caller.function is None:
            assert caller.library_call is not None
            parent = caller.library_call
        else:
            assert isinstance(caller.callee, FrameType)
            parent = self.calls.library_calls[caller.function, caller.callee.f_lineno]
        call = parent.child(name, package)
        self._stack.append(_OpenCall(callee, perf_counter(), None, call, False))

    def _note_handed_over(self, frame: FrameType) -> None:
        """Note what a line of the user's gives to threads or processes to run."""
        found = handed_over(frame)
        caller = next((call for call in reversed(self._stack) if call.library_call is None), None)
        if found is None or caller is None or not self._is_recorded(found[0].co_filename):
            return
        assert caller.function is not None
        assert isinstance(caller.callee, FrameType)
        line = caller.function, caller.callee.f_lineno
        self.calls.handed_over[line].add((FunctionKey.of(found[0]), found[1]))

    def _leave(self) -> None:
        ended = self._stack.pop()
        elapsed = perf_counter() - ended.began
        if ended.library_call is not None:
            ended.library_call.seconds += elapsed
            ended.library_call.count += 1
            return
        assert ended.function is not None
        function, calls = ended.function, self.calls
        self._depths[function] -= 1
        calls.counts[function] += 1
        calls.summed[function] += elapsed
        if not self._depths[function]:
            calls.inclusive[function] += elapsed
        direct: _OpenCall | None = None  # the nearest user's function
        for caller in reversed(self._stack):
            if caller.library_call is not None:
                if direct is None:
                    caller.library_call.seconds -= elapsed  # a call back into the user's code
                continue
            assert caller.function is not None
            assert isinstance(caller.callee, FrameType)
            line = caller.function, caller.callee.f_lineno
            if direct is None:
                direct = caller
                calls.edges[*line, function] += elapsed
            if caller.profiled:
                self._add_to_profiled(line, direct, ended, elapsed)
                break

    def _add_to_profiled(
        self, line: LineKey, direct: _OpenCall, ended: _OpenCall, elapsed: float
    ) -> None:
        """Add a call to the nearest line that the profiler counts."""
        assert direct.function is not None
        assert ended.function is not None
        if ended.profiled:
            self.calls.profiled_edges[*line, ended.function, direct.function] += elapsed
        else:
            self.calls.unprofiled[line][ended.function] += elapsed
        if not direct.profiled:
            self.calls.unprofiled[line][direct.function] -= elapsed


def _is_library_function(function: Any) -> bool:
    """Whether a C function belongs to a library rather than to an object or to Python itself."""
    if hasattr(function, "__objclass__"):
        return False
    module = getattr(function, "__module__", None)
    if module is None:  # functions of OpenCV, and methods
        return getattr(function, "__self__", None) is None
    return bool(module != "builtins")


def _display_name(frame: FrameType) -> str:
    """The function's name; for special methods such as `__call__` the name of their class."""
    code = frame.f_code
    if not code.co_name.startswith("__") or not code.co_argcount:
        return code.co_name
    subject = frame.f_locals.get(code.co_varnames[0])
    return subject.__name__ if isinstance(subject, type) else type(subject).__name__
