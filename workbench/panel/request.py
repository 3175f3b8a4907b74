"""What a panel's controls stand at, passed from callbacks to the threads that work."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Request:
    """What the controls stand at.

    Attributes:
        generation: Grows with each change; results carry it.
        settings: Those shown; `Settings`, or those of a loader that is not ours.
        first: Number of the first sample of the picture.
        epoch: Whose draws the picture shows.
        show: What the picture shows; one of `preview.SHOWN`, or a part of the batch.
        in_workers: Whether batches are profiled in the workers as set, or in one thread.
        libraries: Packages that the profile goes into.
        fit: Whether statistics of the training images are wanted, which `settings` are without.
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
        """Whether the picture of both is the same."""
        same = replace(
            other,
            in_workers=self.in_workers,
            libraries=self.libraries,
            generation=self.generation,
            fit=self.fit,
        )
        return same == self
