"""Slow idioms, one per module: how to recognize it, and what to use instead.

To add one, write a module with a `match` function and add it to `PATTERNS`. The functions that are
shown to the user are the ones that are timed, so they must be complete without this package.
"""

from __future__ import annotations

from workbench.advice.idioms import (
    allocation,
    caching,
    decoding,
    dtypes,
    keras_transforms,
    resizing,
    stacking,
    standardizing,
)
from workbench.advice.remedy import Match

PATTERNS: tuple[Match, ...] = (
    keras_transforms.match,
    resizing.match,
    decoding.match,
    caching.match,
    standardizing.match,
    dtypes.match,
    allocation.match,
    stacking.match,
)
