"""What of Keras's iterator holds for its stand-in, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from workbench.result import Result

Holds = Literal["same pixels", "same draws", "same distribution"]

BRIGHTNESS = (
    "brightness_range: Keras cuts pixels to 8 bits before and after it, and so do we; one on "
    "the edge between two levels may come out a level further, times the brightness."
)
PREPROCESSING = (
    "preprocessing_function {} is called as by Keras, once an image after augmentation. If it "
    "draws from np.random itself, it and the samples after it get other draws than from Keras."
)


@dataclass(frozen=True)
class Report(Result):
    """What holds.

    Attributes:
        holds: "same pixels" (within 1 grey level, before standardization), "same draws" (pixels
            differ as `differences` say) or "same distribution" (the iterator has no seed).
        differences: Of the pixels, given the same draws.
        not_carried: What the iterator does and this does not.
        notes: What is done by Keras's own code, which costs time, and what that means.
    """

    holds: Holds
    differences: tuple[str, ...] = ()
    not_carried: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def report_of(iterator: Any, unwarped: str, pillow: str) -> Report:
    """What holds for this iterator.

    Args:
        iterator: Keras's.
        unwarped: Why Keras's own code warps; empty if ours does.
        pillow: Why Pillow reads every file; empty if it does not.
    """
    g = iterator.image_data_generator
    differences = [BRIGHTNESS] if g.brightness_range is not None and not unwarped else []
    saved = [f"save_to_dir={iterator.save_to_dir!r}: no files are written."]
    notes = [
        *([f"Keras's own code transforms: {unwarped}. Exact, but no faster."] if unwarped else []),
        *([f"Pillow reads and resizes, as for Keras: {pillow}. Exact, slower."] if pillow else []),
        *(
            [PREPROCESSING.format(_name(g.preprocessing_function))]
            if g.preprocessing_function
            else []
        ),
    ]
    return Report(
        _holds(iterator, bool(differences)),
        tuple(differences),
        tuple(saved) if iterator.save_to_dir else (),
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
