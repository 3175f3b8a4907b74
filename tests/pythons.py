"""The other Pythons of this machine, each with what a line profile needs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
VERSIONS = ("3.11", "3.12", "3.13")
OTHERS = [v for v in VERSIONS if v != f"{sys.version_info.major}.{sys.version_info.minor}"]
# What `test_lines` needs; TensorFlow, which takes a minute to install, is not among it.
NEEDED = ("numpy", "opencv-python-headless", "pydantic", "line-profiler", "psutil", "pytest")


def interpreter(version):
    """A Python of this version: on the path, or where pyenv keeps them; None if there is none."""
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = [shutil.which(f"python{version}"), *sorted(kept.glob(f"{version}.*/bin/python"))]
    check = "import sys, venv; print('%d.%d' % sys.version_info[:2])"
    for python in filter(None, found):
        # pyenv leaves stubs on the path, for versions that are not switched on.
        run = subprocess.run(
            [str(python), "-c", check], capture_output=True, text=True, check=False
        )
        if run.stdout.strip() == version:
            return str(python)
    return None


def environment(version):
    """The Python of a virtual environment of this version, kept between runs; None without one."""
    python = interpreter(version)
    if python is None:
        return None
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
