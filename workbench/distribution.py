"""The name, version and installation of the distribution, whose name on PyPI is not the package's.

Imports no other module of the package.
"""

from __future__ import annotations

import tomllib
from importlib import metadata
from pathlib import Path

NAME = "generator-workbench"
INSTALL = f"pip install '{NAME}[lab]'"
UPDATE = f"pip install --upgrade {NAME}"


def version() -> str:
    """The installed version; in a source tree that is not installed, that of pyproject.toml."""
    try:
        return metadata.version(NAME)
    except metadata.PackageNotFoundError:
        pyproject = Path(__file__).parents[1] / "pyproject.toml"
        return str(tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]["version"])
