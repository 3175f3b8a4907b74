"""Whether a file is the user's own code or a library's."""

from __future__ import annotations

import os
import site
import sys
import sysconfig
from functools import cache
from importlib import metadata
from pathlib import Path

WORKBENCH = Path(__file__).parent
GENERATORS = ("pipeline", "article")  # subpackages whose code is profiled like the user's
# Replaces `sys.stdout` while a user's loader runs, so it is part of the lines that print.
CAPTURED_OUTPUT = WORKBENCH / "isolation" / "capture_output.py"
# The package of code that Python generates itself, which has no source.
NO_SOURCE = "python"


@cache
def package_of(file: str) -> str | None:
    """The library that a file belongs to, by its import name; None for the user's own code.

    The workbench's generators count as the user's code, the rest of the workbench never does,
    wherever it is installed.
    """
    path = Path(file)
    if path.is_relative_to(WORKBENCH):
        if path == CAPTURED_OUTPUT:
            return NO_SOURCE
        is_generator = any(path.is_relative_to(WORKBENCH / name) for name in GENERATORS)
        return None if is_generator else "workbench"
    if file.startswith(("<frozen", "<string", "<__array")):
        return NO_SOURCE
    for folder in _library_folders():
        if path.is_relative_to(folder):
            return _import_name(path, folder)
    # Installed elsewhere: through PYTHONPATH, a .pth file or pip's `--target`.
    for folder in map(os.path.abspath, sys.path):
        if path.is_relative_to(folder) and path != Path(folder):
            name = _import_name(path, folder)
            if name in _installed_names(folder):
                return name
    return None


def is_user_file(file: str) -> bool:
    """Whether a file holds the user's code rather than a library's."""
    return package_of(file) is None


@cache
def _library_folders() -> tuple[str, ...]:
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    folders = {sysconfig.get_path(name) for name in names} | set(site.getsitepackages())
    # site-packages lies within the standard library's folder, so longer paths come first.
    return tuple(sorted({*folders, site.getusersitepackages()}, key=len, reverse=True))


def _import_name(path: Path, folder: str) -> str:
    return path.relative_to(folder).parts[0].removesuffix(".py")


@cache
def _installed_names(folder: str) -> frozenset[str]:
    """Import names of the distributions that are installed in a folder.

    The folder may hold the user's own modules as well. A source tree is not installed, even if it
    has metadata, as an editable one does.
    """
    names: set[str] = set()
    for each in metadata.distributions(path=[folder]):
        if record := each.read_text("RECORD"):
            files = (line.partition(",")[0] for line in record.splitlines())
            names.update(file.partition("/")[0].removesuffix(".py") for file in files)
        elif each.read_text("installed-files.txt") or not each.read_text("SOURCES.txt"):
            top_level = each.read_text("top_level.txt")
            names.update(top_level.split() if top_level else [each.name])
    return frozenset(names)
