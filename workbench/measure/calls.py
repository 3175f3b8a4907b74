"""Which of the user's functions a batch spends its time in, and from which lines they are called.

One batch runs under `sys.setprofile`; the functions found here are then profiled line by line.
Library code (the standard library, site-packages) is passed through: a function it calls back
counts as called by the nearest line of the user's code.
"""

from __future__ import annotations

import gc
import site
import sys
import sysconfig
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from time import perf_counter
from types import CodeType, FrameType, FunctionType
from typing import Any

# Our own generators are the user's code even where the workbench itself is installed as a library;
# the rest of it never is.
WORKBENCH = str(Path(__file__).parents[1])
GENERATORS = str(Path(__file__).parents[1] / "generators")
# These run as part of the line that holds them.
INLINE = ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>", "<module>")


@dataclass
class Calls:
    """What one batch called.

    Attributes:
        seconds: Time in each function, callees included.
        counts: Calls of each function.
        edges: Time by (calling function, its line number, called function).
        namespaces: Globals of each function, to find it by name.
        recursive: Functions that called themselves.
    """

    seconds: dict[CodeType, float] = field(default_factory=lambda: defaultdict(float))
    counts: dict[CodeType, int] = field(default_factory=lambda: defaultdict(int))
    edges: dict[tuple[CodeType, int, CodeType], float] = field(
        default_factory=lambda: defaultdict(float)
    )
    namespaces: dict[CodeType, dict[str, Any]] = field(default_factory=dict)
    recursive: set[CodeType] = field(default_factory=set)

    def carrying(self, share: float, most: int) -> list[CodeType]:
        """The functions that take at least this share of the batch, the costliest first."""
        total = max(self.seconds.values(), default=0.0)
        codes = sorted(self.seconds, key=lambda code: -self.seconds[code])
        return [code for code in codes if self.seconds[code] >= share * total][:most]


def record(run: Callable[[], object]) -> Calls:
    """Run once and record the calls of user functions in this thread."""
    recorder, before = _Recorder(), sys.getprofile()
    sys.setprofile(recorder)
    try:
        run()
    finally:
        sys.setprofile(before)
    return recorder.calls


def find_functions(calls: Calls, codes: list[CodeType]) -> dict[CodeType, FunctionType]:
    """The function objects that these codes belong to; codes without one are left out."""
    found = {code: _by_name(code, calls.namespaces[code]) for code in codes}
    missing = [code for code, function in found.items() if function is None]
    if missing:
        # Lambdas, closures, decorated functions: ask the garbage collector who holds the code.
        for holder in gc.get_referrers(*missing):
            if isinstance(holder, FunctionType) and holder.__code__ in missing:
                found[holder.__code__] = holder
    return {code: function for code, function in found.items() if function is not None}


@cache
def is_user_file(file: str) -> bool:
    """Whether a file holds the user's code rather than a library's."""
    if file.startswith(GENERATORS):
        return True
    return not file.startswith(("<frozen", "<string", "<__array", WORKBENCH, *_library_folders()))


@cache
def _library_folders() -> tuple[str, ...]:
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    folders = {sysconfig.get_path(name) for name in names} | set(site.getsitepackages())
    return (*folders, site.getusersitepackages())


class _Recorder:
    def __init__(self) -> None:
        self.calls = Calls()
        self._stack: list[tuple[FrameType, float]] = []
        self._active: dict[CodeType, int] = defaultdict(int)

    def __call__(self, frame: FrameType, event: str, arg: object) -> None:
        code = frame.f_code
        if event == "call":
            if is_user_file(code.co_filename) and code.co_name not in INLINE:
                self._active[code] += 1
                if self._active[code] > 1:
                    self.calls.recursive.add(code)
                self._stack.append((frame, perf_counter()))
        elif event == "return" and self._stack and self._stack[-1][0] is frame:
            _, began = self._stack.pop()
            self._active[code] -= 1
            self._account(frame, perf_counter() - began)

    def _account(self, frame: FrameType, seconds: float) -> None:
        code = frame.f_code
        self.calls.counts[code] += 1
        self.calls.namespaces[code] = frame.f_globals
        if self._active[code]:
            return  # a recursive call: its time is in the outermost one
        self.calls.seconds[code] += seconds
        if self._stack:
            caller = self._stack[-1][0]
            self.calls.edges[caller.f_code, caller.f_lineno, code] += seconds


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
