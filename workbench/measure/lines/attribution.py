"""From hits and ticks to true shares: the profiler's own cost taken out, time divided once.

Pure arithmetic on plain data. All times are per batch; "inclusive" has callees in it, "own" has
not.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field
from math import sqrt
from statistics import median, stdev

from workbench.measure.lines.caller_shares import Spot, flows_of
from workbench.measure.lines.profiled_loader import Seen
from workbench.measure.lines.profiler_overhead import Cost
from workbench.measure.lines.record_calls import Calls, Place

# Pairs of batches that the median slowdown is taken from, so that a long session stays small.
PAIRS_KEPT = 501
# What is left of a line at least when the profiler's cost is taken out: keeps tight loops in order.
LEAST_LEFT = 0.05
# Beyond this many times the calibrated cost it is something else. Functions of a thousand lines
# reach 20: Python 3.13 looks for the number of a line from the start of the function.
MOST_FACTOR = 30.0


@dataclass
class Sums:
    """Running sums over observations of a line, for its mean and spread per batch."""

    hits: int = 0
    seconds: float = 0.0
    squares: float = 0.0  # of an observation's seconds, over its batches

    def add(self, hits: int, seconds: float, batches: int) -> None:
        """Add what some batches together showed."""
        self.hits += hits
        self.seconds += seconds
        self.squares += seconds**2 / batches

    def deviation(self, batches: int, observations: int) -> float:
        """Standard deviation from batch to batch; 0 while it is not known."""
        if observations < 2:
            return 0.0
        variance = (self.squares - self.seconds**2 / batches) / (observations - 1)
        return float(max(0.0, variance) ** 0.5)


@dataclass
class Totals:
    """All that was seen of batches that ran profiled and plain, in pairs."""

    profiled: Seen = field(default_factory=Seen)
    plain: Seen = field(default_factory=Seen)
    lines: dict[Spot, Sums] = field(default_factory=lambda: defaultdict(Sums))
    observations: int = 0
    _slowdowns: deque[float] = field(default_factory=lambda: deque(maxlen=PAIRS_KEPT))

    def add_pair(self, profiled: list[Seen], plain: list[Seen]) -> None:
        """Add the same batches, run both ways."""
        for seen in profiled:
            self.add_profiled(seen)
        for seen in plain:
            self.plain.add(seen)
        ours, theirs = (sum(s.seconds + s.handover for s in kind) for kind in (profiled, plain))
        self._slowdowns.append(ours / theirs if theirs else 1.0)

    def add_profiled(self, seen: Seen) -> None:
        """Add batches whose plain ones are not known."""
        self.profiled.add(seen)
        self.observations += 1
        for place, lines in seen.ticks.items():
            for line, (hits, seconds) in lines.items():
                self.lines[place, line].add(hits, seconds, seen.batches)

    @property
    def slowdown_error(self) -> float:
        """Standard error of the slowdown; while it is not known, as much as it is."""
        count = len(self._slowdowns)
        if count < 3:
            return abs(self.slowdown - 1)
        return stdev(self._slowdowns) / sqrt(count)

    @property
    def slowdown(self) -> float:
        """Profiled over plain time of the same batches, median; 1 while there is no pair."""
        return median(self._slowdowns) if self._slowdowns else 1.0


class Account:
    """How the time of a plain batch divides over lines.

    Args:
        calls: Who called whom from where.
        places: The functions that were profiled.
        totals: What was seen; one batch at least.
        cost: Of the profiler.

    Attributes:
        batch_seconds: Duration of one plain batch, handing it over included.
        handover: Of it, to pass it on to another process.
        own: Seconds of each line, without listed functions.
        other: Seconds that no line has.
        deviations: Standard deviation of each line's inclusive seconds.
    """

    def __init__(self, calls: Calls, places: list[Place], totals: Totals, cost: Cost) -> None:
        self._calls, self._places, self._totals, self._cost = calls, places, totals, cost
        seen = totals.profiled
        # Without a plain batch yet, the profiled one is the best that is known.
        plain = totals.plain if totals.plain.batches else seen
        self.handover = plain.handover / plain.batches
        self.batch_seconds = plain.seconds / plain.batches + self.handover
        seconds = {spot: sums.seconds / seen.batches for spot, sums in totals.lines.items()}
        self._flows = flows_of(calls, places, seconds)
        self.own, self.other = self._divided(
            seen.seconds / seen.batches, plain.seconds / plain.batches
        )
        spread = plain.seconds / plain.batches / (seen.seconds / seen.batches)
        self.deviations = {
            spot: sums.deviation(seen.batches, totals.observations) * spread
            for spot, sums in totals.lines.items()
        }
        self._inclusive: dict[Place, float] = {}

    def standard_error(self, spot: Spot) -> float:
        """Of a line's seconds per batch."""
        return self.deviations.get(spot, 0.0) / sqrt(self._totals.profiled.batches)

    def inclusive(self, spot: Spot) -> float:
        """Seconds of a line, listed functions that it called included."""
        below = (part * self.function(callee) for callee, part in self._flows.parts[spot].items())
        return self.own.get(spot, 0.0) + sum(below)

    def function(self, place: Place) -> float:
        """Seconds of a function, callees included."""
        if place not in self._inclusive:
            # A function that calls itself finds 0 here: its lines' own time is counted over all
            # levels already.
            self._inclusive[place] = 0.0
            spots = [spot for spot in self.own if spot[0] == place]
            self._inclusive[place] = sum(self.inclusive(spot) for spot in spots)
        return self._inclusive[place]

    def _divided(self, profiled: float, plain: float) -> tuple[dict[Spot, float], float]:
        """Own seconds of lines and seconds of none, as in a plain batch."""
        costs, outside = self._costs()
        factor = self._factor(sum(costs.values()) + outside, profiled - plain, plain)
        own = {
            spot: max(LEAST_LEFT * left, left - factor * costs[spot])
            for spot, left in self._flows.left.items()
        }
        other = max(0.0, profiled - self._flows.entered - factor * outside)
        whole = sum(own.values()) + other
        scale = plain / whole if whole else 0.0
        return {spot: seconds * scale for spot, seconds in own.items()}, other * scale

    def _factor(self, expected: float, extra: float, plain: float) -> float:
        """How many times the calibrated cost the batches took longer; 1 as far as noise goes."""
        if not expected:
            return 0.0
        noise = 2 * self._totals.slowdown_error * plain
        low, high = (extra - noise) / expected, (extra + noise) / expected
        return min(MOST_FACTOR, max(0.0, low, min(1.0, high)))

    def _costs(self) -> tuple[dict[Spot, float], float]:
        """The profiler's cost in each line's own time, and outside of all lines."""
        batches, cost, flows = self._totals.profiled.batches, self._cost, self._flows
        hits: dict[Place, float] = defaultdict(float)
        for (place, _), sums in self._totals.lines.items():
            hits[place] += sums.hits / batches
        recorded = self._calls.batches
        calls = {place: self._calls.counts[place] / recorded for place in self._places}
        around = {
            place: cost.outside * hits[place] + cost.call_outside * calls[place]
            for place in self._places
        }
        found = {}
        for spot, sums in self._totals.lines.items():
            place = spot[0]
            each = cost.inside + cost.call_inside * calls[place] / hits[place]
            below = sum(part * around[callee] for callee, part in flows.parts[spot].items())
            library = self._calls.library.get(spot)
            traced = library.python_calls / recorded if library else 0.0
            found[spot] = each * sums.hits / batches + below + cost.library * traced
        return found, sum(part * around[place] for place, part in flows.outside.items())
