"""Restore what a loader holds or was given, and report what cannot be restored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from workbench.isolation.growth import Growth
from workbench.isolation.held_parts import parts_of


class HeldState:
    """What a loader holds or was given, saved when this is made.

    Args:
        *roots: The loader, and what the user passed, if it is not the loader.
        used: Functions of which only the random generators are restored.

    Attributes:
        growth: How what it holds grows.
        report: What has grown or could not be restored, as sentences.
    """

    def __init__(self, *roots: Any, used: Iterable[Any] = ()) -> None:
        self._saved = [(part, part.read()) for part in parts_of(*roots, used=used)]
        self.growth = Growth(self._saved, is_alone=True)
        self.report: tuple[str, ...] = ()

    @contextmanager
    def restored(self) -> Iterator[None]:
        """Restore everything in place at the end."""
        try:
            yield
        finally:
            self.report = self._restore()

    def _restore(self) -> tuple[str, ...]:
        report = self.growth.sentences()
        for part, before in self._saved:
            if part.is_restored:
                try:
                    part.write(before)
                except Exception as error:
                    name = f"{type(part.value).__name__} {part.name}".strip()
                    report.append(f"The loader's {name} could not be restored: {error}")
            elif change := part.change(before, part.read()):
                size = f"{part.value.nbytes / 1e6:,.0f} MB"
                report.append(f"The loader {change}, which is too large to be restored ({size}).")
        return tuple(dict.fromkeys(report))
