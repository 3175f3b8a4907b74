"""Line profiles on the other Pythons of this machine; 3.12 tells of lines in another way."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.pipeline.batch_digest import digest

VERSIONS = ("3.11", "3.12", "3.13")
OTHERS = [v for v in VERSIONS if v != f"{sys.version_info.major}.{sys.version_info.minor}"]
# What `test_lines` needs; TensorFlow, which takes a minute to install, is not among it.
NEEDED = ("numpy", "opencv-python-headless", "pydantic", "line-profiler", "psutil", "pytest")


def interpreter(version):
    """A Python of this version: on the path, or where pyenv keeps them."""
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = [shutil.which(f"python{version}"), *sorted(kept.glob(f"{version}.*/bin/python"))]
    check = "import sys, venv; print('%d.%d' % sys.version_info[:2])"
    for python in filter(None, found):
        # pyenv leaves stubs on the path, for versions that are not switched on.
        run = subprocess.run([python, "-c", check], capture_output=True, text=True, check=False)
        if run.stdout.strip() == version:
            return str(python)
    return None


def environment(version):
    """The Python of a virtual environment of this version, kept between runs of the tests."""
    python = interpreter(version)
    if python is None:
        pytest.skip(f"there is no Python {version} on this machine")
    folder = ROOT / ".venv" / "pythons" / version
    own = folder / "bin" / "python"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = project["dependencies"] + extras["lab"] + extras["test"]
    packages = [w for w in wanted if w.split(">")[0] in (*NEEDED, "pytest-timeout", "hypothesis")]
    done = folder / "installed"
    if not done.exists() or done.read_text() != "\n".join(packages):
        subprocess.run([python, "-m", "venv", "--clear", folder], check=True)
        install = [own, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages]
        subprocess.run(install, check=True, capture_output=True)
        done.write_text("\n".join(packages))
    return str(own)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("which", ["not alone", pytest.param("alone", marks=pytest.mark.alone)])
@pytest.mark.parametrize("version", OTHERS)
def test_line_profiles_are_true_on_the_other_pythons(version, which):
    python = environment(version)
    files = (
        str(ROOT / "tests" / name) for name in ("measure/test_lines.py", "loaders/test_streams.py")
    )
    tests = ["-m", which, "-k", "not spawned", *files]
    command = [python, "-m", "pytest", "-o", "addopts=", "-p", "no:cacheprovider", *tests]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=500, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert " passed" in done.stdout


@pytest.mark.timeout(600)
@pytest.mark.parametrize("version", OTHERS)
def test_batches_are_the_same_bytes_on_the_other_pythons(version):
    command = [environment(version), "-m", "tests.pipeline.batch_digest"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == digest()
