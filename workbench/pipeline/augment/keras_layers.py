"""Keras's augmentation layers one after the other: for comparison.

The layers apply our draws instead of their own, so that a batch follows from (settings, epoch,
index) as with the other methods. Each layer resamples what the one before it made, and the shear
is about the corner: the pictures are alike, softer, and not the same pixels.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.pipeline.augment.colour import finish, float_target
from workbench.pipeline.draws import Draws

EXACT = False
FORKS = False  # they are TensorFlow operations; see tensorflow_batch

Images = npt.NDArray[Any]


def augment(images: Images, draws: Draws, *, fill_mode: str, cval: float, out: Images) -> None:
    """See `augment.Method`. No layer does what Keras's channel shift and brightness do."""
    import keras

    layers = _layers(fill_mode, cval)
    warped = float_target(out)
    # Training has the accelerator, and a batch is the same with and without one.
    with keras.device("cpu:0"):
        images_now: Any = keras.ops.convert_to_tensor(images, "float32")
        for name, transformation in _transformations(draws, *images.shape[1:3]):
            images_now = layers[name].transform_images(images_now, transformation)
        warped[...] = keras.ops.convert_to_numpy(images_now)
    finish(warped, images, draws, slice(None), out)


@lru_cache(maxsize=8)
def _layers(fill_mode: str, cval: float) -> dict[str, Any]:
    from keras import layers

    # A seed of None would be drawn from the global `random`, and a default name would shift the
    # numbers in the names of the user's own layers.
    common: dict[str, Any] = {"seed": 0, "dtype": "float32", "data_format": "channels_last"}
    border = {**common, "fill_mode": fill_mode, "fill_value": cval}
    return {
        "rotation": layers.RandomRotation(0.0, name="rotation", **border),
        "shift": layers.RandomTranslation(0.0, 0.0, name="shift", **border),
        "shear": layers.RandomShear(name="shear", **border),
        "zoom": layers.RandomZoom(0.0, 0.0, name="zoom", **border),
        "horizontal": layers.RandomFlip("horizontal", name="horizontal", **common),
        "vertical": layers.RandomFlip("vertical", name="vertical", **common),
    }


def _transformations(draws: Draws, height: int, width: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """What each layer that has something to do shall do, in the order of Keras's one warp."""
    if draws.theta.any():
        yield "rotation", {"rotation_matrix": _rotations(draws.theta, height, width)}
    if draws.tx.any() or draws.ty.any():
        # Keras's x here is the row's; a layer moves the picture, the other what it looks at.
        yield "shift", {"translations": _pairs(-draws.tx, -draws.ty)}
    if draws.shear.any():
        yield "shear", {"shear_factor": _pairs(-np.sin(np.deg2rad(draws.shear)), 0 * draws.shear)}
    if (draws.zx != 1).any() or (draws.zy != 1).any():
        zooms = _pairs(draws.zx, draws.zy)
        yield "zoom", {"width_zoom": zooms[:, :1], "height_zoom": zooms[:, 1:]}
    for name in ("horizontal", "vertical"):
        flips = getattr(draws, f"flip_{name}")
        if flips.any():
            yield name, {"flips": flips[:, None, None, None]}


def _pairs(across: npt.NDArray[np.float64], down: npt.NDArray[np.float64]) -> Images:
    return np.stack([across, down], axis=1).astype(np.float32)


def _rotations(theta: npt.NDArray[np.float64], height: int, width: int) -> Images:
    """Rotations about the middle, eight numbers for each image."""
    cos, sin, none = np.cos(np.deg2rad(theta)), np.sin(np.deg2rad(theta)), np.zeros(len(theta))
    x, y = (width - 1) / 2, (height - 1) / 2
    rows = (cos, -sin, x - x * cos + y * sin, sin, cos, y - x * sin - y * cos, none, none)
    return np.stack(rows, axis=1).astype(np.float32)
