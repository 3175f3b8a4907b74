"""A line profile as the plain data that the panel's table is drawn from."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from pygments.lexers import PythonLexer
from pygments.token import Comment, Keyword, Name, Number, Operator, String

from workbench.measure.profile import Function, Line, LineProfile

# Kinds of token that get a colour; the rest is plain.
COLOURS = {
    Comment: "comment",
    String: "string",
    Keyword: "keyword",
    Number: "number",
    Operator.Word: "keyword",
    Name.Builtin: "builtin",
    Name.Function: "def",
    Name.Class: "def",
    Name.Decorator: "meta",
}
HOT_LINES = 5
FOLDED = [("folded", "")]


NOTE = (
    "Times are scaled to batches that ran without the profiler, in alternation. "
    "± is the standard deviation from batch to batch. "
    "≈ marks lines of under a microsecond a hit, where the profiler's own cost is as large."
)


def rows(profile: LineProfile) -> dict[str, Any]:
    """Data for the table: each function's lines, with the tokens of their source."""
    slows = f"the profiler slows it by {profile.slowdown:.2f}×"
    caption = (
        f"Where one batch goes · {profile.batch_seconds * 1e3:.3g} ms unprofiled · this thread · "
        f"batches: {profile.batches} · "
        # Less than nothing is noise.
        + (slows if profile.slowdown > 1.02 else "the profiler's cost is below the noise")
    )
    functions = [_function(f, profile.batches) for f in profile.functions]
    return {"caption": caption, "note": NOTE, "functions": functions}


def hot_lines(profile: LineProfile) -> dict[str, Any]:
    """Data for the list of the lines that take most of the time themselves."""
    return {
        "lines": [
            {
                "source": line.source.strip() or f"{line.function}, no source",
                "place": f"{Path(line.file).name}:{line.line}",
                "share": line.self_share,
            }
            for line in profile.hot[:HOT_LINES]
        ]
    }


def _function(function: Function, batches: int) -> dict[str, Any]:
    tokens = _tokens(tuple(line.source for line in function.lines))
    return {
        "key": f"{function.file}:{function.first_line}:{function.name}",
        "name": function.name,
        "place": f"{Path(function.file).name}:{function.first_line}",
        "share": function.share,
        "calls": function.calls // batches,
        "lines": [
            _line(line, batches, spans)
            for line, spans in zip(function.lines, tokens, strict=True)
            if spans != FOLDED
        ],
    }


def _line(line: Line, batches: int, spans: list[tuple[str, str]]) -> dict[str, Any]:
    return {
        "line": line.line,
        "hits": line.hits,
        "share": line.share,
        "ms": line.seconds / batches * 1e3,
        "spread": line.spread * 1e3,
        "hit_ms": line.seconds / line.hits * 1e3 if line.hits else 0.0,
        "approximate": line.approximate,
        "tokens": spans,
    }


@lru_cache(maxsize=256)
def _tokens(source: tuple[str, ...]) -> list[list[tuple[str, str]]]:
    """For each line its (colour, text) spans, the common indentation removed.

    Of a docstring only the first line is kept; the others are `FOLDED`.
    """
    indent = min((len(s) - len(s.lstrip()) for s in source if s.strip()), default=0)
    lexer = PythonLexer(stripnl=False, ensurenl=False)
    lines: list[list[tuple[str, str]]] = [[]]
    for kind, text in lexer.get_tokens("\n".join(line[indent:] for line in source)):
        colour = next((name for of, name in COLOURS.items() if kind in of), "")
        first, *rest = text.split("\n")
        if kind in String.Doc and rest:
            lines[-1].append((colour, f"{first} …"))
            lines.extend([list(FOLDED) for _ in rest])
            continue
        # What follows a folded docstring on its last line is only the line's end.
        if lines[-1] != FOLDED:
            lines[-1].append((colour, first))
        lines.extend([(colour, part)] for part in rest)
    return lines[: len(source)]
