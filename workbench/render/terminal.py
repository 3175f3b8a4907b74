"""Rows of text for terminals and logs."""

from __future__ import annotations

from textwrap import dedent, wrap

from workbench.render.words import visible

WIDTH = 110  # a longer line would wrap, and hide the columns of the next
SOURCE = 64  # characters of it for a hot line's source
TAB = 4


def wrapped(sentence: str) -> list[str]:
    """A sentence in rows of at most `WIDTH`."""
    return wrap(sentence, WIDTH, subsequent_indent="  ")


def cut(row: str, width: int = WIDTH) -> str:
    """One line of a terminal: control characters visible, and not longer than `width`."""
    row = visible(row.expandtabs(TAB)).rstrip()
    return row if len(row) <= width else row[: width - 1] + "…"


def sources(lines: list[str]) -> list[str]:
    """Lines of source with tabs expanded and their common indentation removed."""
    if not lines:
        return []
    plain = [visible(line.expandtabs(TAB)) for line in lines]
    return dedent("\n".join(plain)).split("\n")
