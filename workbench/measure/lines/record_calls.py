"""Which functions a batch spends its time in, and from which lines they are called.

Some batches run under `sys.setprofile`; the user's functions found here are then profiled line by
line. Library code (the standard library, site-packages) is passed through: a function that it calls
back counts as called by the nearest line of the user's code, and what the line called in libraries
is kept as a tree, to say what the line consists of.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from inspect import CO_GENERATOR
from time import perf_counter
from types import CodeType, FrameType
from typing import Any, NamedTuple

from workbench.isolation.profile_hook import profile_hook
from workbench.measure.user_code import package_of

# These run as part of the line that holds them.
INLINE = ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>", "<module>")
# A call that takes this share of what it is part of stands for it, if it can be told apart further.
DOMINATES = 0.8


class Place(NamedTuple):
    """A function: its file, its first line there and its qualified name."""

    file: str
    first_line: int
    name: str

    @classmethod
    def of(cls, code: CodeType) -> Place:
        """Where a code object was compiled from."""
        return cls(code.co_filename, code.co_firstlineno, code.co_qualname)


@dataclass
class LibraryCall:
    """Time in a library function that a line called, and in what that one called."""

    count: int = 0
    seconds: float = 0.0
    package: str = ""
    children: dict[str, LibraryCall] = field(default_factory=dict)

    def add(self, other: LibraryCall) -> None:
        """Add another one, and all below it."""
        self.count += other.count
        self.seconds += other.seconds
        for name, call in other.children.items():
            self.child(name, call.package).add(call)

    def child(self, name: str, package: str) -> LibraryCall:
        """What it called by this name."""
        return self.children.setdefault(name, LibraryCall(package=package))

    @property
    def python_calls(self) -> int:
        """Calls of Python functions in it, at all depths."""
        own = self.count if self.package else 0
        return own + sum(child.python_calls for child in self.children.values())

    def packages(self) -> dict[str, float]:
        """Seconds in the Python code of each package, with the C functions that it called."""
        found: dict[str, float] = defaultdict(float)
        for call in self.children.values():
            below = call.packages()
            if call.package:
                found[call.package] += call.seconds - sum(below.values())
            for package, seconds in below.items():
                found[package] += seconds
        return found

    def parts(self) -> dict[str, float]:
        """Seconds by name where it first divides into several; empty if it never does."""
        calls = sorted(self.children.items(), key=lambda item: -item[1].seconds)
        if not calls:
            return {}
        (_, top), total = calls[0], self._below
        deeper = top.parts() if top.seconds >= DOMINATES * total else {}
        if deeper and top._below >= DOMINATES * top.seconds:
            return deeper
        return {name: call.seconds for name, call in calls} if len(calls) > 1 else {}

    @property
    def _below(self) -> float:
        return sum(call.seconds for call in self.children.values())


@dataclass
class Calls:
    """What some batches called.

    Attributes:
        batches: How many ran.
        total: Seconds they took.
        seconds: Time in each function, callees included; of recursive calls only the outermost.
        inclusive: The same with every call counted, so that recursion counts time repeatedly.
        counts: Calls of each function.
        edges: `inclusive` time by (calling function, its line number, called function).
        codes: The code objects that ran at each place.
        namespaces: Globals of each function, to find it by name.
        library: What each line of each function called in libraries.
    """

    batches: int = 0
    total: float = 0.0
    seconds: dict[Place, float] = field(default_factory=lambda: defaultdict(float))
    inclusive: dict[Place, float] = field(default_factory=lambda: defaultdict(float))
    counts: dict[Place, int] = field(default_factory=lambda: defaultdict(int))
    edges: dict[tuple[Place, int, Place], float] = field(default_factory=lambda: defaultdict(float))
    codes: dict[Place, dict[int, CodeType]] = field(default_factory=lambda: defaultdict(dict))
    namespaces: dict[Place, dict[str, Any]] = field(default_factory=dict)
    library: dict[tuple[Place, int], LibraryCall] = field(
        default_factory=lambda: defaultdict(LibraryCall)
    )

    def add(self, other: Calls) -> None:
        """Add what other batches called."""
        self.batches += other.batches
        self.total += other.total
        for name in ("seconds", "inclusive", "counts", "edges"):
            mine = getattr(self, name)
            for key, value in getattr(other, name).items():
                mine[key] += value
        for place, codes in other.codes.items():
            self.codes[place] |= codes
        self.namespaces |= other.namespaces
        for spot, call in other.library.items():
            self.library[spot].add(call)

    def is_generator(self, place: Place) -> bool:
        """Whether a function yields."""
        return any(code.co_flags & CO_GENERATOR for code in self.codes[place].values())

    def carrying(self, share: float, most: int) -> list[Place]:
        """The functions that take at least this share of a batch, the costliest first."""
        places = sorted(self.seconds, key=lambda place: -self.seconds[place])
        return [place for place in places if self.seconds[place] >= share * self.total][:most]


def record(calls: Calls, run: Callable[[], object], follow: Callable[[str], bool]) -> None:
    """Run once and add the calls in this thread.

    Args:
        calls: What is added to.
        run: Runs one batch.
        follow: Whether functions of a file are recorded one by one.
    """
    recorder = _Recorder(calls, follow)
    began = perf_counter()
    with profile_hook(recorder):
        run()
    recorder.close()
    calls.batches += 1
    calls.total += perf_counter() - began


class _Open(NamedTuple):
    """A call that has not returned."""

    what: object  # its frame, or the C function
    began: float
    place: Place | None  # None: a library's
    library: LibraryCall | None


class _Recorder:
    """A profile function, for `sys.setprofile`."""

    def __init__(self, calls: Calls, follow: Callable[[str], bool]) -> None:
        self.calls, self._follow = calls, cache(follow)
        self._stack: list[_Open] = []
        self._active: dict[Place, int] = defaultdict(int)
        self._places: dict[int, Place] = {}

    def __call__(self, frame: FrameType, event: str, arg: Any) -> None:
        if event == "call":
            self._enter(frame)
        elif event == "c_call":
            if self._stack and _is_library_function(arg):
                self._enter_library(arg, arg.__qualname__, "")
        elif self._stack:
            what = frame if event == "return" else arg
            if event == "return" and not isinstance(self._stack[-1].what, FrameType):
                self._leave()  # the end of a C function is not always told
            if self._stack and self._stack[-1].what is what:
                self._leave()

    def close(self) -> None:
        """Account for what was not seen to end: a generator may have switched us off."""
        while self._stack:
            self._leave()

    def _enter(self, frame: FrameType) -> None:
        code = frame.f_code
        if code.co_name in INLINE:
            return
        if not self._follow(code.co_filename):
            if self._stack:
                package = package_of(code.co_filename) or ""
                self._enter_library(frame, _spoken_name(frame), package)
            return
        place = self._places.get(id(code))
        if place is None:
            place = self._places[id(code)] = Place.of(code)
            self.calls.codes[place][id(code)] = code  # also keeps its id from being used again
            self.calls.namespaces[place] = frame.f_globals
        self._active[place] += 1
        self._stack.append(_Open(frame, perf_counter(), place, None))

    def _enter_library(self, what: object, name: str, package: str) -> None:
        top = self._stack[-1]
        if top.place is None:
            assert top.library is not None
            within = top.library
        else:
            assert isinstance(top.what, FrameType)
            within = self.calls.library[top.place, top.what.f_lineno]
        self._stack.append(_Open(what, perf_counter(), None, within.child(name, package)))

    def _leave(self) -> None:
        ended = self._stack.pop()
        elapsed = perf_counter() - ended.began
        if ended.library is not None:
            ended.library.seconds += elapsed
            ended.library.count += 1
            return
        assert ended.place is not None
        place, calls = ended.place, self.calls
        self._active[place] -= 1
        calls.counts[place] += 1
        calls.inclusive[place] += elapsed
        if not self._active[place]:
            calls.seconds[place] += elapsed
        for caller in reversed(self._stack):
            if caller.library is not None:
                caller.library.seconds -= elapsed  # the user's own code, called back
                continue
            assert caller.place is not None
            assert isinstance(caller.what, FrameType)
            calls.edges[caller.place, caller.what.f_lineno, place] += elapsed
            break


def _is_library_function(function: Any) -> bool:
    """Whether it is a library's: methods of objects, and Python's own, are part of the line."""
    if hasattr(function, "__objclass__"):
        return False
    module = getattr(function, "__module__", None)
    if module is None:  # as OpenCV's functions, and methods
        return getattr(function, "__self__", None) is None
    return bool(module != "builtins")


def _spoken_name(frame: FrameType) -> str:
    """The function's name; for `__call__` and its like the class it works for."""
    code = frame.f_code
    if not code.co_name.startswith("__") or not code.co_argcount:
        return code.co_name
    subject = frame.f_locals.get(code.co_varnames[0])
    return subject.__name__ if isinstance(subject, type) else type(subject).__name__
