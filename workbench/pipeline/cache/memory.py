"""Images that stay in memory once they were made, shared by forked processes."""

from __future__ import annotations

import math
import mmap
import os
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.pipeline.sources.arrays import Images, Rows


class Held:
    """Room for images, each put there when it is first made.

    At the first touch, not up front: the first batch comes at once, samples that are never asked
    for (another subset's) take neither time nor memory, and workers share the decoding between
    them. The room is shared memory, reserved when this is made and backed by the system as it
    fills: what one forked worker process has decoded, the others and later epochs find. A process
    that is spawned gets an empty one of its own; `HeldOnDisk` reaches those too.

    Safe to use from many threads and processes: whoever reads the same file writes the same pixels.

    Args:
        count: Images.
        shape: Of one.
        dtype: Of its pixels.
        setting: What asks for it, for the error.

    Raises:
        MemoryError: If that is more than this machine's memory.
    """

    def __init__(
        self, count: int, shape: tuple[int, ...], dtype: np.dtype[Any], setting: str
    ) -> None:
        self._made_of = count, shape, dtype, setting
        need = memory_needed(count, shape, dtype)
        if need > _machine_memory():
            raise MemoryError(
                f"{setting} needs {need / 1e9:.1f} GB for {count} images of "
                f"shape {shape}, {dtype}; this machine has {_machine_memory() / 1e9:.1f} GB. "
                "Choose another, or a smaller image_size"
            )
        self._pixels = _shared((count, *shape), dtype)
        self._there = _shared((count,), np.dtype(bool))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._made_of

    def get(self, row: int) -> Images | None:
        """The image of a row, or None if it was not put there yet."""
        return self._pixels[row] if self._there[row] else None

    def take(self, rows: Rows) -> Images | None:
        """Copies of the images of these rows, or None unless all were put there."""
        return self._pixels[rows] if self._there[rows].all() else None

    def put(self, row: int, image: Images) -> None:
        """Keep the image of a row."""
        self._pixels[row] = image
        self._there[row] = True  # after its pixels: others may look at any moment


def memory_needed(count: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    """Bytes that `Held` takes once all images are there."""
    return count * math.prod(shape) * dtype.itemsize


def _shared(shape: tuple[int, ...], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    room = mmap.mmap(-1, max(1, math.prod(shape) * dtype.itemsize))
    return np.frombuffer(room, dtype, math.prod(shape)).reshape(shape)


def _machine_memory() -> float:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return math.inf  # no way to ask on this platform; allocating will tell
