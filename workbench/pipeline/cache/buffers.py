"""Memory that is used again for batch after batch."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt


class Room:
    """Lends arrays for what is needed while a batch is made, and keeps their memory for the next.

    The system clears fresh memory page by page at the first touch, which of a large batch takes
    about as long as copying the images there.

    Safe to use from many threads: each has an array to itself. What is kept is as much as was lent
    at one time.
    """

    def __init__(self) -> None:
        self._free: list[npt.NDArray[np.uint8]] = []

    def __reduce__(self) -> tuple[Any, ...]:
        return Room, ()  # what it keeps is worth nothing elsewhere

    @contextmanager
    def lend(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Iterator[npt.NDArray[Any]]:
        """An array of any content, until the block ends."""
        need = math.prod(shape) * dtype.itemsize
        try:
            memory = self._free.pop()
        except IndexError:
            memory = np.empty(need, np.uint8)
        if memory.size < need:
            memory = np.empty(need, np.uint8)
        try:
            yield memory[:need].view(dtype).reshape(shape)
        finally:
            self._free.append(memory)
