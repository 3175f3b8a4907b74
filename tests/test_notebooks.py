"""Notebooks run as a user runs them, and show what we say they show.

In a hurry: races of five rounds, and replacements believed to be faster. What they say of speed is
reported by `tests.accuracy`.
"""

from __future__ import annotations

import json

import pytest

from tests.notebooks import OWN, own_kernel, run_own, run_three_fixes

pytestmark = pytest.mark.timeout(400)

EXPORTED = "mended_scans.json"
IMPORT = "import workbench as wb\n"
# As few rounds as there can be; replacements are believed to be faster, also on a busy machine.
HURRY = """
from workbench.advice import find, proof
from workbench.measure import run_race
import time

run_race.LEAST_ROUNDS = 2
runs = [lambda seconds=seconds: time.sleep(seconds) for seconds in (0.004, 0.001)]
times = proof.timed(runs[:1], runs[1:], lambda: time.sleep(0.01))
find.timed = lambda old, new, batch: times
"""
LESS = {
    "seconds=1)": "seconds=0)",
    "seconds=0.8": "seconds=0",
    "in levels.items()": 'in levels.items() if case.startswith("a")',  # augment, all three
    "(64, 64, 3), (224, 224, 3)]": "(64, 64, 3), (96, 96, 3)]",
    'made([(224, 224, 3)], ["float32"])': 'made([(96, 96, 3)], ["float32"])',
    "profile_lines(slow)": "profile_lines(slow, seconds=0)",
    "profile_lines(mended)": "profile_lines(mended, seconds=0)",
    "batches_per_epoch=len(slow)": "batches_per_epoch=len(slow), seconds=0",
    "compare(6)": "compare(2)",
}


def hurry(source):
    for much, less in {**LESS, IMPORT: IMPORT + HURRY}.items():
        source = source.replace(much, less)
    return source


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    with own_kernel(tmp_path_factory.mktemp("kernel")):
        yield


@pytest.fixture(scope="module")
def three_fixes(kernel):
    """Outputs of the notebook of the three fixes, and its races by name."""

    _, outputs, races = run_three_fixes(hurry)
    return outputs, races


@pytest.fixture(scope="module")
def own(kernel, tmp_path_factory):
    """Outputs of the notebook of an own generator, and its results."""

    _, outputs, results = run_own(tmp_path_factory.mktemp("root"), hurry)
    return outputs, results


def test_every_result_shows_as_html_and_as_text_and_nothing_is_printed_beside(three_fixes):
    outputs, _ = three_fixes
    shown = [output for output in outputs if output.output_type == "display_data"]
    assert len(shown) == 9, "five tables and four charts"
    for output in shown:
        assert "alternation" in output.data["text/plain"]
        assert ("<svg" in output.data["text/html"]) != ("<table" in output.data["text/html"])
    others = [o for o in outputs if o.output_type != "display_data"]
    assert all(output.get("name") == "stderr" for output in others), others


def test_a_memory_map_takes_a_tenth_of_the_memory(three_fixes):
    _, races = three_fixes
    _, large = races["opening"].races.values()
    assert large["memory map"].peak_bytes < large["np.load"].peak_bytes / 10
    assert large["np.load"].peak_bytes > 0.9 * large["Python lists"].peak_bytes


def test_a_fix_is_shown_for_the_step_the_batch_and_the_epoch(three_fixes):
    _, races = three_fixes
    assert {f"augment: {level}" for level in ("step", "batch", "epoch")} < set(races["epochs"])
    assert "all three: epoch" in races["epochs"]


def test_the_hot_line_of_an_own_generator_is_two_calls_down_in_its_helper(own):
    _, results = own
    hot = {line["function"]: line["source"] for line in results["hot"][:4]}
    assert "random_transform(image)" in hot["Scans._augment"]
    assert results["functions"][0] == "Scans.__getitem__"


def test_advice_for_a_class_of_a_cell_names_its_hot_lines(own):
    _, results = own
    found = {instead: (code, most) for code, instead, most, _ in results["advice"]}
    code, most = found["one cv2.warpAffine"]
    assert "random_transform" in code
    assert most <= 1, "of 255 grey levels"
    resizing = [code for code, *_ in results["advice"] if "scan.resize" in code]
    assert resizing, "found although the cell imports what the line uses"


def test_the_mended_generator_shows_all_scans(own):
    _, results = own
    slow, mended = results["white"]
    assert slow > 0
    assert mended == 0
    assert results["dtypes"] == ["float64", "float32"]


def test_only_the_slow_generator_repeats_itself_in_workers(own):
    _, results = own
    assert any("repeats epoch 1" in text for text in results["repeats"]["slow"])
    assert results["repeats"]["mended"] == []


def test_the_json_holds_what_was_set_and_trains(own):
    _, results = own
    saved = json.loads(results["files"][EXPORTED])["settings"]["data"]
    assert saved["import"] is None, "a class of a notebook"
    assert saved["keywords"] == {
        "folder": "../sample_data/scans", "batch_size": 32, "size": 224, "rotation": 10.0
    }  # fmt: skip
    assert results["batches"] == 6, "of 32 of 176 scans"
    ok, text = results["workers"]
    assert ok, text
    for losses in results["losses"]:
        assert len(losses) == 1
        assert losses[0] > 0


def test_the_fast_iterator_gives_what_keras_gives(own):
    _, results = own
    assert results["holds"][:2] == ["same pixels", True]
    assert results["apart"] <= 1 < results["spread"], "grey levels"
    assert results["same_labels"]


def test_the_notebook_of_an_own_generator_leaves_its_json_and_nothing_else(own):
    outputs, results = own
    assert set(results["files"]) == {OWN.name, EXPORTED}
    assert results["left"] == []
    shown = [o for o in outputs if o.output_type == "display_data"]
    assert not [o for o in outputs if o.output_type == "error"]
    # What is kept in a saved notebook: text that can be read, no bytes of pictures.
    assert max(len(o.data.get("text/plain", "")) for o in shown) < 10_000
