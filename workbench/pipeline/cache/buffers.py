"""Reusable memory for reading batch after batch."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt


class Buffers:
    """Arrays that are borrowed while a batch is made, and reused for the next.

    The system clears fresh memory at the first touch of each page, which takes about as long as
    copying the images of a large batch.

    Thread-safe: each thread borrows an array of its own. As many stay allocated as were ever
    borrowed at the same time.
    """

    def __init__(self) -> None:
        self._free: list[npt.NDArray[np.uint8]] = []

    def __reduce__(self) -> tuple[Any, ...]:
        return Buffers, ()  # the contents are of no use to another process

    @contextmanager
    def borrow(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Iterator[npt.NDArray[Any]]:
        """An uninitialized array, for the duration of the `with` block."""
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
