"""Runs notebooks as a user runs them, and asks them for what they have found."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import nbformat
from nbclient import NotebookClient

from workbench.measure.race import Entrant, Race, Races

ROOT = Path(__file__).parents[1]
THREE_FIXES = ROOT / "notebooks/02_three_fixes_measured.ipynb"
RESULTS = ("augmenting", "scaling", "opening", "reading", "epochs")
TELL_RACES = f"told = {{name: globals()[name].to_dict() for name in {RESULTS}}}"

OWN = ROOT / "notebooks/03_your_own_generator.ipynb"
# Keras's own iterator, made anew and asked for a batch, is what `wb.faster` is compared with.
TELL_OWN = """
import threading, psutil
panel.close()
scans = dict(directory="../sample_data/scans", target_size=(224, 224), class_mode="binary", seed=42)
keras_images, keras_labels = next(generator.flow_from_directory(**scans))
fast_images, fast_labels = next(wb.faster(generator.flow_from_directory(**scans)))
told = {
    "hot": before.to_dict()["hot"],
    "functions": [function.name for function in before.functions],
    "advice": [
        [a.code_before, a.instead, a.difference.most, a.ratio.low] for a in advice
    ],
    "race": race.to_dict(),
    "repeats": {name: found.found for name, found in repeats.items()},
    "white": [int((data[0][0].min(axis=(1, 2, 3)) == 1).sum()) for data in (slow, mended)],
    "dtypes": [data[0][0].dtype.name for data in (slow, mended)],
    "workers": [workers.ok, str(workers)],
    "losses": [history.history["loss"], old_script.history["loss"]],
    "batches": len(wb.load("mended_scans.json").dataset(factory=MendedScans)),
    "holds": [train.report.holds, comparison.same_labels, comparison.ratio.median],
    "apart": float(abs(fast_images - keras_images).max()) * 255,
    "spread": float(keras_images.std()) * 255,
    "same_labels": bool((fast_labels == keras_labels).all()),
    "left": [t.name for t in threading.enumerate() if t.name.startswith("workbench")]
    + [child.name() for child in psutil.Process().children()],
}
"""


@contextmanager
def own_kernel(folder: Path) -> Iterator[None]:
    """The "python3" of this environment, and not one that is set up for the user."""
    names = ("JUPYTER_DATA_DIR", "IPYTHONDIR")
    variables = {name: str(folder / name.lower()) for name in names}
    with patch.dict("os.environ", {**variables, "PYTHONPATH": str(ROOT)}):
        yield


def run_three_fixes(change: Callable[[str], str] = str) -> tuple[float, list[Any], dict[str, Any]]:
    """Run notebook 02: seconds it took, its outputs, its races by name."""
    took, outputs, results = execute(THREE_FIXES, TELL_RACES, change)
    return took, outputs, {name: _races(cases) for name, cases in results.items()}


def run_own(
    root: Path, change: Callable[[str], str] = str
) -> tuple[float, list[Any], dict[str, Any]]:
    """Run notebook 03 in a copy of its folder: seconds it took, outputs, results."""
    (root / "sample_data").symlink_to(ROOT / "sample_data")
    (root / "notebooks").mkdir()
    shutil.copy(OWN, root / "notebooks")
    took, outputs, told = execute(root / "notebooks" / OWN.name, TELL_OWN, change)
    files = {file.name: file.read_text() for file in (root / "notebooks").iterdir()}
    return took, outputs, {**told, "files": files}


def execute(
    notebook: Path, tell: str, change: Callable[[str], str]
) -> tuple[float, list[Any], dict[str, Any]]:
    """Run all cells, and code that puts what is asked into `told`, which JSON can hold.

    Args:
        notebook: Its folder is where it runs.
        tell: That code.
        change: What to do to the source of each cell.
    """
    book = nbformat.read(notebook, as_version=4)
    for cell in book.cells:
        cell.source = change(cell.source)
    busy = "[sys.executable, time.process_time(), told]"
    book.cells.append(
        nbformat.v4.new_code_cell(
            f"{tell}\nimport json, sys, time\nprint('RESULTS', json.dumps({busy}))"
        )
    )
    client = NotebookClient(
        book, timeout=180, kernel_name="python3", resources={"metadata": {"path": notebook.parent}}
    )
    began = time.perf_counter()
    client.execute()
    took = time.perf_counter() - began
    *cells, last = [cell for cell in book.cells if cell.cell_type == "code"]
    text = "".join(output.text for output in last.outputs if output.get("name") == "stdout")
    executable, busy, results = json.loads(text.partition("RESULTS ")[2])
    assert executable == sys.executable
    outputs = [output for cell in cells for output in cell.outputs]
    # Others on the machine make it wait; alone it would take no longer than its processor time.
    return min(took, busy), outputs, results


def _races(cases: dict[str, Any]) -> Races:
    """From `to_dict` back to what it was."""
    return Races({case: race_of(**value) for case, value in cases.items()})


def race_of(entrants: list[dict[str, Any]], **rest: Any) -> Race:
    """The same of one race."""
    return Race(tuple(Entrant(**{**e, "seconds": tuple(e["seconds"])}) for e in entrants), **rest)
