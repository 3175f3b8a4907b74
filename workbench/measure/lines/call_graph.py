"""The call graph of some batches: time in each function, and from which lines it was called."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from inspect import CO_GENERATOR
from types import CodeType
from typing import Any, NamedTuple

from workbench.measure.lines.library_call import LibraryCall


class FunctionKey(NamedTuple):
    """A function, identified by its file, first line and qualified name."""

    file: str
    first_line: int
    name: str

    @classmethod
    def of(cls, code: CodeType) -> FunctionKey:
        """The function that a code object was compiled from."""
        return cls(code.co_filename, code.co_firstlineno, code.co_qualname)


LineKey = tuple[FunctionKey, int]  # a function and a line number of its file


@dataclass
class CallGraph:
    """Calls recorded during some batches.

    Attributes:
        batches: Number of batches.
        total_seconds: Duration of the batches.
        inclusive: Seconds in each function, callees included. Of recursive calls only the outermost
            counts.
        summed: Seconds of all calls of a function added up, so that recursion counts repeatedly.
        counts: Number of calls of each function.
        edges: `summed` seconds by (calling function, its line number, called function).
        codes: Code objects of each function by their `id`.
        namespaces: Globals of each function, to find it by name.
        library_calls: What each line called in libraries.
        handed_over: Functions that each line gives to others to run, and who they are, as in "in a
            ThreadPool".
        callerless: Packages of library functions that no recorded function called.
        unprofiled: Seconds by calling line in functions whose lines the profiler does not count,
            without profiled functions that they call. Recorded once functions are profiled.
        profiled_edges: Seconds by (calling function, its line number, called function, direct
            caller), where the first three are profiled. The direct caller may not be.
    """

    batches: int = 0
    total_seconds: float = 0.0
    inclusive: dict[FunctionKey, float] = field(default_factory=lambda: defaultdict(float))
    summed: dict[FunctionKey, float] = field(default_factory=lambda: defaultdict(float))
    counts: dict[FunctionKey, int] = field(default_factory=lambda: defaultdict(int))
    edges: dict[tuple[FunctionKey, int, FunctionKey], float] = field(
        default_factory=lambda: defaultdict(float)
    )
    codes: dict[FunctionKey, dict[int, CodeType]] = field(default_factory=lambda: defaultdict(dict))
    namespaces: dict[FunctionKey, dict[str, Any]] = field(default_factory=dict)
    library_calls: dict[LineKey, LibraryCall] = field(
        default_factory=lambda: defaultdict(LibraryCall)
    )
    handed_over: dict[LineKey, set[tuple[FunctionKey, str]]] = field(
        default_factory=lambda: defaultdict(set)
    )
    callerless: set[str] = field(default_factory=set)
    unprofiled: dict[LineKey, dict[FunctionKey, float]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(float))
    )
    profiled_edges: dict[tuple[FunctionKey, int, FunctionKey, FunctionKey], float] = field(
        default_factory=lambda: defaultdict(float)
    )

    def add(self, other: CallGraph) -> None:
        """Add the calls of other batches."""
        self.batches += other.batches
        self.total_seconds += other.total_seconds
        for name in ("inclusive", "summed", "counts", "edges", "profiled_edges"):
            mine = getattr(self, name)
            for key, value in getattr(other, name).items():
                mine[key] += value
        for function, codes in other.codes.items():
            self.codes[function] |= codes
        self.namespaces |= other.namespaces
        self.callerless |= other.callerless
        for line, given in other.handed_over.items():
            self.handed_over[line] |= given
        for line, call in other.library_calls.items():
            self.library_calls[line].add(call)
        for line, functions in other.unprofiled.items():
            for function, seconds in functions.items():
                self.unprofiled[line][function] += seconds

    @property
    def batch_seconds(self) -> float:
        """Mean duration of a batch."""
        return self.total_seconds / self.batches

    def is_generator(self, function: FunctionKey) -> bool:
        """Whether a function yields."""
        return any(code.co_flags & CO_GENERATOR for code in self.codes[function].values())

    def costliest(self, least_share: float, most: int) -> list[FunctionKey]:
        """At most `most` functions that take `least_share` of the time or more, by cost."""
        functions = sorted(self.inclusive, key=lambda function: -self.inclusive[function])
        least = least_share * self.total_seconds
        return [function for function in functions if self.inclusive[function] >= least][:most]
