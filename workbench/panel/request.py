"""What a panel's callbacks ask its threads for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Request:
    """What to draw and measure: a snapshot of the controls.

    Attributes:
        generation: Increases with each change, so that stale results are recognized.
        settings: The settings shown: `Settings`, or `FactorySettings` of a user's loader.
        first: Index of the first sample of the picture.
        epoch: Epoch whose draws the picture shows.
        show: What the picture shows: one of `preview.SHOWN`, or a part of the batch.
        in_workers: Whether batches are profiled in workers, instead of the measuring thread.
        libraries: Packages whose lines are profiled too.
        fit: Whether to compute the statistics of the training images, which `settings` lack.
    """

    generation: int
    settings: Any
    first: int = 0
    epoch: int = 0
    show: str = "augmented"
    in_workers: bool = False
    libraries: frozenset[str] = frozenset()
    fit: bool = False

    def draws_same_picture(self, other: Request) -> bool:
        """Whether both requests have the same picture."""
        same = replace(
            other,
            in_workers=self.in_workers,
            libraries=self.libraries,
            generation=self.generation,
            fit=self.fit,
        )
        return same == self
