"""A line profile as text, for terminals, logs and issues."""

from __future__ import annotations

from dataclasses import replace
from textwrap import dedent, wrap
from typing import TYPE_CHECKING

from workbench.render import words

if TYPE_CHECKING:
    from workbench.measure.line_profile import Function, HotLine, Line, LineProfile

WIDTH = 110  # a line that is longer would wrap, and hide the columns of the next
SOURCE = 64  # of it for a hot line's source
TAB = 4
COLUMNS = f"{'share':>7} {'ms/batch':>10} {'hits':>8} {'line':>5}  source"


def profile(of: LineProfile) -> str:
    """The whole profile: hot lines, then every function, then what to know about it."""
    hot = [
        row
        for number, line in enumerate(of.hot[: words.HOT_LINES], 1)
        for row in _hot(number, line)
    ]
    blocks = [_function(function, of) for function in of.functions]
    notes = [*words.notes(of), *words.hints(of)]
    rows = [*wrapped(words.head(of)), *hot, *wrapped(words.outside(of)), *_joined(blocks)]
    rows += ["", *(row for note in notes for row in wrapped(note))] if notes else []
    return "\n".join(cut(row) for row in rows)


def wrapped(sentence: str) -> list[str]:
    """A sentence in rows, nothing lost."""
    return wrap(sentence, WIDTH, subsequent_indent="  ")


def cut(row: str, width: int = WIDTH) -> str:
    """The row on one line of a terminal: nothing hidden in it, and not longer than `width`."""
    row = words.visible(row.expandtabs(TAB)).rstrip()
    return row if len(row) <= width else row[: width - 1] + "…"


def sources(lines: list[str]) -> list[str]:
    """Source with its tabs expanded and the indentation that all have removed."""
    if not lines:
        return []
    plain = [words.visible(line.expandtabs(TAB)) for line in lines]
    return dedent("\n".join(plain)).split("\n")


def _joined(blocks: list[list[str]]) -> list[str]:
    return [row for block in blocks for row in ["", *block]]


def _hot(number: int, line: HotLine) -> list[str]:
    # The place comes after the source, and must not be what is cut.
    short = replace(line, source=cut(line.source.strip(), SOURCE), parts=())
    parts = [f"     of it {words.parts(line.parts)}"] if line.parts else []
    return [f"  {number}. {short}", *parts]


def _function(function: Function, of: LineProfile) -> list[str]:
    where = words.place(function.file, function.first_line)
    texts = sources([line.source for line in function.lines])
    rows = [_line(line, text, of) for line, text in zip(function.lines, texts, strict=True)] or [
        f"{'':25} (no lines)"
    ]
    return [f"{function.share:7.1%}  {function.name}  ({where})", COLUMNS, *rows]


def _line(line: Line, source: str, of: LineProfile) -> str:
    if not line.hits:
        return f"{'':27} {line.line:5d}  {source}"
    source = source or "(no source)"
    milliseconds = (
        f"{line.seconds / max(1, of.batches) * 1e3:.{words.decimals(of.batch_seconds * 1e3)}f}"
    )
    about = "≈" if line.approximate else ""
    return f"{line.share:7.1%} {about + milliseconds:>10} {line.hits:8d} {line.line:5d}  {source}"
