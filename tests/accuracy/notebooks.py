"""What the notebooks say of speed: directions and crossovers, no absolute times but a minute."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from tests.accuracy.case import Case, Cases, middle
from tests.notebooks import own_kernel, race_of, run_own, run_three_fixes
from workbench.measure.race import Races

most, least = partial(Case, sense="≤"), partial(Case, sense="≥")


def cases(repeats: int) -> Cases:
    """Both notebooks, each run once or more in a kernel of its own."""
    with tempfile.TemporaryDirectory() as folder, own_kernel(Path(folder)):
        yield from middle(_three_fixes, repeats)
        yield from middle(_own, repeats)


def _medians(races: Races, name: str) -> dict[str, float]:
    return {case: races[case].times_as_fast(name).median for case in races}


def _three_fixes() -> list[Case]:
    took, _, results = run_three_fixes()
    return [
        most("notebook 02 takes a minute", 60, took, unit="s"),
        *_augmenting(results["augmenting"]),
        *_scaling(results["scaling"]),
        *_opening(results["opening"]),
        *_epochs(_medians(results["epochs"], "ours")),
    ]


def _augmenting(races: Races) -> list[Case]:
    flow, opencv, batch = (
        _medians(races, name).values() for name in ("flow per batch", "opencv", "tensorflow_batch")
    )
    return [
        most("flow is no batch operation", 3, max(flow)),
        least("one warp for each image pays", 4, min(opencv)),
        least("a batch operation pays", 1, min(batch)),
    ]


def _scaling(races: Races) -> list[Case]:
    vectorized, blocked = (_medians(races, name) for name in ("vectorized", "cache_blocked"))
    # The best of both at both ends, but for a twentieth of a millisecond and the noise.
    worst = min(factor / max(1, vectorized[case]) for case, factor in blocked.items())
    found = [least("blocks against the best of both", 0.75, worst)]
    for dtype in ("float32", "uint8"):
        small, middling, large = (
            vectorized[f"{shape} {dtype}"] for shape in ("64 features", "64×64×3", "224×224×3")
        )
        found += [
            least(f"vectorized, 64 features {dtype}", 4, small),
            least(f"that against 64×64×3 {dtype}", 2, small / middling),
            most(f"vectorized, 224×224×3 {dtype}", 1.25, large),
        ]
    return found


def _opening(races: Races) -> list[Case]:
    *_, large = races.races.values()
    faster = [large.times_as_fast(name).median for name in ("memory map", "np.load")]
    return [least("a memory map opens at once", 3, faster[0] / faster[1])]


def _epochs(ours: dict[str, float]) -> list[Case]:
    step, batch, epoch = (ours[f"augment: {level}"] for level in ("step", "batch", "epoch"))
    found = [
        least("a step gains more than its batch", 1, step / batch),
        least("a batch gains more than its epoch", 1, batch / epoch),
        least("all three fixes, epoch", 1.15, ours["all three: epoch"]),
    ]
    for fix in ("read", "normalize"):
        found += [
            least(f"{fix}: step", 1.1, ours[f"{fix}: step"]),
            most(f"{fix}: batch", 1.3, ours[f"{fix}: batch"]),
        ]
    return found


def _own() -> list[Case]:
    with tempfile.TemporaryDirectory() as folder:
        took, _, results = run_own(Path(folder))
    return [
        most("notebook 03 takes a minute", 60, took, unit="s"),
        least(
            "one warpAffine in place of random_transform", 2, _ratio(results, "random_transform")
        ),
        least("OpenCV in place of Pillow's resize", 1.15, _ratio(results, "scan.resize")),
        least("the mended generator", 1.3, race_of(**results["race"]).times_as_fast("mended").low),
        least("the fast iterator", 1, results["holds"][2]),
    ]


def _ratio(results: dict[str, Any], code: str) -> float:
    """Lower quartile of the advice on this code; 0 if there is none."""
    found = (ratio for before, _, _, ratio in results["advice"] if code in before)
    return next(found, 0.0)
