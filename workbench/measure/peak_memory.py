"""Peak memory of a call."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable


def peak_bytes(call: Callable[[], object]) -> int:
    """Peak memory that a call newly allocates, through Python and NumPy.

    Its result is dropped at once: a batch that stays alive makes the next ones slower.
    """
    started_here = not tracemalloc.is_tracing()
    if started_here:
        tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        call()
        return max(0, tracemalloc.get_traced_memory()[1] - before)
    finally:
        if started_here:
            tracemalloc.stop()
