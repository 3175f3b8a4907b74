"""Summary of repeated measurements: median and quartiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np


@dataclass(frozen=True)
class Summary:
    """A measured figure.

    Attributes:
        low: First quartile.
        median: Median.
        high: Third quartile.
        n: Number of measurements.
    """

    low: float
    median: float
    high: float
    n: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """The summary of at least one value."""
        low, median, high = map(float, np.percentile(values, (25, 50, 75)))
        return cls(low, median, high, len(values))

    @property
    def iqr(self) -> float:
        """Interquartile range."""
        return self.high - self.low

    def times(self, factor: float) -> Summary:
        """The same figure in another unit."""
        return Summary(self.low * factor, self.median * factor, self.high * factor, self.n)
