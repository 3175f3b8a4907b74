"""Keras's own `flow`, called for one batch: the article's fast example.

`flow` loops over `random_transform` inside, so it is hardly faster than `keras_loop`.
"""

from __future__ import annotations

from typing import Any

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
    if not len(images):
        return  # flow fails without a first image
    generator = replaying(draws, fill_mode, cval)
    # Neither shuffled nor seeded: both would change the global random state.
    batches = generator.flow(images, batch_size=len(images), shuffle=False)
    store(next(batches), out)
