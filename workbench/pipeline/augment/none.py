"""No augmentation: shows the images as they were read, and what the other steps cost."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from workbench.pipeline.draws import Draws


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
