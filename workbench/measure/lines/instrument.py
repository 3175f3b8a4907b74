"""Put functions under line_profiler in any thread, and restore them afterwards.

line_profiler knows a function by its byte code, which it pads to make it unique. So the profiler
gets a copy of each code object, and the copy replaces the original wherever it is used: in function
objects, and in the constants of functions that define the function anew at each call.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from types import CellType, CodeType, FunctionType
from typing import Any

from workbench.compat.line_tracing import (
    TRACES_ITS_THREAD,
    Tracer,
    paddings,
    restore_paddings,
)
from workbench.measure.lines.call_graph import CallGraph, FunctionKey

# {function: {line number: (hits, seconds)}}
LineTimings = dict[FunctionKey, dict[int, tuple[int, float]]]


class InstrumentedFunctions:
    """Functions under the line profiler, until `remove`.

    Generators that exist already keep the old code and are not profiled.

    Args:
        calls: Call graph with the code objects of the functions.
        functions: What to profile.

    Attributes:
        functions: What is profiled: a function that is not found anywhere is left out.
    """

    def __init__(self, calls: CallGraph, functions: list[FunctionKey]) -> None:
        self._profiler = Tracer()
        self._paddings = paddings()
        self._wanted = {key: code for each in functions for key, code in calls.codes[each].items()}
        self._copies: dict[int, CodeType] = {}
        self._originals_of: dict[int, CodeType] = {}  # by the `id` of the copy
        self._last: LineTimings = {}
        self._originals: list[tuple[FunctionType, CodeType]] = []
        for function in functions_with(calls, self._wanted):
            self._originals.append((function, function.__code__))
            function.__code__ = self._profiled_copy(function.__code__)
        known = {FunctionKey.of(code) for code in self._profiler.codes}
        self.functions = [function for function in functions if function in known]

    def remove(self) -> None:
        """Restore all functions."""
        for function, code in self._originals:
            function.__code__ = code
        self._originals.clear()
        restore_paddings(self._paddings)

    def original(self, code: CodeType) -> CodeType:
        """The code that this one replaces; itself if it replaces none."""
        return self._originals_of.get(id(code), code)

    def counts(self, code: CodeType) -> bool:
        """Whether the profiler counts the lines of this code object."""
        return id(code) in self._originals_of and id(self.original(code)) in self._wanted

    @contextmanager
    def enabled_in_process(self) -> Iterator[None]:
        """Enable the profiler where it has one switch for all threads, from Python 3.12 on.

        For the controlling thread, around the workers' `enabled_in_thread`.
        """
        if TRACES_ITS_THREAD:
            yield
            return
        self._profiler.enable()
        self._profiler.listen()
        try:
            yield
        finally:
            self._profiler.stop_listening()
            self._profiler.disable()

    @contextmanager
    def enabled_in_thread(self) -> Iterator[None]:
        """Count the lines that this thread runs."""
        if not TRACES_ITS_THREAD:
            yield
            return
        self._profiler.enable_by_count()
        try:
            yield
        finally:
            self._profiler.disable_by_count()

    def timings(self) -> LineTimings:
        """Hits and seconds so far, of lines that have finished. Safe in any thread."""
        stats = self._profiler.get_stats()
        return {
            FunctionKey(*key): {line: (hits, ticks * stats.unit) for line, hits, ticks in lines}
            for key, lines in stats.timings.items()
        }

    def new_timings(self) -> LineTimings:
        """Hits and seconds since the last call of this method."""
        now, last = self.timings(), self._last
        self._last = now
        return {function: _since(lines, last.get(function, {})) for function, lines in now.items()}

    def _profiled_copy(self, code: CodeType) -> CodeType:
        """A copy that the profiler knows, with copies of the functions defined within it."""
        if id(code) not in self._copies:
            consts = tuple(
                self._profiled_copy(const) if _contains(const, self._wanted) else const
                for const in code.co_consts
            )
            copy = code.replace(co_consts=consts)
            if id(code) in self._wanted:
                cells = tuple(CellType() for _ in code.co_freevars)
                holder = FunctionType(copy, {}, closure=cells)
                self._profiler.add_function(holder)
                copy = holder.__code__
            self._copies[id(code)], self._originals_of[id(copy)] = copy, code
        return self._copies[id(code)]


def _since(
    now: dict[int, tuple[int, float]], last: dict[int, tuple[int, float]]
) -> dict[int, tuple[int, float]]:
    none = (0, 0.0)
    differences = {
        line: (hits - last.get(line, none)[0], seconds - last.get(line, none)[1])
        for line, (hits, seconds) in now.items()
    }
    return {line: (hits, seconds) for line, (hits, seconds) in differences.items() if hits}


def _contains(const: object, codes: dict[int, CodeType]) -> bool:
    """Whether a constant is one of the code objects, or contains one."""
    if not isinstance(const, CodeType):
        return False
    return id(const) in codes or any(_contains(inner, codes) for inner in const.co_consts)


def functions_with(calls: CallGraph, codes: dict[int, CodeType]) -> list[FunctionType]:
    """The function objects that run one of these code objects, or define one when they run."""
    found: dict[int, FunctionType] = {}
    unnamed = []
    for key, recorded in calls.codes.items():
        for code in recorded.values():
            if not _contains(code, codes):
                continue
            # A nested function is made anew by the outermost one, which may not have been recorded.
            named = _by_name(code, calls.namespaces[key])
            found |= {id(function): function for function in named}
            if not any(function.__code__ is code for function in named):
                unnamed.append(code)
    if unnamed:
        # Lambdas, closures, methods of classes that a notebook cell has redefined: only the garbage
        # collector knows who holds the code.
        ids = {id(code) for code in unnamed}
        found |= {
            id(holder): holder
            for holder in gc.get_referrers(*unnamed)
            if isinstance(holder, FunctionType) and id(holder.__code__) in ids
        }
    return list(found.values())


def _by_name(code: CodeType, namespace: dict[str, Any]) -> list[FunctionType]:
    """The function of this name that runs a code object, or contains it."""
    first, *rest = code.co_qualname.partition(".<locals>")[0].split(".")
    found = namespace.get(first)
    for name in rest:
        found = vars(found).get(name) if isinstance(found, type) else None
    while found is not None:
        found = getattr(found, "fget", None) or getattr(found, "__func__", None) or found
        if isinstance(found, FunctionType) and _contains(found.__code__, {id(code): code}):
            return [found]
        found = getattr(found, "__wrapped__", None)
    return []
