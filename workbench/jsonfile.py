"""Our JSON files: known by their format, written whole or not at all, never over anybody else's."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from workbench.distribution import UPDATE


def claim(path: str | os.PathLike[str], form: str) -> Path:
    """Where to write a file of this format, if that may be.

    Raises:
        FileExistsError: If there is a file of another format.
        FileNotFoundError: If there is no such folder.
        ValueError: If the name does not end in .json.
    """
    target = Path(path).expanduser()
    if target.suffix != ".json":
        raise ValueError(f"path: expected a file name ending in .json. Received: {str(path)!r}")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"No such folder: {target.parent}")
    if target.exists() and not _is_ours(target, form):
        raise FileExistsError(f"{target} exists and is not a {form} file: left as it is")
    return target


def read(
    file: Path, form: str, newest: int, refusal: type[ValueError] = ValueError
) -> dict[str, Any]:
    """What is in a file of this format, its header checked.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: `refusal`, if it is no such file, or newer than `newest`.
    """
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FileNotFoundError(f"No such file: {file}") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise refusal(f"{file}: broken JSON: {error}") from None
    if not isinstance(values, dict) or values.get("format") != form:
        raise refusal(f'{file}: not a {form} file (no "format": "{form}")')
    version = values.get("version")
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise refusal(f"{file}: version: expected {newest}. Received: {version!r}")
    if version > newest:
        raise refusal(
            f"{file}: written by a newer workbench (version {version}; this one reads {newest}). "
            f"Update with: {UPDATE}"
        )
    return values


def replace(target: Path, text: str) -> None:
    """Write all or nothing: a reader never sees half a file."""
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
