"""A `Scan`: a table of counts, then unreadable files by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.pipeline.images.scan import Scan

TITLE = "Image files"
NAMED = 5  # unreadable files named before the rest is counted


def text(of: Scan) -> str:
    """A row for each count."""
    lines = [f"{name:<15} {counts}" for name, counts in of.table().items()]
    lines += [f"  {path}: {why}" for path, why in list(of.unreadable.items())[:NAMED]]
    more = len(of.unreadable) - NAMED
    joined = "\n".join([*lines, *([f"  and {more} more"] if more > 0 else [])])
    return joined.encode(errors="backslashreplace").decode()  # file names may not be UTF-8
