"""How much a loader keeps of its batches, and when it has to stop because of that."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from time import monotonic
from typing import Any

import psutil

from workbench.isolation.held_parts import Part

# Share of the free memory after which a loader that keeps growing is stopped, and seconds between
# two looks, in which it can hardly take as much again.
MOST_OF_MEMORY, LOOK_SECONDS = 0.1, 0.05
# Batches after which the memory of the process counts. Until then it fills caches and queues.
FIRST_BATCHES = 24


class KeepsGrowing(RuntimeError):
    """A loader would fill the memory."""


class Growth:
    """Growth of what a loader holds, per batch.

    Args:
        saved: What it holds, each with its first content.
        is_alone: Whether nothing else may allocate much meanwhile, so that the memory of the
            process tells what is kept elsewhere.
    """

    def __init__(self, saved: Sequence[tuple[Part, Any]], *, is_alone: bool) -> None:
        self._saved = [(part, before) for part, before in saved if part.name]
        self._count, self._batches = itertools.count(1), 0
        self._look_at = 0.0
        self._free, self._is_alone = psutil.virtual_memory().available, is_alone
        self._first: tuple[int, int] | None = None  # (bytes, batches)

    def check(self) -> None:
        """Count a batch. May be called from any thread.

        Raises:
            KeepsGrowing: If the loader has taken too much memory.
        """
        self._batches = next(self._count)
        if (now := monotonic()) < self._look_at:
            return
        self._look_at = now + LOOK_SECONDS
        limit = MOST_OF_MEMORY * self._free
        if sum(part.added(before)[1] for part, before in self._saved) > limit:
            raise KeepsGrowing(f"{self._stopped()} {' '.join(self.sentences())}")
        if self._is_alone and self._batches >= FIRST_BATCHES:
            self._first = self._first or (_own_bytes(), self._batches)
            beyond, batches = _own_bytes() - self._first[0], self._batches - self._first[1]
            if beyond > limit:
                raise KeepsGrowing(
                    f"{self._stopped()} It keeps {_size(beyond / max(1, batches))} per batch, not "
                    "in a list or dict that it holds."
                )

    def sentences(self) -> list[str]:
        """What has grown."""
        found = []
        for part, before in self._saved:
            count, size = part.added(before)
            if count:
                what = f"{count:,} entries ({_size(size)})"
                where = f"its {type(part.value).__name__} {part.name}"
                n = self._batches
                rate = f" in {n:,} batches: {_size(size / n)} per batch" if n else ""
                found.append(f"The loader added {what} to {where}{rate}.")
        return list(dict.fromkeys(found))

    def _stopped(self) -> str:
        return (
            f"Stopped after {self._batches:,} batches, because the loader has taken "
            f"{MOST_OF_MEMORY:.0%} of the free memory."
        )


def _size(size: float) -> str:
    return f"{size / 1e6:,.3g} MB" if size >= 1e5 else f"{size / 1e3:,.3g} kB"


def _own_bytes() -> int:
    """Memory of this process without mapped files, whose pages belong to the system's cache."""
    memory = psutil.Process().memory_info()
    return int(memory.rss - getattr(memory, "shared", 0))
