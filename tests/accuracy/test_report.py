"""What is reported of figures that are given: the report itself fails for none."""

from __future__ import annotations

import pytest

from tests.accuracy.case import Case, middle, relative, table


@pytest.mark.parametrize(
    ("case", "ok"),
    [
        (Case("", 0.6, 0.625, 0.03), True),
        (Case("", 0.6, 0.565, 0.03), False),
        (relative("", 50, 54, 0.1), True),
        (relative("", 50, 56, 0.1), False),
        (Case("", 2, 2.5, sense="≥"), True),
        (Case("", 2, 1.9, sense="≥"), False),
        (Case("", 0.8, 0.1, sense="≤"), True),
        (Case("", 0.8, 0.9, sense="≤"), False),
    ],
)
def test_a_case_is_ok_within_what_is_allowed(case, ok):
    assert case.is_ok is ok
    assert case.to_dict()["ok"] is ok
    assert case.error == pytest.approx(case.measured - case.truth)


def test_of_several_rounds_the_middle_error_counts():
    measured = iter([(0.5, 3.0), (0.9, 1.0), (0.6, 2.0)])

    def measure():
        share, seconds = next(measured)
        return [Case("share", 0.6, share, 0.1), Case("seconds", 2, seconds, 1)]

    assert [case.measured for case in middle(measure, 3)] == [0.6, 2.0]


def test_the_table_says_what_is_off():
    cases = [Case("a sleep", 6, 7.25, 0.6, unit="ms"), Case("twice", 2, 3.5, sense="≥")]
    found = {"versions": {}, "suites": {"lines": [case.to_dict() for case in cases]}}
    assert table({"3.12.1": found}).splitlines()[2:] == [
        "| 3.12.1 | a sleep | 6 ms | 7.25 ms | +1.2 | ±0.6 | **off** |",
        "| 3.12.1 | twice | ≥ 2 | 3.5 | +1.5 | 0 | ok |",
    ]
