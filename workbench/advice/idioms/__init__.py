"""What is known to be slow, one kind a module: what it looks like, and what is faster.

Adding a pattern: one module with `match`, one name in `PATTERNS`. Functions of a pattern that are
shown to the user are those that were timed: they stand on their own, imports included.
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
