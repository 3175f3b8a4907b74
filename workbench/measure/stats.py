"""What is said of repeated measurements: the median, and the quartiles around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np


@dataclass(frozen=True)
class Quartiles:
    """A measured figure: its median, the quartiles around it, and from how many values."""

    low: float
    median: float
    high: float
    n: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """Of at least one value."""
        low, median, high = map(float, np.percentile(values, (25, 50, 75)))
        return cls(low, median, high, len(values))

    def times(self, factor: float) -> Quartiles:
        """The same in another unit."""
        return Quartiles(self.low * factor, self.median * factor, self.high * factor, self.n)
