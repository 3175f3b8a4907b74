"""What the panel says: its sentences, errors and listings."""

from __future__ import annotations

import json

import pytest

from workbench.measure.rate import Rate
from workbench.measure.stats import Summary
from workbench.panel import profile_rows, verdict


def test_the_sentences_of_the_verdict():
    rates, times = Summary(70.61, 72.71, 74.81, 9), Summary(439.5, 440, 440.5, 9)
    rate = Rate(rates, times, 500, 9.0, 10, 1, False, 10)
    assert verdict.headline(rate, 40_000, None, "images") == (
        "72.7 ± 2.1 images/s: an epoch takes at least 9 min 10 s."
    )
    assert verdict.headline(rate, None, None, "samples") == (
        "72.7 ± 2.1 samples/s: 1,000 samples take at least 13.8 s."
    )
    assert verdict.headline(None, None, None, "images") == "Not measured yet."
    fault = verdict.Fault("KeyError: 'image_id'", "data.py:61")
    assert verdict.cannot(fault, "14:02") == (
        "Couldn't measure: KeyError: 'image_id', data.py:61. Results from 14:02."
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0.4 s"), (41, "41 s"), (550, "9 min 10 s"), (7500, "2 h 5 min"), (59.99, "60 s")],
)
def test_durations_are_in_units_people_use(seconds, text):
    assert verdict.duration(seconds) == text


def test_a_fault_names_the_users_own_line():
    def inner():
        return json.loads("{")

    try:
        inner()
    except ValueError as error:
        fault = verdict.Fault.of(error)
    assert fault.where.startswith("test_verdict.py:")
    assert fault.text.startswith("JSONDecodeError: ")


def test_listing_folds_docstrings_and_colours_tokens():
    source = ("    def f(x):", '        """Doc', '        more."""', '        return "<b>"')
    lines = profile_rows._tokens(source)
    assert [line == profile_rows.FOLDED for line in lines] == [False, False, True, False]
    assert ("keyword", "def") in lines[0]
    assert "".join(text for _, text in lines[3]) == '    return "<b>"'
