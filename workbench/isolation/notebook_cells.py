"""Count the cells of the notebook: what one has set since must not be restored to what it was."""

from __future__ import annotations

_begun = [0]


def note_cell() -> None:
    """Note that a cell begins."""
    _begun[0] += 1


def cells_begun() -> int:
    """Number of cells that have begun while a panel was open."""
    return _begun[0]
