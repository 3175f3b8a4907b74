"""A cache of images in an unlinked temporary file that worker processes share."""

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

from workbench.pipeline.cache.memory import MemoryCache, memory_needed
from workbench.pipeline.sources.arrays import Images

# Not on Windows, where a file has all its blocks from the start and is written through its map.
HAS_PWRITE = hasattr(os, "pwrite")
DEFAULT_FOLDER = "/var/tmp"


class DiskCache(MemoryCache):
    """A `MemoryCache` in an unlinked file, which the system frees with the last process that has it
    open, even if that process is killed.

    Reading goes through a memory map: images take page cache, which the system may drop, and no
    memory of the process. Writing does not: a full disk is then an error, while through a map it
    kills the process. Disk blocks are allocated as images are stored, because a panel opens a cache
    for each settings it shows. After the pixels, one byte for each image says whether it is stored.

    Forked and spawned processes share the file; other pickled copies get a file of their own.

    Args:
        count: Number of images.
        shape: Shape of an image.
        dtype: Type of its pixels.
        setting: The setting to name in an error.
        file: File of another process's cache. Defaults to a new one.

    Raises:
        OSError: If the disk has too little space or the file cannot be made; from `put`, if the
            disk has filled up since.
    """

    def __init__(
        self,
        count: int,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        setting: str,
        file: FileIO | None = None,
    ) -> None:
        self._arguments = count, shape, dtype, setting
        size = memory_needed(count, shape, dtype)
        self._file = file or _new_file(size + count, setting)
        weakref.finalize(self, self._file.close)
        access = mmap.ACCESS_READ if HAS_PWRITE else mmap.ACCESS_WRITE
        memory = mmap.mmap(self._file.fileno(), size + count, access=access)
        self._pixels = np.frombuffer(memory, dtype, size // dtype.itemsize).reshape(count, *shape)
        self._stored = np.frombuffer(memory, bool, count, offset=size)

    def __reduce__(self) -> tuple[Any, ...]:
        if sys.platform != "win32" and get_spawning_popen() is not None:
            return _open_shared, (self._arguments, reduction.DupFd(self._file.fileno()))
        return super().__reduce__()

    def put(self, row: int, image: Images) -> None:
        """Store the image of a row."""
        if not HAS_PWRITE:
            super().put(row, image)
            return
        pixels = image.astype(self._pixels.dtype, copy=False).tobytes()
        self._write(pixels, row * len(pixels))
        self._write(b"\1", self._pixels.nbytes + row)  # after the pixels, as in memory

    def _write(self, data: bytes, start: int) -> None:
        try:
            while data:
                written = os.pwrite(self._file.fileno(), data, start)
                data, start = data[written:], start + written
        except OSError as error:
            raise _disk_error(self._arguments[-1], disk_folder(), error) from error


def disk_folder() -> str:
    """The folder of the files: the environment's TMPDIR, or else /var/tmp if there is one.

    Not /tmp, Python's own choice: on many systems it is in memory.
    """
    usual = DEFAULT_FOLDER if os.access(DEFAULT_FOLDER, os.W_OK) else tempfile.gettempdir()
    return os.environ.get("TMPDIR") or usual


def _new_file(size: int, setting: str) -> FileIO:
    folder = disk_folder()
    try:
        free = shutil.disk_usage(folder).free
        if size > free:
            raise OSError(ENOSPC, f"{size / 1e9:.3g} GB needed, {free / 1e9:.3g} GB free")
        with tempfile.TemporaryFile(buffering=0, dir=folder) as file:
            file.truncate(size)
            return FileIO(os.dup(file.fileno()), "r+")
    except OSError as error:
        raise _disk_error(setting, folder, error) from error


def _open_shared(
    arguments: tuple[int, tuple[int, ...], np.dtype[Any], str], descriptor: Any
) -> DiskCache:
    """Open the parent's file in a spawned process, by the `DupFd` that the parent sent."""
    return DiskCache(*arguments, FileIO(descriptor.detach(), "r+"))


def _disk_error(setting: str, folder: str, error: OSError) -> OSError:
    return OSError(
        error.errno,
        f"{setting} on disk, in {folder}: {error.strerror}. Free space there, set TMPDIR to "
        "another folder, or keep fewer",
    )
