"""Take Keras's iterator apart: its source, its transformations and its draws."""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.compat.keras_module_names import IMAGES
from workbench.keras_iterators.iterator_images import ArrayImages, FileImages, Transformer
from workbench.keras_iterators.keras_draws import Replay
from workbench.pipeline.sources.mapped_file import mapped_files


def overridden(owner: Any, *methods: str) -> list[str]:
    """Methods that are not Keras's own, as "Class.method"."""
    own = [name for name in methods if getattr(owner, name).__module__ != IMAGES]
    return [f"{type(owner).__name__}.{name}" for name in own]


def source_of(iterator: Any) -> FileImages | ArrayImages:
    """Where the iterator's images come from."""
    if hasattr(iterator, "x"):
        channels_first = iterator.data_format == "channels_first"
        x = np.moveaxis(iterator.x, 1, 3) if channels_first else iterator.x
        return ArrayImages(x, mapped_files(x))
    return FileImages(
        iterator.filepaths,
        iterator.target_size,
        iterator.color_mode,
        iterator.interpolation,
        iterator.keep_aspect_ratio,
    )


def transformer_of(iterator: Any) -> Transformer:
    """How the iterator transforms images."""
    g = iterator.image_data_generator
    own = g.preprocessing_function or overridden(g, "apply_transform", "standardize")
    return Transformer(g, warps=not why_keras_warps(g), threads=not own)


def why_keras_warps(generator: Any) -> str:
    """Why Keras's own `apply_transform` must run; empty if our warp gives its pixels."""
    if generator.interpolation_order != 1:
        return f"interpolation_order={generator.interpolation_order}"
    if generator.fill_mode not in ("nearest", "constant", "reflect", "wrap"):
        return f"fill_mode={generator.fill_mode!r}"
    return ", ".join(overridden(generator, "apply_transform"))


def replay_of(iterator: Any, seed: int) -> Replay:
    """The iterator's draws."""
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
