"""What advice saves on loaders with lines that are known to be slow, and where it is silent."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import workbench as wb
from tests.accuracy.case import Case, Cases, middle
from tests.advice import advice_zoo as zoo

# Loader, what the advice says, and how many times as fast that is at least: the lower quartile.
FASTER: dict[str, tuple[Callable[[], Any], str, float]] = {
    "random_transform": (zoo.Transforms, "warpAffine", 2),
    "apply_affine_transform": (zoo.Affine, "warpAffine", 2),
    "scipy.ndimage.zoom": (zoo.Zooms, "cv2", 1.15),
    "resizing by Pillow": (zoo.Pictures, "cv2", 1.15),
    "float64": (zoo.Scales, "float32", 1.15),
    "lists of samples": (zoo.Lists, "array", 1.15),
    "an array in float64": (lambda: zoo.Filled(384), "float32", 1.15),
    "scaling in a loop": (lambda: zoo.LoopScaled(128, 64), "all samples", 3),
    "scaling by enumerate": (lambda: zoo.EnumerateScaled(128, 64), "all samples", 3),
    "scaling in a comprehension": (lambda: zoo.ComprehensionScaled(128, 64), "all samples", 3),
}
LARGE = (zoo.LoopScaled, zoo.EnumerateScaled, zoo.ComprehensionScaled)


def cases(repeats: int) -> Cases:
    """Lower quartiles of ratios; silence counted as pieces of advice."""
    for name, what in FASTER.items():
        yield from middle(partial(_faster, name, *what), repeats)
    with tempfile.TemporaryDirectory() as folder:
        files = partial(zoo.Files, Path(folder), ".jpg")
        yield from middle(partial(_faster, "decoding again", files, "memory", 2), repeats)
    yield from middle(_silent, repeats)


def _faster(name: str, make: Callable[[], Any], instead: str, least: float) -> list[Case]:
    found = [advice for advice in wb.advise(make(), seconds=0.2) if instead in advice.instead]
    ratio = saved = 0.0
    if found:
        old, new = found[0].old_ms.median, found[0].new_ms.median
        ratio, saved = found[0].ratio.low, found[0].saved_ms.median / (old - new)
    return [
        Case(f"advice, {name}: times as fast", least, ratio, sense="≥"),
        Case(f"advice, {name}: saved, by old less new", 1, saved, 0.3),
    ]


def _silent() -> list[Case]:
    """Large samples stay in the cache in a loop: all at once is slower by half."""
    found = [advice for make in LARGE for advice in wb.advise(make(16, 224, 224, 3), seconds=0.2)]
    wrong = sum("keepdims" in advice.instead for advice in found)
    return [
        Case("advice to scale large samples all at once", 0, wrong, sense="≤"),
        Case("advice where all is well", 0, len(wb.advise(zoo.FastAlready())), sense="≤"),
    ]
