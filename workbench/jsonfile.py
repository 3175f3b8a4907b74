"""Read and write JSON files with a format name and a version.

Writing is atomic and never overwrites a file of another format.
"""

from __future__ import annotations

import json
import os
import stat
import tempfile
from pathlib import Path
from typing import Any

from workbench.distribution import UPDATE
from workbench.printable import invalid_unicode
from workbench.regular_file import other_kind


def file_at(path: str | os.PathLike[str]) -> Path:
    """The file that a path names, without `~`.

    Raises:
        ValueError: If no file can have this name, or there is no such user.
    """
    try:
        file = Path(path).expanduser()
    except RuntimeError:
        raise ValueError(f"path: no home folder is known for {str(path)!r}") from None
    try:
        nameable = b"\0" not in os.fsencode(file)
    except UnicodeEncodeError:
        nameable = False
    if not nameable:
        raise ValueError(f"path: no file can have this name. Received: {str(path)!r}")
    return file


def link_target(file: Path) -> Path:
    """The file that a link leads to; a file that is no link."""
    return Path(os.path.realpath(file)) if file.is_symlink() else file


def claim(path: str | os.PathLike[str], form: str) -> Path:
    """Check that a file of this format may be written, and return its path; a link's target.

    Raises:
        FileExistsError: If the file exists and has another format.
        FileNotFoundError: If the folder does not exist.
        ValueError: If the name does not end in .json, or cannot be a file's.
    """
    target = file_at(path)
    if target.suffix != ".json":
        raise ValueError(f"path: expected a file name ending in .json. Received: {str(path)!r}")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"No such folder: {target.parent}")
    if target.exists() and not _is_ours(target, form):
        raise FileExistsError(
            f"{target} exists and is not a {form} file: left as it is. Choose another name"
        )
    return link_target(target)


def read(
    file: Path, form: str, newest: int, error_type: type[ValueError] = ValueError
) -> dict[str, Any]:
    """Read a file of this format, checking its format and version.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it has another format or a version above `newest`. `error_type` is raised.
    """
    try:
        values = _parsed(file)
    except FileNotFoundError:
        raise FileNotFoundError(f"No such file: {file}") from None
    except ValueError as error:
        raise error_type(f"{file}: {error}") from None
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
    """Write a file atomically: a reader never sees half of it. An existing file keeps its mode.

    Raises:
        OSError: If the file cannot be written.
        ValueError: If the text holds a lone surrogate.
    """
    try:
        content = text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{target}: {invalid_unicode(error)}") from None
    mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o644
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(target)) from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(mode)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _is_ours(file: Path, form: str) -> bool:
    try:
        values = _parsed(file)
    except (ValueError, OSError):
        return False
    return isinstance(values, dict) and values.get("format") == form


def _parsed(file: Path) -> Any:
    """The values of any JSON file.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If it is not a regular file, or its JSON is broken or out of Python's limits.
    """
    kind = other_kind(file)
    if kind:
        raise ValueError(f"expected a JSON file. Received: {kind}")
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
        json.dumps(values)  # as callers do, which nesting may prevent as well
    except RecursionError:
        raise ValueError("broken JSON: nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"broken JSON: {error}") from None
    return values
