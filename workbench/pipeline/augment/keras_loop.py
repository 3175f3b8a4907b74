"""Keras's own `random_transform`, once for each sample: the article's slow example."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.pipeline.augment.colour import store
from workbench.pipeline.augment.keras_generator import replaying
from workbench.pipeline.draws import Draws


def augment(
    images: npt.NDArray[Any],
    draws: Draws,
    *,
    fill_mode: str,
    cval: float,
    out: npt.NDArray[Any],
) -> None:
    """See `augment.Method`. Brightness goes through 8-bit images, as in Keras."""
    generator = replaying(draws, fill_mode, cval)
    for index, image in enumerate(images):
        augmented = generator.random_transform(image.astype(np.float32))
        store(augmented, out[index])
