"""How the time of functions divides over the lines that call them.

A line's inclusive time is measured, and so is a function's; how much of a function's time each of
its callers has is not. Recorded batches say it roughly: batches differ. The measured times of the
calling lines set it right, as no line can pass on more time than it has.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from workbench.measure.lines.record_calls import Calls, Place

Spot = tuple[Place, int]  # a line of a function
ROUNDS = 8  # of moving what one line cannot have to another


@dataclass(frozen=True)
class Flows:
    """Times are seconds, as measured.

    Attributes:
        parts: For each line the functions that it calls, and its share of their time.
        left: Seconds of each line without them.
        outside: Share of each function's time that no listed line has called.
        entered: Seconds of all functions that were called so.
    """

    parts: dict[Spot, dict[Place, float]]
    left: dict[Spot, float]
    outside: dict[Place, float]
    entered: float


def flows_of(calls: Calls, places: list[Place], seconds: dict[Spot, float]) -> Flows:
    """Divide the time.

    Args:
        calls: From recorded batches.
        places: The functions that were measured.
        seconds: Of each line, callees included.
    """
    shares = _recorded_shares(calls, set(places), seconds)
    has, of = _measured(calls, places, seconds, shares)
    flow = {
        callee: {spot: share * of[callee] for spot, share in spots.items()}
        for callee, spots in shares.items()
    }
    from_lines = {callee: sum(spots.values()) for callee, spots in flow.items()}
    for _ in range(ROUNDS):
        _cut(flow, has)
        _move(flow, has, from_lines)
    parts: dict[Spot, dict[Place, float]] = defaultdict(dict)
    left = dict(has)
    for callee, spots in flow.items():
        for spot, amount in spots.items():
            if of[callee] and amount:
                parts[spot][callee] = amount / of[callee]
                left[spot] = max(0.0, left[spot] - amount)
    passed = {place: sum(flow.get(place, {}).values()) for place in places}
    rest = {place: max(0.0, of[place] - passed[place]) for place in places}
    outside = {place: rest[place] / of[place] if of[place] else 0.0 for place in places}
    return Flows(parts, left, outside, sum(rest.values()))


def _recorded_shares(
    calls: Calls, listed: set[Place], seconds: dict[Spot, float]
) -> dict[Place, dict[Spot, float]]:
    """For each function the lines that called it, and their shares of its recorded time."""
    found: dict[Place, dict[Spot, float]] = defaultdict(dict)
    for (caller, line, callee), time in calls.edges.items():
        if caller in listed and callee in listed and (caller, line) in seconds:
            found[callee][caller, line] = time / (calls.inclusive[callee] or 1.0)
    return found


def _measured(
    calls: Calls,
    places: list[Place],
    seconds: dict[Spot, float],
    shares: dict[Place, dict[Spot, float]],
) -> tuple[dict[Spot, float], dict[Place, float]]:
    """Seconds of lines and of functions, callees included.

    line_profiler ends a line of a generator where it yields: of `yield from` it does not see what
    comes after the first time. There the callees' time is the line's.
    """
    has = dict(seconds)
    spots = {place: [spot for spot in seconds if spot[0] == place] for place in places}
    called = {
        spot: [(callee, of[spot]) for callee, of in shares.items() if spot in of]
        for place in places
        for spot in spots[place]
    }
    done: dict[Place, float] = {}

    def function(place: Place) -> float:
        if place not in done:
            done[place] = sum(seconds[spot] for spot in spots[place])  # for one that calls itself
            for spot in spots[place] if calls.is_generator(place) else ():
                below = sum(share * function(callee) for callee, share in called[spot])
                has[spot] = max(has[spot], below)
            done[place] = sum(has[spot] for spot in spots[place])
        return done[place]

    return has, {place: function(place) for place in places}


def _cut(flow: dict[Place, dict[Spot, float]], has: dict[Spot, float]) -> None:
    """No line passes on more than it has."""
    for spot, demand in _demands(flow).items():
        if demand > has[spot]:
            for spots in flow.values():
                if spot in spots:
                    spots[spot] *= has[spot] / demand


def _move(
    flow: dict[Place, dict[Spot, float]], has: dict[Spot, float], wanted: dict[Place, float]
) -> None:
    """What a function lacks comes from lines that call it and have time left."""
    for callee, spots in flow.items():
        demands = _demands(flow)
        room = {spot: max(0.0, has[spot] - demands[spot]) for spot in spots}
        missing, whole = wanted[callee] - sum(spots.values()), sum(room.values())
        if missing > 0 and whole > 0:
            for spot in spots:
                spots[spot] += room[spot] * min(1.0, missing / whole)


def _demands(flow: dict[Place, dict[Spot, float]]) -> dict[Spot, float]:
    found: dict[Spot, float] = defaultdict(float)
    for spots in flow.values():
        for spot, amount in spots.items():
            found[spot] += amount
    return found
