"""Ways to augment a batch, one module each; all take the same draws.

To add one: a module here, a line in `MODULES`, a name in `settings.AugmentMethod`.
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

    Computes in float32 on the source's own scale. `out` has the images' shape and is float32 or
    an integer type that holds the images' (rounded, clipped). `images` is never written to.
    """

    def __call__(
        self, images: Images, draws: Draws, *, fill_mode: str, cval: float, out: Images
    ) -> None:
        """Fill `out` with the augmented images."""


class Module(Protocol):
    """What a method's module declares. Importing it imports neither Keras nor TensorFlow.

    Attributes:
        EXACT: Whether it gives the same pictures as Keras's `apply_transform`, to 1 grey level.
        FORKS: Whether it runs in forked worker processes; `settings.NO_PROCESSES` has the others.
    """

    EXACT: bool
    FORKS: bool

    augment: Method


MODULES: dict[str, Module] = {
    "none": none,
    "keras_loop": keras_loop,
    "keras_flow": keras_flow,
    "keras_layers": keras_layers,
    "numpy_batch": numpy_batch,
    "tensorflow_batch": tensorflow_batch,
    "opencv": opencv,
}
METHODS: dict[str, Method] = {name: module.augment for name, module in MODULES.items()}
