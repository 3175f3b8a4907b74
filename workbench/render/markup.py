"""Pieces of HTML: a fragment for notebooks, or a document of its own.

All text from users' code goes through `text`. An untrusted notebook drops the style sheet: the
table, its figures and the source's white space remain.
"""

from __future__ import annotations

import html
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from workbench.render.words import visible

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
    return html.escape(visible(value))


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


def bar(share: float, number: str, kind: str = "") -> str:
    """A length beside its number; the number is what is read aloud."""
    width = min(max(share, 0.0), 1.0)
    return (
        f'<span class="wbs-bar {kind}"><i style="width:{width:.1%}"></i></span>'
        f"<span>{number}</span>"
    )
