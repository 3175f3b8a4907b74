"""Notice that a file has changed while it is mapped into memory.

Reading a page beyond the end of a file that was cut kills the process (SIGBUS).
"""

from __future__ import annotations

import mmap
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

Stamp = tuple[int, int, int]


def stamp(path: str | os.PathLike[str]) -> Stamp:
    """Inode, size and time of the last change: which file a path names, in which state."""
    found = os.stat(path)  # noqa: PTH116 (for each batch)
    return found.st_ino, found.st_size, found.st_mtime_ns


@dataclass(frozen=True)
class MappedFile:
    """The file that an array is mapped from.

    Attributes:
        path: The file, which may be replaced by rename: the map keeps the old one.
        memory: The map, which knows the present size of its own file; None in a pickled copy, whose
            array is in memory.
        opened: The file's stamp when it was opened.
    """

    path: Path
    memory: mmap.mmap | None
    opened: Stamp

    @classmethod
    def of(cls, array: Any) -> Self | None:
        """The file that an array, or the array that it is a view of, is mapped from."""
        name: Path | None = None
        while isinstance(array, np.ndarray):
            name = getattr(array, "filename", None) or name
            array = array.base
        if name is None or not isinstance(array, mmap.mmap):
            return None
        try:
            opened = stamp(name)
        except OSError:
            opened = -1, array.size(), -1  # deleted; the map keeps it
        return cls(Path(name), array, opened)

    def __reduce__(self) -> tuple[Any, ...]:
        return MappedFile, (self.path, None, self.opened)

    def check(self) -> None:
        """Check that the file is as it was.

        Raises:
            ValueError: If it was overwritten or cut.
        """
        if self.memory is None:
            return
        inode, size, changed = self.opened
        try:
            now = stamp(self.path)
        except OSError:
            now = self.opened  # moved away; the map keeps it
        if self.memory.size() < size or (now[0] == inode and now[1:] != (size, changed)):
            raise changed_error(self.path)


def mapped_files(*arrays: Any) -> tuple[MappedFile, ...]:
    """The files that any of these arrays are mapped from."""
    return tuple(file for file in map(MappedFile.of, arrays) if file is not None)


def changed_error(path: Path) -> ValueError:
    """The error for a file that is no longer what was opened."""
    return ValueError(
        f"{path}: changed while it was in use. Open the data again. To replace the file safely, "
        f"write another one and rename it: os.replace(new, {path.name!r})"
    )
