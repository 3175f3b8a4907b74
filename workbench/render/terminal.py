"""Rows of text for terminals and logs."""

from __future__ import annotations

from textwrap import dedent, wrap

from workbench.printable import visible

WIDTH = 110  # a longer line would wrap and break the columns
SOURCE = 64  # characters for the source of a hot line
TAB = 4


def wrapped(sentence: str) -> list[str]:
    """A sentence in rows of at most `WIDTH` characters."""
    return wrap(sentence, WIDTH, subsequent_indent="  ")


def cut(row: str, width: int = WIDTH) -> str:
    """One terminal line of at most `width` characters, control characters made visible."""
    row = visible(row.expandtabs(TAB)).rstrip()
    return row if len(row) <= width else row[: width - 1] + "…"


def sources(lines: list[str]) -> list[str]:
    """Lines of source with tabs expanded and their common indentation removed."""
    if not lines:
        return []
    plain = [visible(line.expandtabs(TAB)) for line in lines]
    return dedent("\n".join(plain)).split("\n")
