"""A line profile as data for the page."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pygments.lexers import PythonLexer
from pygments.token import Comment, Keyword, Name, Number, Operator, String

from workbench.measure.line_profile import LineProfile
from workbench.measure.profile_parts import Function, Line
from workbench.printable import place
from workbench.render import words

# CSS classes of tokens; others are plain.
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
FOLDED = [("folded", "")]  # a line of a docstring that is not shown
LONGEST = 400  # characters of a line that are shown
NOTE = (
    "Times are scaled to batches that ran without the profiler, in alternation. "
    "± is the standard deviation from batch to batch."
)


def rows(profile: LineProfile) -> dict[str, Any]:
    """The table: the lines of each function, with the tokens of their source."""
    return {
        "caption": f"Where one batch goes · {words.head(profile)}",
        "note": NOTE,
        "notes": " ".join(filter(None, [words.outside(profile), *words.notes(profile)])),
        "waits": profile.outside["waiting"] > words.LEAST_SHARE,
        "functions": [_function(f, profile.batches) for f in profile.functions],
    }


def hot_lines(profile: LineProfile) -> dict[str, Any]:
    """The list of the lines that take the most time, without that of functions they call."""
    return {
        "lines": [
            {
                "source": line.source.strip()[:LONGEST] or f"{line.function}, no source",
                "place": place(line.file, line.line),
                "share": line.self_share,
                "parts": "; ".join(words.details(line)).removeprefix("including "),
            }
            for line in profile.hot[:HOT_LINES]
        ]
    }


def _function(function: Function, batches: int) -> dict[str, Any]:
    tokens = _tokens(tuple(line.source for line in function.lines))
    return {
        "key": f"{function.file}:{function.first_line}:{function.name}",
        "name": function.name,
        "place": place(function.file, function.first_line),
        "share": function.share,
        "calls": function.calls / max(1, batches),
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
        "ms": line.seconds / max(1, batches) * 1e3,
        "spread": line.spread * 1e3,
        "hit_ms": line.seconds / line.hits * 1e3 if line.hits else 0.0,
        "waiting": line.waiting,
        "approximate": line.approximate,
        "tokens": spans,
        "libraries": line.libraries if line.self_share > words.LEAST_SHARE else (),
    }


@lru_cache(maxsize=256)
def _tokens(source: tuple[str, ...]) -> list[list[tuple[str, str]]]:
    """The (CSS class, text) spans of each line, without the common indentation.

    All lines of a docstring but the first are `FOLDED`.
    """
    indent = min((len(s) - len(s.lstrip()) for s in source if s.strip()), default=0)
    lexer = PythonLexer(stripnl=False, ensurenl=False)
    lines: list[list[tuple[str, str]]] = [[]]
    shown = (line[indent:] for line in source)
    cut = (line if len(line) <= LONGEST else line[:LONGEST] + " …" for line in shown)
    for kind, text in lexer.get_tokens("\n".join(cut)):
        colour = next((name for of, name in COLOURS.items() if kind in of), "")
        first, *rest = text.split("\n")
        if kind in String.Doc and rest:
            lines[-1].append((colour, f"{first} …"))
            lines.extend([list(FOLDED) for _ in rest])
            continue
        # Only the line's end follows a docstring on its last line.
        if lines[-1] != FOLDED:
            lines[-1].append((colour, first))
        lines.extend([(colour, part)] for part in rest)
    return lines[: len(source)]
