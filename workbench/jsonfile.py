"""Read and write JSON files with a format name and a version.

Writing is atomic and never overwrites a file of another format.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from workbench.distribution import UPDATE


def claim(path: str | os.PathLike[str], form: str) -> Path:
    """Check that a file of this format may be written, and return its path.

    Raises:
        FileExistsError: If the file exists and has another format.
        FileNotFoundError: If the folder does not exist.
        ValueError: If the name does not end in .json.
    """
    target = Path(path).expanduser()
    if target.suffix != ".json":
        raise ValueError(f"path: expected a file name ending in .json. Received: {str(path)!r}")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"No such folder: {target.parent}")
    if target.exists() and not _is_ours(target, form):
        raise FileExistsError(
            f"{target} exists and is not a {form} file: left as it is. Choose another name"
        )
    return target


def read(
    file: Path, form: str, newest: int, error_type: type[ValueError] = ValueError
) -> dict[str, Any]:
    """Read a file of this format, checking its format and version.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it has another format or a version above `newest`. `error_type` is raised.
    """
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FileNotFoundError(f"No such file: {file}") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise error_type(f"{file}: broken JSON: {error}") from None
    if not isinstance(values, dict) or values.get("format") != form:
        raise error_type(f'{file}: not a {form} file (no "format": "{form}")')
    version = values.get("version")
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise error_type(f"{file}: version: expected {newest}. Received: {version!r}")
    if version > newest:
        raise error_type(
            f"{file}: written by a newer workbench (version {version}; this one reads {newest}). "
            f"Update with: {UPDATE}"
        )
    return values


def replace(target: Path, text: str) -> None:
    """Write a file atomically: a reader never sees half of it."""
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(target)) from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _is_ours(file: Path, form: str) -> bool:
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, OSError):
        return False
    return isinstance(values, dict) and values.get("format") == form
