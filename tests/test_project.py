"""The files around the code say the same as the code."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib

import cv2
import numpy as np
import pytest

import workbench as wb
from tests.benchmarks.figures import readme_figures
from tests.conftest import ROOT
from workbench import distribution

README = (ROOT / "README.md").read_text()
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_environment_yml_is_in_step_with_pyproject():
    text = (ROOT / "environment.yml").read_text()
    lines = [line.strip().removeprefix("- ") for line in text.splitlines()]
    pip = lines[lines.index("pip:") + 1 :]
    wanted = PYPROJECT["dependencies"] + PYPROJECT["optional-dependencies"]["lab"]
    assert pip == [*wanted, "-e .[lab]"]
    assert f"python{PYPROJECT['requires-python']}" in lines


CORE_ONLY = """
import sys
for name in ("IPython", "anywidget", "ipywidgets", "jupyterlab", "line_profiler", "matplotlib",
             "pygments", "traitlets"):
    sys.modules[name] = None  # importing it raises ModuleNotFoundError
import numpy as np, workbench as wb

class Batches:
    def __len__(self):
        return 4

    def __getitem__(self, index):
        return np.full((2, 3), index, np.float32), np.zeros(2)

for measure in (
    lambda: wb.measure_rate(Batches(), seconds=0.1),
    lambda: wb.check_workers(Batches(), workers=2, use_multiprocessing=False),
    lambda: wb.find_repeats(Batches(), workers=2, use_multiprocessing=False),
    lambda: wb.race({"a": Batches(), "b": Batches()}, seconds=0.1),
):
    str(measure())
for needy in (lambda: wb.profile_lines(Batches()), lambda: wb.advise(Batches())):
    try:
        needy()
    except ImportError as error:
        print(error)
"""


def test_without_the_lab_extra_calls_work_or_say_how_to_install_it():
    done = subprocess.run(
        [sys.executable, "-c", CORE_ONLY], cwd=ROOT, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    hint = "This requires the 'line_profiler' package. Install it with: "
    assert done.stdout.splitlines() == [hint + distribution.INSTALL] * 2


def test_one_version_is_known_everywhere():
    assert wb.__version__ == PYPROJECT["version"]
    changelog = (ROOT / "CHANGELOG.md").read_text()
    assert f"\n## {wb.__version__} - 20" in changelog


def test_errors_name_the_distribution_and_not_the_package():
    assert PYPROJECT["name"] == distribution.NAME
    commands = [
        line
        for file in sorted((ROOT / "workbench").rglob("*.py"))
        for line in file.read_text().splitlines()
        if "pip install" in line and file.name != "distribution.py"
    ]
    assert commands == []


def test_the_readmes_figures_are_the_benchmarks():
    values = json.loads((ROOT / "tests/benchmarks/results.json").read_text())
    shown = README.split("kept true by a test -->\n")[1].split("<!-- end of figures")[0]
    assert shown == readme_figures(values), "run `python -m tests.benchmarks.figures`"


def test_the_readmes_code_runs(tmp_path):
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(blocks) == 3
    code = "\n".join(blocks).replace("epochs=2", "epochs=1, verbose=0")
    code += "\npanel.close()\nprint('trained', train.epoch, len(validation), mine.batch_size)\n"
    (tmp_path / "sample_data").symlink_to(ROOT / "sample_data")
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True,
        timeout=120, check=False, env={"PYTHONPATH": str(ROOT), "PATH": "", "HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "trained 1 2 32"
    assert json.loads((tmp_path / "tuned.json").read_text())["format"] == "workbench"


@pytest.mark.parametrize("notebook", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=str)
def test_notebooks_are_committed_without_outputs(notebook):
    cells = json.loads(notebook.read_text())["cells"]
    assert len(cells) < 12
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells)


def test_the_sample_data_is_what_its_script_makes():
    sys.path.insert(0, str(ROOT / "sample_data"))
    try:
        import make_sample_data as script
    finally:
        sys.path.pop(0)
    for number in (1, 2, 80, 170):
        folder = script.CLASSES[script.label(number)]
        file = ROOT / "sample_data/scans" / folder / f"scan_{number:03d}.png"
        committed = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
        image, label = script.scan(number)
        made = script.encode(image, script.is_sixteen_bit(number))
        assert committed.dtype == made.dtype
        # Another processor's instructions round some pixels the other way.
        assert np.abs(committed.astype(int) - made.reshape(committed.shape)).max() <= 1
        assert label == script.label(number)


def test_the_sample_data_has_the_counts_that_its_readers_expect():
    files = sorted((ROOT / "sample_data/scans").rglob("*.png"))
    depths = [cv2.imread(str(file), cv2.IMREAD_UNCHANGED).dtype.name for file in files]
    assert (depths.count("uint8"), depths.count("uint16")) == (160, 16)
    labels = np.load(ROOT / "sample_data/arrays/labels.npy")
    x = np.load(ROOT / "sample_data/arrays/data.npy", mmap_mode="r")
    assert x.shape == (176, 128, 128, 1)
    assert np.bincount(labels).tolist() == [88, 88]
    assert sum(file.stat().st_size for file in (ROOT / "sample_data").rglob("*.*")) < 10e6
