"""Recognize paths that must not be read: a pipe or a device may block, or never end."""

from __future__ import annotations

import os
import stat

KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


def other_kind(path: str | os.PathLike[str]) -> str:
    """What a path leads to if that is no regular file, such as "a named pipe".

    Empty for a regular file, and for a path that leads nowhere: opening it reports why.
    """
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 (for each image of each batch)
    except (OSError, ValueError):
        return ""
    return KINDS.get(stat.S_IFMT(mode), "")
