"""A line profile as HTML: a fragment for notebooks, or a document of its own.

All text from users' code goes through `text`. Where a notebook is not trusted the style is dropped:
the table, its figures and the source's white space stay.
"""

from __future__ import annotations

import html
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.render import words

if TYPE_CHECKING:
    from workbench.measure.line_profile import Function, HotLine, Line, LineProfile, Part

COLUMNS = ("share", "ms/batch", "±", "hits", "ms/hit", "line", "source")
# Without the style sheet, as in a notebook that is not trusted, code would lose its indentation.
SOURCE = 'style="text-align:left;white-space:pre"'


@cache
def style(name: str) -> str:
    """A style sheet from beside this module."""
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def document(title: str, body: str) -> str:
    """A page that needs nothing else, and is allowed nothing else."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        '<meta name="viewport" content="width=device-width"><meta name="color-scheme" '
        f'content="light dark"><title>{text(title)}</title>'
        f"<style>\n{style('page.css')}{style('static.css')}</style></head>\n"
        f'<body><main class="wb-static">\n{body}\n</main></body></html>\n'
    )


def fragment(body: str) -> str:
    """For a notebook's output."""
    return f'<div class="wb-static"><style>\n{style("static.css")}</style>\n{body}\n</div>'


def text(value: str) -> str:
    """Text from anywhere, made safe inside elements and attributes."""
    return html.escape(words.visible(value))


def source(value: str) -> str:
    """A cell with a line of source, its white space kept."""
    return f"<td {SOURCE}><code>{text(value)}</code></td>"


def title(name: str, rest: str, columns: int, before: str = "") -> str:
    """A row that begins a function."""
    return (
        f'<tr><th colspan="{columns}" scope="rowgroup" {SOURCE}>{before}'
        f"<code>{text(name)}</code> <small>{text(rest)}</small></th></tr>\n"
    )


def paragraphs(sentences: Iterable[str]) -> str:
    """Each sentence that is not empty."""
    return "".join(f"<p>{text(sentence)}</p>" for sentence in sentences if sentence)


def header(columns: Iterable[str]) -> str:
    """A table's head."""
    cells = "".join(f'<th scope="col">{text(column)}</th>' for column in columns)
    return f"<thead><tr>{cells}</tr></thead>"


def profile(of: LineProfile) -> str:
    """Hot lines, then every function with all its lines, then what to know about them."""
    hot = "".join(f"<li>{_hot(line)}</li>\n" for line in of.hot[: words.HOT_LINES])
    bodies = "\n".join(_function(function, of) for function in of.functions)
    return (
        (f'<ol class="wbs-hot">\n{hot}</ol>\n' if hot else "")
        + '<div class="wbs-scroll"><table class="wbs-lines">'
        + f"<caption>Where one batch goes · {text(words.head(of))}</caption>\n"
        + f"{header(COLUMNS)}\n{bodies}\n</table></div>\n"
        + paragraphs([words.outside(of), *words.notes(of), *words.hints(of)])
    )


def _hot(line: HotLine) -> str:
    short = line.source.strip()
    shown = f"<code>{text(short)}</code>" if short else "(no source)"
    where = text(f"{words.place(line.file, line.line)} · {line.function}")
    return f"<b>{line.self_share:.0%}</b> {shown} <small>{where}</small>{_parts(line.parts)}"


def _parts(parts: tuple[Part, ...]) -> str:
    if not parts:
        return ""
    return f'<br><small class="wbs-parts">of it {text(words.parts(parts))}</small>'


def _function(function: Function, of: LineProfile) -> str:
    calls = f"{function.calls / max(1, of.batches):.4g}"
    rest = f"{words.place(function.file, function.first_line)} · calls a batch: {calls}"
    rows = "\n".join(_line(line, of) for line in function.lines)
    head = title(function.name, rest, len(COLUMNS), f"{function.share:.1%} ")
    return f"<tbody>{head}{rows}</tbody>"


def _line(line: Line, of: LineProfile) -> str:
    known = line.source or not line.hits
    cell = source(line.source) if known else f"<td {SOURCE}>(no source)</td>"
    tail = f'<th scope="row">{line.line}</th>{cell}</tr>'
    if not line.hits:
        return f'<tr class="wbs-idle"><td colspan="5"></td>{tail}'
    digits = words.decimals(of.batch_seconds * 1e3)
    milliseconds = line.seconds * 1e3
    about = "≈ " if line.approximate else ""
    return (
        f"<tr><td>{bar(line.share, f'{line.share:.1%}')}</td>"
        f"<td>{about}{milliseconds / max(1, of.batches):.{digits}f}</td>"
        f"<td>{line.spread * 1e3:.{digits}f}</td><td>{line.hits}</td>"
        f"<td>{words.figure(milliseconds / line.hits)}</td>{tail}"
    )


def bar(share: float, number: str, kind: str = "") -> str:
    """A length beside its number; the number is what is read aloud."""
    width = min(max(share, 0.0), 1.0)
    return (
        f'<span class="wbs-bar {kind}"><i style="width:{width:.1%}"></i></span>'
        f"<span>{number}</span>"
    )
