"""Positions of open files, which a process shares with those that it forks."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

FOLDER = Path("/dev/fd")  # on Linux and macOS


def positions() -> dict[int, int]:
    """The position of each regular file that is open for reading, by its descriptor.

    Files that output goes to are left out.
    """
    found: dict[int, int] = {}
    outputs = [_inode(descriptor) for descriptor in (1, 2)]
    for entry in FOLDER.iterdir() if FOLDER.exists() else ():
        descriptor = int(entry.name)
        with suppress(OSError):  # closed by now
            regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
            if regular and _is_readable(descriptor) and _inode(descriptor) not in outputs:
                found[descriptor] = os.lseek(descriptor, 0, os.SEEK_CUR)
    return found


def _is_readable(descriptor: int) -> bool:
    import fcntl  # not on Windows, which has no such folder

    return fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE != os.O_WRONLY


def name_of(descriptor: int) -> str:
    """The path of an open file."""
    with suppress(OSError):
        return str((FOLDER / str(descriptor)).readlink())
    return f"descriptor {descriptor}"


def _inode(descriptor: int) -> tuple[int, int] | None:
    try:
        found = os.fstat(descriptor)
    except OSError:
        return None
    return found.st_dev, found.st_ino
