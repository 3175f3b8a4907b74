"""Keras's own `random_transform`, once for each sample: the article's slow example.

The code that runs, and that a profile shows, is Keras's. Only its dice are replaced, so that the
draws are ours and the global random state stays untouched.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.generators.draws import Draws


def augment(
    images: npt.NDArray[Any],
    draws: Draws,
    *,
    fill_mode: str,
    cval: float,
    out: npt.NDArray[Any],
) -> None:
    """See `augment.Method`. Brightness goes through 8-bit images, as in Keras."""
    generator = _replaying_generator()(draws, fill_mode, cval)
    for place, image in enumerate(images):
        augmented = generator.random_transform(image.astype(np.float32))
        out[place] = augmented if out.dtype.kind == "f" else _rounded(augmented, out.dtype)


def _rounded(image: npt.NDArray[Any], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    rounded: npt.NDArray[Any] = np.clip(np.rint(image), 0, np.iinfo(dtype).max)
    return rounded


@cache
def _replaying_generator() -> type[Any]:
    # Made at first use: importing TensorFlow takes seconds that other methods need not wait.
    from tensorflow.keras.preprocessing.image import ImageDataGenerator

    class ReplayingGenerator(ImageDataGenerator):
        """An ImageDataGenerator that applies given draws, one after the other."""

        def __init__(self, draws: Draws, fill_mode: str, cval: float) -> None:
            super().__init__(fill_mode=fill_mode, cval=cval, data_format="channels_last")
            self._draws = iter([draws[place] for place in range(len(draws))])

        def get_random_transform(self, img_shape: Any, seed: Any = None) -> dict[str, Any]:
            return next(self._draws)

    return ReplayingGenerator
