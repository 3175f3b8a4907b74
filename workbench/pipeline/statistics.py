"""Mean and standard deviation of each channel over the training images, in one pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.pipeline.pipeline import Pipeline
from workbench.settings import Statistics

# Pixels in float64 at a time: 32 MB, whatever the size of the data.
BLOCK_VALUES = 4 * 1024 * 1024
# Images read at a time: `progress` is called after each block, and can stop the pass.
BLOCK_IMAGES = 32


def fit(pipeline: Pipeline, progress: Callable[[int], None] | None = None) -> Statistics:
    """Compute what `featurewise_center` and `featurewise_std_normalization` need.

    Reads each image of the pipeline's subset once, neither augmented nor rescaled. Gives the same
    statistics as `ImageDataGenerator.fit`, which needs all images in memory.

    Args:
        pipeline: A pipeline of the training subset.
        progress: Called with the number of images read, after each block of up to 32 images. An
            exception that it raises ends the pass.

    Raises:
        ValueError: If no image could be read.

    Example:
        >>> tuned = wb.load("tuned.json")
        >>> found = fit(tuned.dataset().pipeline)
        >>> settings = tuned.settings.updated(
        ...     {"statistics": found, "augmentation": {"featurewise_center": True}}
        ... )
    """
    source, rows = pipeline.source, pipeline.rows
    step = min(BLOCK_IMAGES, max(1, BLOCK_VALUES // int(np.prod(source.shape))))
    moments = _Moments(source.shape[-1])
    for start in range(0, len(rows), step):
        moments.add(source.read(rows[start : start + step])[0])
        if progress is not None:
            progress(min(start + step, len(rows)))
    if not moments.images:
        raise ValueError(f"statistics: none of the {len(rows)} images could be read")
    std = np.sqrt(moments.squares / moments.pixels)
    return Statistics(mean=tuple(moments.mean.tolist()), std=tuple(std.tolist()), n=moments.images)


class _Moments:
    """Running mean and sum of squared deviations of each channel.

    A sum of squares would lose the small deviations of large numbers, such as 16-bit pixels.
    """

    def __init__(self, channels: int) -> None:
        self.images = self.pixels = 0
        self.mean = self.squares = np.zeros(channels)

    def add(self, images: npt.NDArray[Any]) -> None:
        if not images.size:
            return
        values = images.reshape(-1, images.shape[-1]).astype(np.float64)
        mean = values.mean(axis=0)
        values -= mean
        pixels, shift = self.pixels + len(values), mean - self.mean
        between = shift**2 * (self.pixels * len(values) / pixels)
        self.squares = self.squares + np.einsum("ij,ij->j", values, values) + between
        self.mean = self.mean + shift * (len(values) / pixels)
        self.images, self.pixels = self.images + len(images), pixels
