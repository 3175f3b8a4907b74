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
# Images read at a time at most: who waits wants to hear of it, and to be able to stop.
BLOCK_IMAGES = 32


def fit(pipeline: Pipeline, progress: Callable[[int], None] | None = None) -> Statistics:
    """The statistics that `featurewise_center` and `featurewise_std_normalization` need.

    Reads each image of the pipeline's subset once, as it is in the source: not augmented, not
    rescaled. The same as `ImageDataGenerator.fit`, which needs all images in memory.

    Args:
        pipeline: Of the training subset; a validation image must not count.
        progress: Called with the number of images read, after each block of up to 32; what it
            raises ends the pass.

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
    total = _Sums(source.shape[-1])
    for start in range(0, len(rows), step):
        total.add(source.read(rows[start : start + step])[0])
        if progress is not None:
            progress(min(start + step, len(rows)))
    if not total.images:
        raise ValueError(f"statistics: none of the {len(rows)} images could be read")
    std = np.sqrt(total.squares / total.pixels)
    return Statistics(mean=tuple(total.mean.tolist()), std=tuple(std.tolist()), n=total.images)


class _Sums:
    """Means and squared deviations that further images can be added to.

    Sums of squares would lose the small deviations of large numbers, as 16-bit images have.
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
        pixels, apart = self.pixels + len(values), mean - self.mean
        between = apart**2 * (self.pixels * len(values) / pixels)
        self.squares = self.squares + np.einsum("ij,ij->j", values, values) + between
        self.mean = self.mean + apart * (len(values) / pixels)
        self.images, self.pixels = self.images + len(images), pixels
