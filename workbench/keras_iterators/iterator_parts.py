"""Keras's iterator taken apart: what it reads, does to images, and draws."""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.compat.keras_modules import IMAGES
from workbench.keras_iterators.iterator_images import Array, Changes, Files
from workbench.keras_iterators.keras_draws import Replay


def overridden(owner: Any, *methods: str) -> list[str]:
    """Those of the methods that are not Keras's own, as "Class.method"."""
    theirs = [name for name in methods if getattr(owner, name).__module__ != IMAGES]
    return [f"{type(owner).__name__}.{name}" for name in theirs]


def source_of(iterator: Any) -> Files | Array:
    """Where the iterator's images come from."""
    if hasattr(iterator, "x"):
        first = iterator.data_format == "channels_first"
        return Array(np.moveaxis(iterator.x, 1, 3) if first else iterator.x)
    return Files(
        iterator.filepaths,
        iterator.target_size,
        iterator.color_mode,
        iterator.interpolation,
        iterator.keep_aspect_ratio,
    )


def changes_of(iterator: Any) -> Changes:
    """What the iterator does to images."""
    g = iterator.image_data_generator
    theirs = g.preprocessing_function or overridden(g, "apply_transform", "standardize")
    return Changes(g, warps=not unwarped(g), threads=not theirs)


def unwarped(generator: Any) -> str:
    """Why Keras's own `apply_transform` is called; empty if our warp gives its pixels."""
    if generator.interpolation_order != 1:
        return f"interpolation_order={generator.interpolation_order}"
    if generator.fill_mode not in ("nearest", "constant", "reflect", "wrap"):
        return f"fill_mode={generator.fill_mode!r}"
    return ", ".join(overridden(generator, "apply_transform"))


def replay_of(iterator: Any, seed: int) -> Replay:
    """What the iterator draws."""
    arrays = hasattr(iterator, "x")
    return Replay(
        iterator.image_data_generator,
        iterator.n,
        iterator.batch_size,
        iterator.shuffle,
        seed,
        tuple(iterator.x.shape[1:] if arrays else iterator.image_shape),
        int(1e4 if arrays else 1e7) if iterator.save_to_dir else 0,
    )
