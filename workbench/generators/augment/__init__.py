"""Ways to augment a batch, one module each; all take the same draws and give the same pictures.

To add one: a module here, a line in `METHODS`, a name in `settings.AugmentMethod`.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy.typing as npt

from workbench.generators.augment import keras_loop, opencv
from workbench.generators.draws import Draws

Images = npt.NDArray[Any]


class Method(Protocol):
    """Augment images into `out`.

    Computes in float32 on the source's own scale. `out` has the images' shape and is float32 or
    the images' integer type (rounded, clipped). `images` is never written to.
    """

    def __call__(
        self, images: Images, draws: Draws, *, fill_mode: str, cval: float, out: Images
    ) -> None:
        """Fill `out` with the augmented images."""


METHODS: dict[str, Method] = {
    "keras_loop": keras_loop.augment,
    "opencv": opencv.augment,
}
