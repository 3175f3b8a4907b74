"""Put functions under line_profiler in any thread, and take them out again without a trace.

line_profiler knows a function by its byte code, which it pads to make it unique. So each code
object gets a twin, and whatever holds the code object is handed the twin: function objects, and the
constants of functions that define it anew at each call.
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
from workbench.measure.lines.record_calls import Calls, Place

Ticks = dict[Place, dict[int, tuple[int, float]]]  # {function: {line: (hits, seconds)}}


class Instruments:
    """Some functions under the line profiler, until `remove`.

    Generators that were made before keep the old code, and are not seen.

    Args:
        calls: Where they were seen.
        places: Which ones; those that no function or constant can be found for are left out.
    """

    def __init__(self, calls: Calls, places: list[Place]) -> None:
        self._profiler = Tracer()
        self._paddings = paddings()
        self._wanted = {key: code for place in places for key, code in calls.codes[place].items()}
        self._twins: dict[int, CodeType] = {}
        self._last: Ticks = {}
        self._originals: list[tuple[FunctionType, CodeType]] = []
        for function in holders(calls, self._wanted):
            self._originals.append((function, function.__code__))
            function.__code__ = self._twin(function.__code__)
        known = {Place.of(twin) for twin in self._profiler.codes}
        self.places = [place for place in places if place in known]

    def remove(self) -> None:
        """Put all functions back as they were."""
        for function, code in self._originals:
            function.__code__ = code
        self._originals.clear()
        restore_paddings(self._paddings)

    @contextmanager
    def everywhere(self) -> Iterator[None]:
        """Within this, in the controlling thread, `here` counts; all threads do from 3.12 on."""
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
    def here(self) -> Iterator[None]:
        """Count the lines that this thread runs."""
        if not TRACES_ITS_THREAD:
            yield
            return
        self._profiler.enable_by_count()
        try:
            yield
        finally:
            self._profiler.disable_by_count()

    def ticks(self) -> Ticks:
        """Hits and seconds so far, of lines that have finished. Any thread may ask."""
        stats = self._profiler.get_stats()
        return {
            Place(*place): {line: (hits, ticks * stats.unit) for line, hits, ticks in lines}
            for place, lines in stats.timings.items()
        }

    def new_ticks(self) -> Ticks:
        """Hits and seconds since this was asked last."""
        now, last = self.ticks(), self._last
        self._last = now
        return {place: _since(lines, last.get(place, {})) for place, lines in now.items()}

    def _twin(self, code: CodeType) -> CodeType:
        """A copy that the profiler knows, holding twins of the functions defined within it."""
        if id(code) not in self._twins:
            consts = tuple(
                self._twin(const) if _holds(const, self._wanted) else const
                for const in code.co_consts
            )
            twin = code.replace(co_consts=consts)
            if id(code) in self._wanted:
                cells = tuple(CellType() for _ in code.co_freevars)
                holder = FunctionType(twin, {}, closure=cells)
                self._profiler.add_function(holder)
                twin = holder.__code__
            self._twins[id(code)] = twin
        return self._twins[id(code)]


def _since(
    now: dict[int, tuple[int, float]], last: dict[int, tuple[int, float]]
) -> dict[int, tuple[int, float]]:
    none = (0, 0.0)
    differences = {
        line: (hits - last.get(line, none)[0], seconds - last.get(line, none)[1])
        for line, (hits, seconds) in now.items()
    }
    return {line: (hits, seconds) for line, (hits, seconds) in differences.items() if hits}


def _holds(const: object, wanted: dict[int, CodeType]) -> bool:
    """Whether a constant is one of the code objects, or has one within it."""
    if not isinstance(const, CodeType):
        return False
    return id(const) in wanted or any(_holds(inner, wanted) for inner in const.co_consts)


def holders(calls: Calls, wanted: dict[int, CodeType]) -> list[FunctionType]:
    """The functions that have one of these code objects, or define one when they run."""
    holding = [
        (place, code)
        for place, codes in calls.codes.items()
        for code in codes.values()
        if _holds(code, wanted)
    ]
    found, unnamed = [], []
    for place, code in holding:
        function = _by_name(code, calls.namespaces[place])
        if function is None:
            unnamed.append(code)
        else:
            found.append(function)
    if unnamed:
        # Lambdas, closures, methods of classes that a cell has redefined: ask the garbage
        # collector who holds the code.
        keys = {id(code) for code in unnamed}
        found += [
            holder
            for holder in gc.get_referrers(*unnamed)
            if isinstance(holder, FunctionType) and id(holder.__code__) in keys
        ]
    return found


def _by_name(code: CodeType, namespace: dict[str, Any]) -> FunctionType | None:
    first, *rest = code.co_qualname.split(".")
    found = namespace.get(first)
    for name in rest:
        found = vars(found).get(name) if isinstance(found, type) else None
    while found is not None:
        found = getattr(found, "fget", None) or getattr(found, "__func__", None) or found
        if isinstance(found, FunctionType) and found.__code__ is code:
            return found
        found = getattr(found, "__wrapped__", None)
    return None
