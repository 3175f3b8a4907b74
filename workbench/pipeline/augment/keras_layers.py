"""Keras's augmentation layers one after the other, for comparison.

The layers apply the given draws instead of their own. Each layer resamples the output of the one
before it, and shears about the corner: the pictures are similar, but softer. Like
`tensorflow_batch`, it hangs in forked processes.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.pipeline.augment.colour import finish, float_target
from workbench.pipeline.draws import Draws

Images = npt.NDArray[Any]


def augment(images: Images, draws: Draws, *, fill_mode: str, cval: float, out: Images) -> None:
    """See `augment.Method`. Channel shift and brightness have no equivalent layer."""
    import keras

    layers = _layers(fill_mode, cval)
    warped = float_target(out)
    # The accelerator is for training, and a batch must be the same with and without one.
    with keras.device("cpu:0"):
        tensor: Any = keras.ops.convert_to_tensor(images, "float32")
        for name, transformation in _transformations(draws, *images.shape[1:3]):
            tensor = layers[name].transform_images(tensor, transformation)
        warped[...] = keras.ops.convert_to_numpy(tensor)
    finish(warped, images, draws, slice(None), out)


@lru_cache(maxsize=8)
def _layers(fill_mode: str, cval: float) -> dict[str, Any]:
    from keras import layers

    # Seed None would draw from the global `random`, and default names would change the numbers in
    # the names of the user's own layers.
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
    """Arguments of each layer that is needed, in the order of Keras's single warp."""
    if draws.theta.any():
        yield "rotation", {"rotation_matrix": _rotations(draws.theta, height, width)}
    if draws.tx.any() or draws.ty.any():
        # In the draws, x is the vertical axis. A layer moves the picture, a draw the viewport.
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
    """Projective transforms, shape (samples, 8), that rotate about the centre."""
    cos, sin, none = np.cos(np.deg2rad(theta)), np.sin(np.deg2rad(theta)), np.zeros(len(theta))
    x, y = (width - 1) / 2, (height - 1) / 2
    rows = (cos, -sin, x - x * cos + y * sin, sin, cos, y - x * sin - y * cos, none, none)
    return np.stack(rows, axis=1).astype(np.float32)
