"""From hits and ticks to true shares: the profiler's own cost taken out, time divided once.

Pure arithmetic on plain data. All times are per batch; "inclusive" has callees in it, "own" has
not.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field
from math import sqrt
from statistics import median

from workbench.measure.lines.calls import Calls, Place
from workbench.measure.lines.probe import Seen

Spot = tuple[Place, int]  # a line of a function
# Pairs of batches that the median slowdown is taken from, so that a long session stays small.
PAIRS_KEPT = 501
# What is left of a line at least when the profiler's cost is taken out: keeps tight loops in order.
LEAST_LEFT = 0.05
# How a hit's cost divides is calibrated to some 10 %. What is left over would show up as time of
# lines that call tight loops, or of no line; taken as cost it stays with the loops.
OUTSIDE_MARGIN = 1.15


@dataclass(frozen=True)
class Cost:
    """Seconds that the profiler takes for each line that runs.

    Attributes:
        inside: Charged to the line itself.
        outside: Charged to no line of the function, and so to the line that called it.
    """

    inside: float
    outside: float


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
        own: Seconds of each line, without listed functions.
        other: Seconds that no line has.
        deviations: Standard deviation of each line's inclusive seconds.
    """

    def __init__(self, calls: Calls, places: list[Place], totals: Totals, cost: Cost) -> None:
        self._totals, self._listed = totals, set(places)
        self._callees = _callees(calls, self._listed)
        batches = totals.profiled.batches
        # Without a plain batch yet, the profiled one is the best that is known.
        plain = totals.plain if totals.plain.batches else totals.profiled
        self.handover = plain.handover / plain.batches
        self.batch_seconds = plain.seconds / plain.batches + self.handover
        raw, other = self._raw(
            cost, totals.profiled.seconds, plain.seconds * batches / plain.batches
        )
        whole = sum(raw.values()) + other
        scale = (self.batch_seconds - self.handover) / whole if whole else 0.0
        self.own = {spot: seconds * scale for spot, seconds in raw.items()}
        self.other = other * scale
        spread = plain.seconds / plain.batches / (totals.profiled.seconds / batches)
        self.deviations = {
            spot: sums.deviation(batches, totals.observations) * spread
            for spot, sums in totals.lines.items()
        }
        self._inclusive: dict[Place, float] = {}

    def standard_error(self, spot: Spot) -> float:
        """Of a line's seconds per batch."""
        return self.deviations.get(spot, 0.0) / sqrt(self._totals.profiled.batches)

    def inclusive(self, spot: Spot) -> float:
        """Seconds of a line, listed functions that it called included."""
        below = (part * self.function(callee) for callee, part in self._callees[spot])
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

    def _raw(self, cost: Cost, profiled: float, plain: float) -> tuple[dict[Spot, float], float]:
        """Own seconds of lines, and seconds of none, of all profiled batches."""
        seconds: dict[Place, float] = defaultdict(float)
        hits: dict[Place, int] = defaultdict(int)
        for (place, _), sums in self._totals.lines.items():
            seconds[place] += sums.seconds
            hits[place] += sums.hits
        each = _measured(cost, sum(hits.values()), profiled - plain)
        own, called = {}, dict.fromkeys(self._listed, 0.0)
        for spot, sums in self._totals.lines.items():
            below = below_hits = 0.0
            for callee, part in self._callees[spot]:
                below += part * seconds[callee]
                below_hits += part * hits[callee]
                called[callee] += part
            left = max(0.0, sums.seconds - below)
            own[spot] = max(
                LEAST_LEFT * left, left - each.inside * sums.hits - each.outside * below_hits
            )
        # What is called by no listed line was called by the loader's caller, or by a library.
        entered = [(place, max(0.0, 1 - part)) for place, part in called.items()]
        other = profiled - sum(
            part * (seconds[place] + each.outside * hits[place]) for place, part in entered
        )
        return own, max(0.0, other)


def _callees(calls: Calls, listed: set[Place]) -> dict[Spot, list[tuple[Place, float]]]:
    """For each line the functions that it called, and which part of their time that was."""
    found: dict[Spot, list[tuple[Place, float]]] = defaultdict(list)
    for (caller, line, callee), seconds in calls.edges.items():
        if caller in listed and callee in listed and calls.inclusive[callee]:
            found[caller, line].append((callee, seconds / calls.inclusive[callee]))
    return found


def _measured(cost: Cost, hits: int, extra: float) -> Cost:
    """The cost of a hit in these batches: calibrated, but no more than what they took longer."""
    expected = (cost.inside + cost.outside) * hits
    # Beyond twice the calibrated cost it is noise, or libraries' lines that are traced in vain.
    factor = min(2.0, max(0.0, extra / expected)) if expected else 0.0
    return Cost(cost.inside * factor, cost.outside * factor * OUTSIDE_MARGIN)
