"""Keras's ImageDataGenerator with its dice replaced: it applies the draws that it is given.

The code that runs, and that a profile shows, is Keras's; the global random state stays untouched.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from workbench.pipeline.draws import Draws


def replaying(draws: Draws, fill_mode: str, cval: float) -> Any:
    """An ImageDataGenerator that applies these draws, one after the other."""
    return _replaying_generator()(draws, fill_mode, cval)


@cache
def _replaying_generator() -> type[Any]:
    # Made at first use: importing TensorFlow takes seconds that other methods need not wait.
    from tensorflow.keras.preprocessing.image import ImageDataGenerator

    class ReplayingGenerator(ImageDataGenerator):
        """An ImageDataGenerator that applies given draws, one after the other."""

        def __init__(self, draws: Draws, fill_mode: str, cval: float) -> None:
            # Not from keras.json: flow would give another type or shape.
            options = {"data_format": "channels_last", "dtype": "float32"}
            super().__init__(fill_mode=fill_mode, cval=cval, **options)
            self._draws = iter([draws[place] for place in range(len(draws))])

        def get_random_transform(self, img_shape: Any, seed: Any = None) -> dict[str, Any]:
            return next(self._draws)

    return ReplayingGenerator
