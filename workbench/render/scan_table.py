"""A `Scan`: a table of counts, then the names of unreadable files."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.pipeline.images.scan import Scan

TITLE = "Image files"
NAMED = 5  # unreadable files that are named; the rest is counted


def text(scan: Scan) -> str:
    """A row for each count."""
    lines = [f"{name:<15} {counts}" for name, counts in scan.table().items()]
    lines += [f"  {path}: {why}" for path, why in list(scan.unreadable.items())[:NAMED]]
    more = len(scan.unreadable) - NAMED
    return "\n".join([*lines, *([f"  and {more} more"] if more > 0 else [])])
