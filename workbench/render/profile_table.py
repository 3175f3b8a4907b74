"""A `LineProfile`: its hot lines, then every function line by line, then notes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from workbench.printable import place
from workbench.render import markup, terminal, words

if TYPE_CHECKING:
    from workbench.measure.line_profile import LineProfile
    from workbench.measure.profile_parts import Function, HotLine, Line

TITLE = "Line profile"
COLUMNS = ("share", "ms/batch", "±", "hits", "ms/hit", "line", "source")
TEXT_COLUMNS = f"{'share':>7} {'ms/batch':>10} {'hits':>8} {'line':>5}  source"


def text(profile: LineProfile) -> str:
    """The whole profile as text."""
    rows = terminal.wrapped(words.head(profile))
    for number, line in enumerate(profile.hot[: words.HOT_LINES], 1):
        rows += _hot_text(number, line)
    rows += terminal.wrapped(words.outside(profile))
    for function in profile.functions:
        rows += ["", *_function_text(function, profile)]
    remarks = [*words.notes(profile), *words.hints(profile)]
    rows += ["", *(row for each in remarks for row in terminal.wrapped(each))] if remarks else []
    return "\n".join(terminal.cut(row) for row in rows)


def html(profile: LineProfile) -> str:
    """The whole profile as HTML."""
    hot = "".join(f"<li>{_hot_html(line)}</li>\n" for line in profile.hot[: words.HOT_LINES])
    bodies = "\n".join(_function_html(function, profile) for function in profile.functions)
    return (
        (f'<ol class="wbs-hot">\n{hot}</ol>\n' if hot else "")
        + '<div class="wbs-scroll"><table class="wbs-lines">'
        + f"<caption>Where one batch goes · {markup.text(words.head(profile))}</caption>\n"
        + f"{markup.header(COLUMNS)}\n{bodies}\n</table></div>\n"
        + markup.paragraphs([words.outside(profile), *words.notes(profile), *words.hints(profile)])
    )


def _hot_text(number: int, line: HotLine) -> list[str]:
    # Cut the source rather than the position, which comes after it.
    short = replace(line, source=terminal.cut(line.source.strip(), terminal.SOURCE), parts=())
    return [f"  {number}. {short}", *(f"     {each}" for each in words.details(line))]


def _function_text(function: Function, profile: LineProfile) -> list[str]:
    where = place(function.file, function.first_line)
    sources = terminal.sources([line.source for line in function.lines])
    pairs = zip(function.lines, sources, strict=True)
    rows = [_line_text(line, source, profile) for line, source in pairs] or [f"{'':25} (no lines)"]
    return [f"{function.share:7.1%}  {function.name}  ({where})", TEXT_COLUMNS, *rows]


def _line_text(line: Line, source: str, profile: LineProfile) -> str:
    if not line.hits:
        return f"{'':27} {line.line:5d}  {source}"
    source = source or "(no source)"
    digits = words.decimals(profile.batch_seconds * 1e3)
    milliseconds = f"{line.seconds / max(1, profile.batches) * 1e3:.{digits}f}"
    about = "≈" if line.approximate else ""
    return f"{line.share:7.1%} {about + milliseconds:>10} {line.hits:8d} {line.line:5d}  {source}"


def _hot_html(line: HotLine) -> str:
    short = line.source.strip()
    shown = f"<code>{markup.text(short)}</code>" if short else "(no source)"
    where = markup.text(f"{place(line.file, line.line)} · {line.function}")
    details = "".join(
        f'<br><small class="wbs-parts">{markup.text(each)}</small>' for each in words.details(line)
    )
    return f"<b>{line.self_share:.0%}</b> {shown} <small>{where}</small>{details}"


def _function_html(function: Function, profile: LineProfile) -> str:
    calls = f"{function.calls / max(1, profile.batches):.4g}"
    rest = f"{place(function.file, function.first_line)} · calls per batch: {calls}"
    rows = "\n".join(_line_html(line, profile) for line in function.lines)
    head = markup.title(function.name, rest, len(COLUMNS), f"{function.share:.1%} ")
    return f"<tbody>{head}{rows}</tbody>"


def _line_html(line: Line, profile: LineProfile) -> str:
    known = line.source or not line.hits
    cell = markup.source(line.source) if known else f"<td {markup.SOURCE}>(no source)</td>"
    tail = f'<th scope="row">{line.line}</th>{cell}</tr>'
    if not line.hits:
        return f'<tr class="wbs-idle"><td colspan="5"></td>{tail}'
    digits = words.decimals(profile.batch_seconds * 1e3)
    milliseconds = line.seconds * 1e3
    about = "≈ " if line.approximate else ""
    return (
        f"<tr><td>{markup.bar(line.share, f'{line.share:.1%}')}</td>"
        f"<td>{about}{milliseconds / max(1, profile.batches):.{digits}f}</td>"
        f"<td>{line.spread * 1e3:.{digits}f}</td><td>{line.hits}</td>"
        f"<td>{words.figure(milliseconds / line.hits)}</td>{tail}"
    )
