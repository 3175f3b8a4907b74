"""Divide the time of a batch among lines, without the profiler's own overhead.

Arithmetic on plain data. All times are seconds per batch. "Inclusive" time contains callees, "self"
time does not.
"""

from __future__ import annotations

from collections import defaultdict
from math import sqrt

from workbench.measure.lines.calibrate_overhead import ProfilerOverhead
from workbench.measure.lines.call_graph import CallGraph, FunctionKey, LineKey
from workbench.measure.lines.caller_shares import divide_by_caller
from workbench.measure.lines.observations import PairedTotals

# The least share of a line's time that stays when the overhead is subtracted: keeps the lines of
# tight loops in order.
LEAST_LEFT = 0.05
# If profiling takes longer by more than this many times the calibrated overhead, the reason is
# another one. Functions of a thousand lines reach 20, because Python 3.13 searches for a line's
# number from the start of the function.
MOST_FACTOR = 30.0


class Attribution:
    """How the time of a plain batch, one without the profiler, divides among lines.

    Args:
        calls: Call graph of recorded batches.
        functions: The profiled functions.
        totals: What was observed, of one batch at least.
        overhead: Of the profiler.

    Attributes:
        batch_seconds: Duration of one plain batch, transfer included.
        transfer_seconds: Part of it that passes the batch to another process.
        self_seconds: Seconds of each line without listed functions that it calls.
        other_seconds: Seconds that belong to no line.
        deviations: Standard deviation of each line's inclusive seconds.
    """

    def __init__(
        self,
        calls: CallGraph,
        functions: list[FunctionKey],
        totals: PairedTotals,
        overhead: ProfilerOverhead,
    ) -> None:
        self._calls, self._functions = calls, functions
        self._totals, self._overhead = totals, overhead
        profiled = totals.profiled
        # Until a plain batch has run, the profiled ones are the best estimate.
        plain = totals.plain if totals.plain.batches else profiled
        self.transfer_seconds = plain.transfer_seconds / plain.batches
        self.batch_seconds = plain.seconds / plain.batches + self.transfer_seconds
        seconds = {line: stats.seconds / profiled.batches for line, stats in totals.lines.items()}
        self._callers = divide_by_caller(calls, functions, seconds)
        self.self_seconds, self.other_seconds = self._divide(
            profiled.seconds / profiled.batches, plain.seconds / plain.batches
        )
        scale = plain.seconds / plain.batches / (profiled.seconds / profiled.batches)
        self.deviations = {
            line: stats.deviation(profiled.batches, totals.observations) * scale
            for line, stats in totals.lines.items()
        }
        self._function_seconds: dict[FunctionKey, float] = {}

    def standard_error(self, line: LineKey) -> float:
        """Standard error of a line's seconds."""
        return self.deviations.get(line, 0.0) / sqrt(self._totals.profiled.batches)

    def line_seconds(self, line: LineKey) -> float:
        """Inclusive seconds of a line."""
        below = (
            share * self.function_seconds(callee)
            for callee, share in self._callers.callees[line].items()
        )
        return self.self_seconds.get(line, 0.0) + sum(below)

    def function_seconds(self, function: FunctionKey) -> float:
        """Inclusive seconds of a function."""
        if function not in self._function_seconds:
            # A function that calls itself finds 0 here: its lines' self time covers all levels.
            self._function_seconds[function] = 0.0
            lines = [line for line in self.self_seconds if line[0] == function]
            self._function_seconds[function] = sum(self.line_seconds(line) for line in lines)
        return self._function_seconds[function]

    def _divide(self, profiled: float, plain: float) -> tuple[dict[LineKey, float], float]:
        """Self seconds of lines, and seconds of none, in a plain batch."""
        overhead, entry_overhead = self._line_overhead()
        expected = sum(overhead.values()) + entry_overhead
        factor = self._overhead_factor(expected, profiled - plain, plain)
        lines = {
            line: max(LEAST_LEFT * seconds, seconds - factor * overhead[line])
            for line, seconds in self._callers.self_seconds.items()
        }
        other = max(0.0, profiled - self._callers.entry_seconds - factor * entry_overhead)
        whole = sum(lines.values()) + other
        scale = plain / whole if whole else 0.0
        return {line: seconds * scale for line, seconds in lines.items()}, other * scale

    def _overhead_factor(self, expected: float, extra: float, plain: float) -> float:
        """The extra time as a multiple of the calibrated overhead; 1 if that is within noise."""
        if not expected:
            return 0.0
        noise = 2 * self._totals.slowdown_error * plain
        low, high = (extra - noise) / expected, (extra + noise) / expected
        return min(MOST_FACTOR, max(0.0, low, min(1.0, high)))

    def _line_overhead(self) -> tuple[dict[LineKey, float], float]:
        """The profiler's overhead in the self time of each line, and outside all lines."""
        batches, overhead, callers = self._totals.profiled.batches, self._overhead, self._callers
        hits: dict[FunctionKey, float] = defaultdict(float)
        for (function, _), stats in self._totals.lines.items():
            hits[function] += stats.hits / batches
        recorded = self._calls.batches
        calls = {function: self._calls.counts[function] / recorded for function in self._functions}
        to_caller = {
            function: overhead.hit_caller * hits[function] + overhead.call_caller * calls[function]
            for function in self._functions
        }
        found = {}
        for line, stats in self._totals.lines.items():
            function = line[0]
            hit = overhead.hit_self + overhead.call_self * calls[function] / hits[function]
            below = sum(share * to_caller[f] for f, share in callers.callees[line].items())
            library_call = self._calls.library_calls.get(line)
            traced = library_call.python_calls / recorded if library_call else 0.0
            found[line] = hit * stats.hits / batches + below + overhead.library_call * traced
        return found, sum(share * to_caller[f] for f, share in callers.entry_shares.items())
