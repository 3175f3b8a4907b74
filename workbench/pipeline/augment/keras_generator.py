"""Keras's ImageDataGenerator, applying given draws instead of its own random values.

The code that runs, and that a profile shows, is Keras's. The global random state stays unchanged.
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
    # Defined at first use: importing TensorFlow takes seconds.
    from tensorflow.keras.preprocessing.image import ImageDataGenerator

    class ReplayingGenerator(ImageDataGenerator):
        """See `replaying`."""

        def __init__(self, draws: Draws, fill_mode: str, cval: float) -> None:
            # Without these, keras.json would decide the dtype and layout.
            options = {"data_format": "channels_last", "dtype": "float32"}
            super().__init__(fill_mode=fill_mode, cval=cval, **options)
            self._draws = iter([draws[index] for index in range(len(draws))])

        def get_random_transform(self, img_shape: Any, seed: Any = None) -> dict[str, Any]:
            return next(self._draws)

    return ReplayingGenerator
