"""Draw the random values of each sample's augmentation, before any pixel is read.

A draw belongs to (seed, epoch, sample): the batch size, the number of workers and the ranges of
other parameters do not change it. Meanings and distributions are those of Keras's
`ImageDataGenerator.get_random_transform`; the numbers differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.settings import Augmentation

Floats = npt.NDArray[np.float64]

# Rows drawn from one generator. More would be faster, but small data sets draw a whole block.
BLOCK = 65_536
# All columns are drawn, used or not, so that no parameter changes the numbers of another.
COLUMNS = (
    "theta",
    "tx",
    "ty",
    "shear",
    "zx",
    "zy",
    "flip_horizontal",
    "flip_vertical",
    "channel_shift_intensity",
    "brightness",
)


@dataclass(frozen=True)
class Draws:
    """Random values for several samples, named as in Keras; each array has shape (samples,).

    `theta` and `shear` are degrees, `tx` and `ty` pixels, `zx` and `zy` factors;
    `channel_shift_intensity` and `brightness` are None when not used.
    """

    theta: Floats
    tx: Floats
    ty: Floats
    shear: Floats
    zx: Floats
    zy: Floats
    flip_horizontal: npt.NDArray[np.bool_]
    flip_vertical: npt.NDArray[np.bool_]
    channel_shift_intensity: Floats | None
    brightness: Floats | None

    def __len__(self) -> int:
        return len(self.theta)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """One sample's values: the dict that Keras's `apply_transform` takes."""
        values = ((name, getattr(self, name)) for name in COLUMNS)
        return {name: None if v is None else v[index].item() for name, v in values}


def draw(
    rows: npt.NDArray[np.int64],
    epoch: int,
    seed: int,
    augmentation: Augmentation,
    shape: tuple[int, ...],
) -> Draws:
    """Draw the augmentation of these samples.

    Args:
        rows: Indices of the samples in the source.
        epoch: From 0.
        seed: `batch.seed`.
        augmentation: The ranges to draw from.
        shape: Shape of an image, (height, width, ...); shifts below 1 are fractions of it.
    """
    uniform = dict(zip(COLUMNS, _uniforms(rows, epoch, seed).T, strict=True))
    a, (low, high) = augmentation, augmentation.zoom_bounds
    shift_range = a.channel_shift_range
    return Draws(
        theta=_between(-a.rotation_range, a.rotation_range, uniform["theta"]),
        tx=_shift(a.height_shift_range, shape[0], uniform["tx"]),
        ty=_shift(a.width_shift_range, shape[1], uniform["ty"]),
        shear=_between(-a.shear_range, a.shear_range, uniform["shear"]),
        zx=_between(low, high, uniform["zx"]),
        zy=_between(low, high, uniform["zy"]),
        flip_horizontal=(uniform["flip_horizontal"] < 0.5) & a.horizontal_flip,
        flip_vertical=(uniform["flip_vertical"] < 0.5) & a.vertical_flip,
        channel_shift_intensity=_between(
            -shift_range, shift_range, uniform["channel_shift_intensity"]
        )
        if shift_range
        else None,
        brightness=_between(*a.brightness_range, uniform["brightness"])
        if a.brightness_range
        else None,
    )


def _uniforms(rows: npt.NDArray[np.int64], epoch: int, seed: int) -> Floats:
    """Uniform values in [0, 1), shape (rows, columns)."""
    values = np.empty((len(rows), len(COLUMNS)))
    blocks = rows // BLOCK
    for block in np.unique(blocks):
        in_block = blocks == block
        values[in_block] = _block(seed, epoch, int(block))[rows[in_block] % BLOCK]
    return values


# At 5 MB a block, this holds an epoch of a million samples and the next one: workers may still be
# finishing the previous epoch.
@lru_cache(maxsize=32)
def _block(seed: int, epoch: int, block: int) -> Floats:
    return np.random.default_rng([seed, epoch, block]).random((BLOCK, len(COLUMNS)))


def _between(low: float, high: float, uniform: Floats) -> Floats:
    return low + (high - low) * uniform


def _shift(limit: float, length: int, uniform: Floats) -> Floats:
    """A shift in pixels. As in Keras, an int limit draws whole pixels below it, of either sign."""
    if isinstance(limit, int):
        signed = np.floor(uniform * 2 * limit)
        return signed // 2 * np.where(signed % 2, 1.0, -1.0)
    return _between(-limit, limit, uniform) * (length if limit < 1 else 1)
