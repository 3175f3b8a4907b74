"""Images that stay on disk once they were made, shared by worker processes; nothing is left."""

from __future__ import annotations

import mmap
import os
import shutil
import sys
import tempfile
import weakref
from errno import ENOSPC
from io import FileIO
from multiprocessing import reduction
from multiprocessing.context import get_spawning_popen
from typing import Any

import numpy as np

from workbench.pipeline.cache.memory import Held, memory_needed
from workbench.pipeline.sources.arrays import Images

# Windows has none. There a file has all its blocks from the start, and its map is written to.
PWRITE = hasattr(os, "pwrite")
USUAL_FOLDER = "/var/tmp"


class HeldOnDisk(Held):
    """`Held` in a file without a name: the system frees it with the last process that has it open,
    however that ends.

    Read through a map, so that images take page cache, which the system may drop, and no memory of
    a process. Written by calls: a full disk is an error there, while through a map it kills the
    process. Blocks are taken as images are put, not up front: a panel makes a room for each
    settings it shows. Behind the pixels stands one byte for each image, whether it is there.

    Processes that are forked or spawned share the file; other pickled copies get one of their own.

    Args:
        count: Images.
        shape: Of one.
        dtype: Of its pixels.
        setting: What asks for it, for the error.
        file: The one of another process; closed with this.

    Raises:
        OSError: If the disk has less room than that, or no file can be made there; from `put`, if
            it has been filled by others since.
    """

    def __init__(
        self,
        count: int,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        setting: str,
        file: FileIO | None = None,
    ) -> None:
        self._made_of = count, shape, dtype, setting
        size = memory_needed(count, shape, dtype)
        self._file = file or _new_file(size + count, setting)
        weakref.finalize(self, self._file.close)
        access = mmap.ACCESS_READ if PWRITE else mmap.ACCESS_WRITE
        room = mmap.mmap(self._file.fileno(), size + count, access=access)
        self._pixels = np.frombuffer(room, dtype, size // dtype.itemsize).reshape(count, *shape)
        self._there = np.frombuffer(room, bool, count, offset=size)

    def __reduce__(self) -> tuple[Any, ...]:
        if sys.platform != "win32" and get_spawning_popen() is not None:
            return _joined, (self._made_of, reduction.DupFd(self._file.fileno()))
        return super().__reduce__()

    def put(self, row: int, image: Images) -> None:
        """Keep the image of a row."""
        if not PWRITE:
            super().put(row, image)
            return
        pixels = image.astype(self._pixels.dtype, copy=False).tobytes()
        self._write(pixels, row * len(pixels))
        self._write(b"\1", self._pixels.nbytes + row)  # after its pixels, as in memory

    def _write(self, data: bytes, start: int) -> None:
        try:
            while data:
                done = os.pwrite(self._file.fileno(), data, start)
                data, start = data[done:], start + done
        except OSError as error:
            raise _refused(self._made_of[-1], disk_folder(), error) from error


def disk_folder() -> str:
    """Where the files are made: in the environment's TMPDIR, or in /var/tmp if there is one.

    Not in /tmp, Python's own choice: on many systems that is in memory.
    """
    usual = USUAL_FOLDER if os.access(USUAL_FOLDER, os.W_OK) else tempfile.gettempdir()
    return os.environ.get("TMPDIR") or usual


def _new_file(size: int, setting: str) -> FileIO:
    folder = disk_folder()
    try:
        free = shutil.disk_usage(folder).free
        if size > free:
            room = f"{size / 1e9:.3g} GB needed, {free / 1e9:.3g} GB free"
            raise OSError(ENOSPC, room)
        with tempfile.TemporaryFile(buffering=0, dir=folder) as made:
            made.truncate(size)
            return FileIO(os.dup(made.fileno()), "r+")
    except OSError as error:
        raise _refused(setting, folder, error) from error


def _joined(
    made_of: tuple[int, tuple[int, ...], np.dtype[Any], str], descriptor: Any
) -> HeldOnDisk:
    """In a spawned process: what its parent has sent, a `DupFd`, opens the parent's file."""
    return HeldOnDisk(*made_of, FileIO(descriptor.detach(), "r+"))


def _refused(setting: str, folder: str, error: OSError) -> OSError:
    return OSError(
        error.errno,
        f"{setting} on disk, in {folder}: {error.strerror}. Make room there, set TMPDIR to "
        "another folder, or keep less",
    )
