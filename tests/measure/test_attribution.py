"""How measured times divide over lines: by hand-made measurements, whose truth is known exactly."""

from __future__ import annotations

import pytest

from workbench.measure.lines.attribution import LEAST_LEFT, Attribution
from workbench.measure.lines.calibrate_overhead import ProfilerOverhead
from workbench.measure.lines.call_graph import CallGraph, FunctionKey
from workbench.measure.lines.caller_shares import divide_by_caller
from workbench.measure.lines.observations import Observation, PairedTotals

MAIN, HELPER, OTHER = (
    FunctionKey("loader.py", line, name)
    for line, name in ((1, "main"), (11, "helper"), (21, "other"))
)
FREE = ProfilerOverhead(0.0, 0.0, 0.0, 0.0, 0.0)
COST = ProfilerOverhead(
    hit_self=1e-7, hit_caller=2e-7, call_self=3e-7, call_caller=4e-7, library_call=0.0
)
BATCHES = 10


def calls_of(counts, edges=(), generators=()):
    """Recorded calls: how often each function ran in a batch, and seconds of each calling line."""
    calls = CallGraph(batches=1)
    for place, count in counts.items():
        calls.counts[place] = count
        function = _generator if place in generators else _function
        calls.codes[place][0] = function.__code__
    for caller, line, callee, seconds in edges:
        calls.edges[caller, line, callee] += seconds
        calls.summed[callee] += seconds
    return calls


def _generator():
    yield


def _function():
    pass


def totals_of(lines, plain, profiled, batches=BATCHES):
    """What batches showed: (hits, seconds) of each line, and seconds of a batch run both ways."""
    ticks = {}
    for (place, line), observed in lines.items():
        ticks.setdefault(place, {})[line] = observed
    totals = PairedTotals()
    for _ in range(batches):
        totals.add_pair([Observation(1, 8, profiled, timings=ticks)], [Observation(1, 8, plain)])
    return totals


def account_of(calls, totals, cost=COST):
    return Attribution(calls, list(calls.counts), totals, cost)


@pytest.mark.parametrize("times", [1, 0.5, 2, 7], ids=lambda times: f"{times} times the cost")
def test_a_sleep_keeps_its_share_beside_a_tight_loop(times):
    """2 ms of sleep, 1 ms of loop; each hit costs, and the profiler on this day so many times."""
    hits, inside, outside = 4000, times * COST.hit_self, times * COST.hit_caller
    call = times * (COST.call_self + COST.call_caller)
    lines = {(MAIN, 2): (1, 0.002 + inside), (MAIN, 3): (hits, 0.001 + hits * inside)}
    # Of the call itself, a line has its share by hits.
    for (place, line), (count, seconds) in lines.items():
        more = times * COST.call_self * count / (hits + 1)
        lines[place, line] = (count, seconds + more)
    profiled = 0.003 + (hits + 1) * (inside + outside) + call
    account = account_of(calls_of({MAIN: 1}), totals_of(lines, 0.003, profiled))
    assert account.batch_seconds == pytest.approx(0.003)
    assert account.self_seconds == {
        (MAIN, 2): pytest.approx(0.002),
        (MAIN, 3): pytest.approx(0.001),
    }
    assert account.other_seconds == pytest.approx(0, abs=1e-12)


def test_a_sleep_keeps_its_share_beside_calls_in_a_tight_loop():
    """2 ms of sleep; a loop of 1 ms calls 4000 times a function of one line, which takes 2 ms."""
    n, cost = 4000, COST
    below = 0.002 + n * (cost.hit_self + cost.call_self)
    around = n * (cost.hit_caller + cost.call_caller)
    own_call = cost.call_self / 2  # of the call of `main`, for each of its two lines
    lines = {
        (MAIN, 2): (1, 0.002 + cost.hit_self + own_call),
        (MAIN, 3): (1, 0.001 + below + around + cost.hit_self + own_call),
        (HELPER, 12): (n, below),
    }
    profiled = sum(lines[MAIN, line][1] for line in (2, 3)) + 2 * cost.hit_caller + cost.call_caller
    calls = calls_of({MAIN: 1, HELPER: n}, [(MAIN, 3, HELPER, 0.1)])
    account = account_of(calls, totals_of(lines, 0.005, profiled))
    assert account.self_seconds[MAIN, 2] == pytest.approx(0.002)
    assert account.self_seconds[MAIN, 3] == pytest.approx(0.001)
    assert account.self_seconds[HELPER, 12] == pytest.approx(0.002)
    assert account.line_seconds((MAIN, 3)) == pytest.approx(0.003)
    assert account.function_seconds(HELPER) == pytest.approx(0.002)
    assert account.function_seconds(MAIN) == pytest.approx(0.005)
    assert account.other_seconds == pytest.approx(0, abs=1e-12)


def test_a_line_keeps_a_little_when_the_costs_are_all_that_it_has():
    lines = {(MAIN, 2): (1, 0.002), (MAIN, 3): (4000, 4000 * 1e-7)}
    profiled = 0.0024 + 4001 * COST.hit_caller
    account = account_of(calls_of({MAIN: 1}), totals_of(lines, 0.002, profiled))
    assert 0 < account.self_seconds[MAIN, 3] <= 1.01 * LEAST_LEFT * 4000 * 1e-7
    assert account.self_seconds[MAIN, 2] > 0.0019


def test_seconds_are_those_of_plain_batches_and_no_lines_time_is_other():
    lines = {(MAIN, 2): (1, 0.003)}
    account = account_of(calls_of({MAIN: 1}), totals_of(lines, 0.005, 0.005), FREE)
    assert account.self_seconds == {(MAIN, 2): pytest.approx(0.003)}
    assert account.other_seconds == pytest.approx(0.002)


def test_handing_over_is_no_lines_time():
    totals = PairedTotals()
    seen = Observation(1, 8, 0.004, 0.006, timings={MAIN: {2: (1, 0.004)}})
    totals.add_pair([seen], [Observation(1, 8, 0.004, 0.006)])
    account = account_of(calls_of({MAIN: 1}), totals, FREE)
    assert (account.transfer_seconds, account.batch_seconds) == (0.006, pytest.approx(0.010))
    assert account.self_seconds == {(MAIN, 2): pytest.approx(0.004)}


def test_the_slowdown_is_of_pairs_and_its_error_theirs():
    totals = PairedTotals()
    assert totals.slowdown == 1
    for plain, profiled in ((1.0, 1.5), (2.0, 4.0), (1.0, 1.0)):
        totals.add_pair([Observation(1, 1, profiled)], [Observation(1, 1, plain)])
    assert totals.slowdown == 1.5
    assert totals.slowdown_error == pytest.approx(0.5 / 3**0.5)


def test_spread_is_the_deviation_from_batch_to_batch():
    totals = PairedTotals()
    for milliseconds in (1, 2, 3):
        totals.add_profiled(Observation(1, 1, 0.004, timings={MAIN: {2: (1, milliseconds / 1e3)}}))
    account = account_of(calls_of({MAIN: 1}), totals, FREE)
    assert account.deviations[MAIN, 2] == pytest.approx(0.001)
    assert account.standard_error((MAIN, 2)) == pytest.approx(0.001 / 3**0.5)


def test_a_helper_called_from_two_lines_takes_what_each_of_them_has():
    """Recorded equal, measured 1 ms and 4 ms: no line passes on more than it has."""
    edges = [(MAIN, 2, HELPER, 0.0025), (MAIN, 3, HELPER, 0.0025)]
    seconds = {(MAIN, 2): 0.001, (MAIN, 3): 0.004, (HELPER, 12): 0.005}
    flows = divide_by_caller(calls_of({MAIN: 1, HELPER: 2}, edges), [MAIN, HELPER], seconds)
    assert flows.callees[MAIN, 2] == {HELPER: pytest.approx(0.2)}
    assert flows.callees[MAIN, 3] == {HELPER: pytest.approx(0.8)}
    assert flows.self_seconds[MAIN, 2] == pytest.approx(0, abs=1e-9)
    assert flows.self_seconds[MAIN, 3] == pytest.approx(0, abs=1e-9)
    assert flows.self_seconds[HELPER, 12] == 0.005
    assert flows.entry_seconds == pytest.approx(0.005), "`main` itself"


def test_a_function_that_no_listed_line_calls_is_entered_from_outside():
    seconds = {(MAIN, 2): 0.001, (OTHER, 22): 0.002}
    flows = divide_by_caller(calls_of({MAIN: 1, OTHER: 1}), [MAIN, OTHER], seconds)
    assert flows.entry_shares == {MAIN: 1.0, OTHER: 1.0}
    assert flows.entry_seconds == pytest.approx(0.003)


def test_time_that_no_calling_line_has_is_not_counted_again():
    """`helper` and what it calls ran for 2 ms in this thread and for 3 ms in another one."""
    edges = [(MAIN, 2, HELPER, 0.002), (HELPER, 12, OTHER, 0.001)]
    calls = calls_of({MAIN: 1, HELPER: 1, OTHER: 1}, edges)
    seconds = {(MAIN, 2): 0.002, (HELPER, 12): 0.005, (OTHER, 22): 0.0025}
    flows = divide_by_caller(calls, [MAIN, HELPER, OTHER], seconds)
    assert sum(flows.self_seconds.values()) == pytest.approx(0.002, rel=0.02)
    assert flows.entry_seconds == pytest.approx(0.002, rel=0.02)
    assert flows.self_seconds[MAIN, 2] == pytest.approx(0, abs=1e-5)


def test_a_generators_time_is_its_own_through_yield_from():
    """`helper` sleeps 4 ms and yields from `other`, 8 ms, of which its line saw 2."""
    edges = [(MAIN, 2, HELPER, 0.012), (HELPER, 13, OTHER, 0.008)]
    counts = {MAIN: 1, HELPER: 1, OTHER: 1}
    seconds = {(MAIN, 2): 0.012, (HELPER, 12): 0.004, (HELPER, 13): 0.002, (OTHER, 22): 0.008}
    places = list(counts)
    flows = divide_by_caller(calls_of(counts, edges, generators=(HELPER, OTHER)), places, seconds)
    expected = {(MAIN, 2): 0, (HELPER, 12): 0.004, (HELPER, 13): 0, (OTHER, 22): 0.008}
    assert flows.self_seconds == {
        spot: pytest.approx(left, abs=1e-9) for spot, left in expected.items()
    }
