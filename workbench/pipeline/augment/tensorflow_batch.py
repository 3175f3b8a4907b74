"""One TensorFlow operation for the whole batch, on TensorFlow's own threads.

The fill modes "constant" and "wrap" differ from SciPy's, which Keras uses, and are computed here
instead. Hangs in forked processes, which do not have TensorFlow's threads.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.pipeline.augment import geometry
from workbench.pipeline.augment.colour import finish, float_target
from workbench.pipeline.draws import Draws

Images = npt.NDArray[Any]


def augment(images: Images, draws: Draws, *, fill_mode: str, cval: float, out: Images) -> None:
    """See `augment.Method`."""
    import tensorflow as tf

    height, width = images.shape[1:3]
    matrices, flips = geometry.source_matrices(draws, height, width), geometry.flips_of(draws)
    warped = float_target(out)
    # The accelerator is for training, and a batch must be the same with and without one.
    with tf.device("CPU:0"):
        source = tf.cast(np.ascontiguousarray(images), tf.float32)
        if fill_mode == "wrap":
            x, y = geometry.coordinates(matrices, flips, height, width)
            warped[...] = _gathered(source, geometry.fold(x, width), geometry.fold(y, height))
        else:
            flipped = geometry.with_flips(matrices, flips, height, width)
            warped[...] = _warped(
                source, flipped, "REFLECT" if fill_mode == "reflect" else "NEAREST"
            )
    if fill_mode == "constant":
        x, y = geometry.coordinates(matrices, flips, height, width)
        warped[geometry.outside(x, y, height, width)] = cval
    finish(warped, images, draws, slice(None), out)


def _warped(source: Any, matrices: geometry.Floats, fill: str) -> Any:
    import tensorflow as tf

    projective = np.zeros((len(matrices), 8), np.float32)  # the last two stay 0: no perspective
    projective[:, :6] = matrices.reshape(-1, 6)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=source,
        transforms=projective,
        output_shape=source.shape[1:3],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode=fill,
    )


def _gathered(source: Any, x: geometry.Floats, y: geometry.Floats) -> Any:
    """Bilinear interpolation at coordinates within the images."""
    import tensorflow as tf

    samples, height, width, channels = source.shape
    pixels = tf.reshape(source, (samples, height * width, channels))
    left, upper = x.astype(np.int32), y.astype(np.int32)
    across, down = ((at - np.floor(at)).astype(np.float32)[..., None] for at in (x, y))

    def row(rows: Any) -> Any:
        near, far = (
            tf.gather(pixels, rows * width + columns, batch_dims=1)
            for columns in (left, np.minimum(left + 1, width - 1))
        )
        return near + (far - near) * across

    top, bottom = row(upper), row(np.minimum(upper + 1, height - 1))
    return top + (bottom - top) * down
