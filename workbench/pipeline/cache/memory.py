"""A cache of images in memory that forked processes share."""

from __future__ import annotations

import math
import mmap
import os
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.pipeline.sources.arrays import Images, Rows


class MemoryCache:
    """Images that are stored when they are first made.

    Filled as images are used: the first batch comes at once, unused samples (those of another
    subset) take neither time nor memory, and workers share the decoding. The memory is shared, and
    the system allocates it as it fills, so forked worker processes and later epochs find what one
    process has decoded. A spawned process gets an empty cache of its own; only `DiskCache` is
    shared with it.

    Safe for threads and processes: all of them write the same pixels for an image.

    Args:
        count: Number of images.
        shape: Shape of an image.
        dtype: Type of its pixels.
        setting: The setting to name in an error.

    Raises:
        MemoryError: If the images need more memory than this machine has.
    """

    def __init__(
        self, count: int, shape: tuple[int, ...], dtype: np.dtype[Any], setting: str
    ) -> None:
        self._arguments = count, shape, dtype, setting
        need = memory_needed(count, shape, dtype)
        if need > _machine_memory():
            raise MemoryError(
                f"{setting} needs {need / 1e9:.1f} GB for {count} images of "
                f"shape {shape}, {dtype}; this machine has {_machine_memory() / 1e9:.1f} GB. "
                "Choose another setting, or a smaller image_size"
            )
        self._pixels = _shared_array((count, *shape), dtype)
        self._stored = _shared_array((count,), np.dtype(bool))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._arguments

    def get(self, row: int) -> Images | None:
        """The image of a row, or None if it is not stored yet."""
        return self._pixels[row] if self._stored[row] else None

    def take(self, rows: Rows) -> Images | None:
        """Copies of the images of these rows, or None unless all are stored."""
        return self._pixels[rows] if self._stored[rows].all() else None

    def put(self, row: int, image: Images) -> None:
        """Store the image of a row."""
        self._pixels[row] = image
        self._stored[row] = True  # after the pixels: others may read at any moment


def memory_needed(count: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    """Bytes that a full cache takes."""
    return count * math.prod(shape) * dtype.itemsize


def _shared_array(shape: tuple[int, ...], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    memory = mmap.mmap(-1, max(1, math.prod(shape) * dtype.itemsize))
    return np.frombuffer(memory, dtype, math.prod(shape)).reshape(shape)


def _machine_memory() -> float:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return math.inf  # unknown on this platform: allocating may fail
