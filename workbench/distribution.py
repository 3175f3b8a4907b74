"""The name, version and installation of the distribution, whose name on PyPI is not the package's.

Imports no other module of the package.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

NAME = "generator-workbench"
INSTALL = f"pip install '{NAME}[lab]'"
# What the `lab` extra brings, by import name, as far as measuring and drawing need it.
LAB = ("IPython", "anywidget", "ipywidgets", "line_profiler", "matplotlib", "pygments", "traitlets")
UPDATE = f"pip install --upgrade {NAME}"


@contextmanager
def needs_lab() -> Iterator[None]:
    """Say how to install what is missing, where that is part of the `lab` extra.

    Raises:
        ImportError: In place of a ModuleNotFoundError.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in LAB:
            raise
        text = f"This requires the {package!r} package. Install it with: {INSTALL}"
        raise ImportError(text) from error


def version() -> str:
    """The installed version; in a source tree that is not installed, that of pyproject.toml."""
    try:
        return metadata.version(NAME)
    except metadata.PackageNotFoundError:
        pyproject = Path(__file__).parents[1] / "pyproject.toml"
        return str(tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]["version"])
