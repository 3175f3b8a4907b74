"""Ways to augment a batch, one module each; all apply the same draws.

To add one: a module here, a line in `METHODS`, a name in `settings.AugmentMethod`, and one in
`NO_PROCESSES` or `OTHER_PICTURES` if it belongs there. Imports what pipeline may import.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy.typing as npt

from workbench.pipeline.augment import (
    keras_flow,
    keras_layers,
    keras_loop,
    none,
    numpy_batch,
    opencv,
    tensorflow_batch,
)
from workbench.pipeline.draws import Draws

Images = npt.NDArray[Any]


class Method(Protocol):
    """Augment images into `out`.

    Computes in float32 on the source's own scale. `out` has the shape of `images` and is float32,
    or an integer type that can hold the pixels, which are then rounded and clipped. `images` stays
    unchanged. The module of a method imports Keras and TensorFlow only when it is called.
    """

    def __call__(
        self, images: Images, draws: Draws, *, fill_mode: str, cval: float, out: Images
    ) -> None:
        """Fill `out` with the augmented images."""


METHODS: dict[str, Method] = {
    "none": none.augment,
    "keras_loop": keras_loop.augment,
    "keras_flow": keras_flow.augment,
    "keras_layers": keras_layers.augment,
    "numpy_batch": numpy_batch.augment,
    "tensorflow_batch": tensorflow_batch.augment,
    "opencv": opencv.augment,
}
