"""No augmentation: what the other steps take by themselves."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from workbench.pipeline.draws import Draws

EXACT = False  # shows the images as they were read
FORKS = True


def augment(
    images: npt.NDArray[Any],
    draws: Draws,
    *,
    fill_mode: str,
    cval: float,
    out: npt.NDArray[Any],
) -> None:
    """See `augment.Method`."""
    out[...] = images
