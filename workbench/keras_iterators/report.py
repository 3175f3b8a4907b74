"""What stays the same when a fast dataset replaces Keras's iterator, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from workbench.result import Result

Holds = Literal["same pixels", "same draws", "same distribution"]

BRIGHTNESS = (
    "brightness_range: Keras converts pixels to 8 bits before and after it, and so does wb.faster; "
    "a pixel between two levels may round to the other, times the brightness."
)
PREPROCESSING = (
    "preprocessing_function {} is called as by Keras, once per image after augmentation. If it "
    "draws from np.random, it and later samples get other draws than with Keras."
)


@dataclass(frozen=True)
class Report(Result):
    """What holds.

    Attributes:
        holds: "same pixels" (within 1 grey level, before standardization), "same draws" (pixels
            differ as `differences` say) or "same distribution" (the iterator has no seed).
        differences: How pixels differ, given the same draws.
        not_carried: What the iterator does and the fast dataset does not.
        clipped: Which files Keras and the fast dataset clip to white; empty if none.
        notes: What Keras's own code still does, and what that costs.
    """

    holds: Holds
    differences: tuple[str, ...] = ()
    not_carried: tuple[str, ...] = ()
    clipped: str = ""
    notes: tuple[str, ...] = ()


def report_of(iterator: Any, why_keras_warps: str, why_pillow: str, clipped: str = "") -> Report:
    """Report on an iterator.

    Args:
        iterator: Keras's iterator.
        why_keras_warps: Why Keras's own code warps; empty if ours does.
        why_pillow: Why Pillow reads every file; empty if it does not.
        clipped: Result of `clipped_files`.
    """
    g = iterator.image_data_generator
    differences = [BRIGHTNESS] if g.brightness_range is not None and not why_keras_warps else []
    saved = [f"save_to_dir={iterator.save_to_dir!r}: no files are written."]
    notes = []
    if why_keras_warps:
        notes.append(f"Keras's own code transforms: {why_keras_warps}. Exact, but no faster.")
    if why_pillow:
        notes.append(f"Pillow reads and resizes, as for Keras: {why_pillow}. Exact, but slower.")
    if g.preprocessing_function:
        notes.append(PREPROCESSING.format(_name(g.preprocessing_function)))
    return Report(
        _holds(iterator, bool(differences)),
        tuple(differences),
        tuple(saved) if iterator.save_to_dir else (),
        clipped,
        tuple(notes),
    )


def _holds(iterator: Any, differs: bool) -> Holds:
    if iterator.seed is None and (iterator.shuffle or draws(iterator.image_data_generator)):
        return "same distribution"
    return "same draws" if differs else "same pixels"


def draws(generator: Any) -> bool:
    """Whether the generator changes images at random."""
    g = generator
    ranges = (
        g.rotation_range, g.width_shift_range, g.height_shift_range, g.shear_range,
        g.channel_shift_range, g.horizontal_flip, g.vertical_flip, g.brightness_range,
    )  # fmt: skip
    return any(map(bool, ranges)) or list(g.zoom_range) != [1, 1]


def _name(function: Any) -> str:
    return getattr(function, "__name__", type(function).__name__)
