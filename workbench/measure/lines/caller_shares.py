"""Divide the time of functions among the lines that call them.

The inclusive time of lines and of functions is measured, but not how much of a function's time
belongs to each of its callers. Recorded batches give an estimate only, since batches differ. The
measured time of the calling lines corrects it: no line can pass on more time than it has.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from workbench.measure.lines.call_graph import CallGraph, FunctionKey, LineKey

ROUNDS = 8  # of moving what one line cannot have to another
LEAST_EXCESS = 0.01  # share of a function's time; less is noise

Edges = dict[FunctionKey, dict[LineKey, float]]  # {called function: {calling line: seconds}}


@dataclass(frozen=True)
class CallerShares:
    """How functions' time divides among calling lines. Seconds are as measured.

    Attributes:
        callees: For each line the functions that it calls, with its share of their time.
        self_seconds: Seconds of each line without its callees.
        entry_shares: Share of each function's time in calls from no listed line.
        entry_seconds: Seconds of all such calls.
    """

    callees: dict[LineKey, dict[FunctionKey, float]]
    self_seconds: dict[LineKey, float]
    entry_shares: dict[FunctionKey, float]
    entry_seconds: float


def divide_by_caller(
    calls: CallGraph, functions: list[FunctionKey], seconds: dict[LineKey, float]
) -> CallerShares:
    """Divide the time of functions among calling lines.

    Args:
        calls: Call graph of recorded batches.
        functions: The profiled functions.
        seconds: Measured seconds of each line, callees included.
    """
    shares = _recorded_shares(calls, set(functions), seconds)
    outside = {f: max(0.0, 1 - sum(shares[f].values())) if f in shares else 1.0 for f in functions}
    for _ in range(ROUNDS):
        found = _divide(calls, functions, seconds, shares)
        # What no calling line has room for ran in another thread, or was called by a line that was
        # not recorded. That line has the time already.
        kept = {
            f: min(1.0, (1 - found.entry_shares[f]) / (1 - outside[f]))
            for f in functions
            if outside[f] < 1 - LEAST_EXCESS
        }
        if min(kept.values(), default=1.0) > 1 - LEAST_EXCESS:
            break
        seconds = {line: time * kept.get(line[0], 1.0) for line, time in seconds.items()}
    return found


def _divide(
    calls: CallGraph, functions: list[FunctionKey], seconds: dict[LineKey, float], shares: Edges
) -> CallerShares:
    line_seconds, function_seconds = _inclusive(calls, functions, seconds, shares)
    edges = {
        callee: {line: share * function_seconds[callee] for line, share in lines.items()}
        for callee, lines in shares.items()
    }
    expected = {callee: sum(lines.values()) for callee, lines in edges.items()}
    for _ in range(ROUNDS):
        _limit_to_line_seconds(edges, line_seconds)
        _redistribute(edges, line_seconds, expected)
    return _as_shares(edges, line_seconds, function_seconds)


def _as_shares(
    edges: Edges, line_seconds: dict[LineKey, float], function_seconds: dict[FunctionKey, float]
) -> CallerShares:
    callees: dict[LineKey, dict[FunctionKey, float]] = defaultdict(dict)
    self_seconds = dict(line_seconds)
    for callee, lines in edges.items():
        for line, seconds in lines.items():
            if function_seconds[callee] and seconds:
                callees[line][callee] = seconds / function_seconds[callee]
                self_seconds[line] = max(0.0, self_seconds[line] - seconds)
    entries = {
        function: max(0.0, seconds - sum(edges.get(function, {}).values()))
        for function, seconds in function_seconds.items()
    }
    entry_shares = {
        function: entries[function] / seconds if seconds else 0.0
        for function, seconds in function_seconds.items()
    }
    return CallerShares(callees, self_seconds, entry_shares, sum(entries.values()))


def _recorded_shares(
    calls: CallGraph, listed: set[FunctionKey], seconds: dict[LineKey, float]
) -> Edges:
    """For each function the lines that called it, and their shares of its recorded time.

    Where the caller's lines are not counted, the line that led to the caller has its share.
    """
    found: Edges = defaultdict(lambda: defaultdict(float))
    called: dict[tuple[FunctionKey, FunctionKey], float] = defaultdict(float)
    led: dict[tuple[FunctionKey, FunctionKey], dict[LineKey, float]] = defaultdict(dict)
    profiled: dict[FunctionKey, float] = defaultdict(float)
    for (caller, number, callee, direct), time in calls.profiled_edges.items():
        called[direct, callee] += time
        profiled[callee] += time
        if direct != caller:
            led[direct, callee][caller, number] = time

    def add(callee: FunctionKey, line: LineKey, share: float) -> None:
        if line[0] in listed and callee in listed and line in seconds:
            found[callee][line] += share

    partly = {function for below in calls.unprofiled.values() for function in below}
    for (caller, number, callee, _), time in calls.profiled_edges.items():
        if callee in partly:
            add(callee, (caller, number), time / profiled[callee])
    for (caller, number, callee), time in calls.edges.items():
        if callee in partly:
            continue
        share, total = time / (calls.summed[callee] or 1.0), called[caller, callee] or 1.0
        lines = led.get((caller, callee), {})
        for line, part in lines.items():
            add(callee, line, share * part / total)
        add(callee, (caller, number), share * (1 - sum(lines.values()) / total))
    return found


def _inclusive(
    calls: CallGraph,
    functions: list[FunctionKey],
    seconds: dict[LineKey, float],
    shares: Edges,
) -> tuple[dict[LineKey, float], dict[FunctionKey, float]]:
    """Seconds of lines and of functions, callees included.

    line_profiler ends a line of a generator where it yields, so it misses what `yield from` runs
    after the first value. Such a line gets at least the time of its callees.
    """
    line_seconds = dict(seconds)
    lines_of = {
        function: [line for line in seconds if line[0] == function] for function in functions
    }
    callees = {
        line: [(callee, lines[line]) for callee, lines in shares.items() if line in lines]
        for function in functions
        for line in lines_of[function]
    }
    done: dict[FunctionKey, float] = {}

    def inclusive(function: FunctionKey) -> float:
        if function not in done:
            # A preliminary value, for functions that call themselves.
            done[function] = sum(seconds[line] for line in lines_of[function])
            for line in lines_of[function] if calls.is_generator(function) else ():
                below = sum(share * inclusive(callee) for callee, share in callees[line])
                line_seconds[line] = max(line_seconds[line], below)
            done[function] = sum(line_seconds[line] for line in lines_of[function])
        return done[function]

    return line_seconds, {function: inclusive(function) for function in functions}


def _limit_to_line_seconds(edges: Edges, line_seconds: dict[LineKey, float]) -> None:
    """Scale edges down where a line passes on more time than it has."""
    for line, passed_on in _passed_on(edges).items():
        if passed_on > line_seconds[line]:
            for lines in edges.values():
                if line in lines:
                    lines[line] *= line_seconds[line] / passed_on


def _redistribute(
    edges: Edges, line_seconds: dict[LineKey, float], expected: dict[FunctionKey, float]
) -> None:
    """Take what a function lacks from lines that call it and have time left."""
    for callee, lines in edges.items():
        passed_on = _passed_on(edges)
        spare = {line: max(0.0, line_seconds[line] - passed_on[line]) for line in lines}
        missing, available = expected[callee] - sum(lines.values()), sum(spare.values())
        if missing > 0 and available > 0:
            for line in lines:
                lines[line] += spare[line] * min(1.0, missing / available)


def _passed_on(edges: Edges) -> dict[LineKey, float]:
    """Seconds that each line passes on to functions."""
    found: dict[LineKey, float] = defaultdict(float)
    for lines in edges.values():
        for line, seconds in lines.items():
            found[line] += seconds
    return found
