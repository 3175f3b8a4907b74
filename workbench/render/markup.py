"""Pieces of HTML, for a fragment in a notebook or for a whole page.

All text from users' code goes through `text`. An untrusted notebook drops the style sheet, but
keeps the table, its figures and the white space of source lines.
"""

from __future__ import annotations

import html
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from workbench.printable import visible

# Inline, because code would lose its indentation where the style sheet is dropped.
SOURCE = 'style="text-align:left;white-space:pre"'


@cache
def style(name: str) -> str:
    """A style sheet next to this module."""
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def document(title: str, body: str) -> str:
    """A page that needs no other file, and may not load any."""
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
    """HTML for a notebook's output."""
    return f'<div class="wb-static"><style>\n{style("static.css")}</style>\n{body}\n</div>'


def text(value: str) -> str:
    """Text escaped for elements and attributes."""
    return html.escape(visible(value))


def source(value: str) -> str:
    """A table cell with a line of source, including its white space."""
    return f"<td {SOURCE}><code>{text(value)}</code></td>"


def title(name: str, rest: str, columns: int, before: str = "") -> str:
    """A table row with the title of a function."""
    return (
        f'<tr><th colspan="{columns}" scope="rowgroup" {SOURCE}>{before}'
        f"<code>{text(name)}</code> <small>{text(rest)}</small></th></tr>\n"
    )


def paragraphs(sentences: Iterable[str]) -> str:
    """A paragraph for each sentence that is not empty."""
    return "".join(f"<p>{text(sentence)}</p>" for sentence in sentences if sentence)


def header(columns: Iterable[str]) -> str:
    """The head of a table."""
    cells = "".join(f'<th scope="col">{text(column)}</th>' for column in columns)
    return f"<thead><tr>{cells}</tr></thead>"


def bar(share: float, number: str, kind: str = "") -> str:
    """A bar next to its number, which is what a screen reader reads."""
    width = min(max(share, 0.0), 1.0)
    return (
        f'<span class="wbs-bar {kind}"><i style="width:{width:.1%}"></i></span>'
        f"<span>{number}</span>"
    )
