"""Notebook 02 run as a user runs it: what it measures points where we say it does.

Directions and crossovers, no absolute times. One busy moment is allowed for: a claim that does not
hold is measured once more.
"""

from __future__ import annotations

import json
import sys
import time
from functools import lru_cache

import nbformat
import pytest
from nbclient import NotebookClient

from tests.conftest import ROOT
from workbench.measure.race import Entrant, Race, Races

pytestmark = pytest.mark.timeout(400)

NOTEBOOK = ROOT / "notebooks/02_three_fixes_measured.ipynb"
RESULTS = ("augmenting", "scaling", "opening", "reading", "epochs")
TELL = f"""
import json, sys, time
results = {{name: globals()[name].to_dict() for name in {RESULTS}}}
print("RESULTS", json.dumps([sys.executable, time.process_time(), results]))
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Runs the notebook: seconds it took, its outputs, and its races by the names they have."""
    patch = pytest.MonkeyPatch()
    # The "python3" of this environment, and not one that is set up for the user.
    patch.setenv("JUPYTER_DATA_DIR", str(tmp_path_factory.mktemp("data")))
    patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
    patch.setenv("PYTHONPATH", str(ROOT))
    yield lru_cache(_run)
    patch.undo()


def _run(attempt):
    book = nbformat.read(NOTEBOOK, as_version=4)
    book.cells.append(nbformat.v4.new_code_cell(TELL))
    client = NotebookClient(
        book, timeout=180, kernel_name="python3", resources={"metadata": {"path": NOTEBOOK.parent}}
    )
    began = time.perf_counter()
    client.execute()
    took = time.perf_counter() - began
    *cells, told = [cell for cell in book.cells if cell.cell_type == "code"]
    text = "".join(output.text for output in told.outputs if output.get("name") == "stdout")
    executable, busy, results = json.loads(text.removeprefix("RESULTS "))
    assert executable == sys.executable
    outputs = [output for cell in cells for output in cell.outputs]
    # Others on the machine make it wait; alone it would take no longer than its processor time.
    return min(took, busy), outputs, {name: _races(cases) for name, cases in results.items()}


def _races(cases):
    """From `to_dict` back to what it was."""
    return Races({case: _race(**value) for case, value in cases.items()})


def _race(entrants, **rest):
    return Race(tuple(Entrant(**{**e, "seconds": tuple(e["seconds"])}) for e in entrants), **rest)


def held(run, claim):
    """The claim holds for one run of two."""
    try:
        claim(*run(0))
    except AssertionError:
        claim(*run(1))


def medians(races, name):
    return {case: races[case].times_as_fast(name).median for case in races}


def test_it_runs_in_a_minute(run):
    held(run, lambda took, outputs, results: _below(took, 60))


def _below(value, limit):
    assert value < limit


def test_every_result_shows_as_html_and_as_text_and_nothing_is_printed_beside(run):
    _, outputs, _ = run(0)
    shown = [output for output in outputs if output.output_type == "display_data"]
    assert len(shown) == 9, "five tables and four charts"
    for output in shown:
        assert "alternation" in output.data["text/plain"]
        assert ("<svg" in output.data["text/html"]) != ("<table" in output.data["text/html"])
    others = [o for o in outputs if o.output_type != "display_data"]
    assert all(output.get("name") == "stderr" for output in others), others


def test_flow_is_no_batch_operation_and_one_warp_for_each_image_pays(run):
    def claim(took, outputs, results):
        augmenting = results["augmenting"]
        assert max(medians(augmenting, "flow per batch").values()) < 3
        assert min(medians(augmenting, "opencv").values()) > 4
        assert min(medians(augmenting, "tensorflow_batch").values()) > 1

    held(run, claim)


def test_vectorizing_pays_for_small_samples_and_not_for_large_ones(run):
    def claim(took, outputs, results):
        vectorized = medians(results["scaling"], "vectorized")
        blocked = medians(results["scaling"], "cache_blocked")
        for dtype in ("float32", "uint8"):
            assert vectorized[f"64 features {dtype}"] > 4
            assert vectorized[f"64 features {dtype}"] > 2 * vectorized[f"64×64×3 {dtype}"]
            assert vectorized[f"224×224×3 {dtype}"] < 1.25
        # The best of both at both ends, but for a twentieth of a millisecond and the noise.
        for case, factor in blocked.items():
            assert factor > 0.75 * max(1, vectorized[case]), case

    held(run, claim)


def test_a_memory_map_opens_at_once_and_takes_a_tenth_of_the_memory(run):
    def claim(took, outputs, results):
        _, large = results["opening"].races.values()
        assert large["memory map"].peak_bytes < large["np.load"].peak_bytes / 10
        assert large["np.load"].peak_bytes > 0.9 * large["Python lists"].peak_bytes
        faster = large.times_as_fast("memory map").median / large.times_as_fast("np.load").median
        assert faster > 3

    held(run, claim)


def test_what_a_fix_does_to_a_step_is_not_what_it_does_to_an_epoch(run):
    def claim(took, outputs, results):
        ours = medians(results["epochs"], "ours")
        assert ours["augment: step"] > ours["augment: batch"] > ours["augment: epoch"]
        assert ours["all three: epoch"] > 1.15
        for fix in ("read", "normalize"):
            assert ours[f"{fix}: step"] > 1.1
            assert ours[f"{fix}: batch"] < 1.3

    held(run, claim)
