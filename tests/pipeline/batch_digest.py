"""Prints a hash of some batches, all augmentation on: `test_pythons` compares it across Pythons.

Not standardized: their environments have another NumPy, which may sum in another order.
"""

from __future__ import annotations

import hashlib

import numpy as np

from workbench.pipeline.pipeline import Pipeline
from workbench.pipeline.sources.open_source import ArraySource
from workbench.settings import ArraysData, Augmentation, Batch, Methods, Settings


def digest() -> str:
    x = np.random.default_rng(3).integers(0, 256, (24, 64, 48, 3), np.uint8)
    found = hashlib.sha256()
    for fill_mode in ("nearest", "constant", "reflect", "wrap"):
        settings = Settings.for_data(
            ArraysData(shape=x.shape, dtype="uint8"),
            batch=Batch(size=8, seed=5),
            augmentation=Augmentation(
                rotation_range=30,
                width_shift_range=0.2,
                height_shift_range=3,
                shear_range=9.0,
                zoom_range=0.2,
                brightness_range=(0.5, 1.5),
                channel_shift_range=9.0,
                horizontal_flip=True,
                vertical_flip=True,
                fill_mode=fill_mode,
            ),
            methods=Methods(read="array", augment="opencv", normalize="cache_blocked"),
        )
        pipeline = Pipeline(settings, ArraySource(x, np.arange(24) % 2))
        for epoch in range(3):
            for index in range(len(pipeline)):
                for array in pipeline.batch(index, epoch):
                    found.update(array.tobytes())
    return found.hexdigest()


if __name__ == "__main__":
    print(digest())
