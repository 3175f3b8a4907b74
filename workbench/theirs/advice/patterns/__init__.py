"""What is known to be slow, one kind a module: what it looks like, and what is faster.

Adding a pattern: one module with `match`, one name in `PATTERNS`. Functions of a pattern that are
shown to the user are those that were timed: they stand on their own, imports included.
"""

from __future__ import annotations

from workbench.theirs.advice.patterns import (
    allocate,
    assemble,
    decode,
    remember,
    resize,
    standardize,
    transform,
    types,
)
from workbench.theirs.advice.remedy import Match

PATTERNS: tuple[Match, ...] = (
    transform.match,
    resize.match,
    decode.match,
    remember.match,
    standardize.match,
    types.match,
    allocate.match,
    assemble.match,
)
