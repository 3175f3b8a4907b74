"""Before and after as text and as HTML: a diff with prices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from workbench.render import markup, terminal, words

if TYPE_CHECKING:
    from workbench.measure.compare_profiles import (
        FunctionChange,
        LineChange,
        ProfileComparison,
        Run,
    )

TITLE = "Before and after"
COLUMNS = ("before ms", "after ms", "change", "±", "line was", "line is", "diff", "source")
LEGEND = (
    "Milliseconds a batch, callees included. ± is the standard error of the change, from the "
    "spread between batches; * marks changes of more than twice that."
)

MARKS = {"same": "", "moved": "↕", "added": "+", "removed": "-"}
CLASSES = {"-": "wbs-gone", "+": "wbs-new"}


class Row(NamedTuple):
    """A line as it is shown: an edited one is two rows, as in a diff."""

    mark: str
    lines: tuple[int | None, int | None]
    before: str
    after: str
    change: LineChange | None  # where the difference stands
    source: str


def text(of: ProfileComparison) -> str:
    """As text; lines that did not run on either side are shown only where they changed."""
    rows = [*terminal.wrapped(_head(of)), *_warnings(of)]
    for function in of.functions:
        rows += ["", *_function_text(function, _digits(of))]
    return "\n".join(terminal.cut(row) for row in [*rows, "", *terminal.wrapped(LEGEND)])


def html(of: ProfileComparison) -> str:
    """As HTML, whole functions."""
    bodies = "\n".join(_function_markup(function, of) for function in of.functions)
    return (
        f'<div class="wbs-scroll"><table class="wbs-lines">'
        f"<caption>{markup.text(_head(of))}</caption>\n"
        f"{markup.header(COLUMNS)}\n{bodies}\n</table></div>\n"
        f"{markup.paragraphs([*_warnings(of), LEGEND])}"
    )


def _head(of: ProfileComparison) -> str:
    before, after = (words.figure(run.batch_ms) for run in (of.before, of.after))
    ratio = f": {of.speedup:.2f}x as fast" if of.speedup else ""
    return f"{before} ms a batch before, {after} ms after{ratio} ({_ran(of.after)})"


def _ran(run: Run) -> str:
    return words.runners(run.workers, run.use_multiprocessing)


def _digits(of: ProfileComparison) -> int:
    return words.decimals(max(of.before.batch_ms, of.after.batch_ms))


def _warnings(of: ProfileComparison) -> list[str]:
    """Where the two profiles differ by more than the code."""
    sentences = []
    if of.before.samples != of.after.samples:
        sentences.append(
            f"Batches differ: {of.before.samples:.4g} samples before, {of.after.samples:.4g} after."
        )
    if _ran(of.before) != _ran(of.after):
        sentences.append(f"Workers differ: {_ran(of.before)} before, {_ran(of.after)} after.")
    return sentences


def _rows(function: FunctionChange, digits: int) -> Iterator[Row]:
    for line in function.lines:
        numbers = line.before_line, line.after_line
        # What did not run costs nothing, and is not a measured 0.
        before, after = (f"{ms:.{digits}f}" if ms else "" for ms in (line.before_ms, line.after_ms))
        if line.kind == "edited":
            yield Row("-", (numbers[0], None), before, "", None, line.before_source)
            yield Row("+", (None, numbers[1]), "", after, _priced(line), line.after_source)
        else:
            source = line.before_source if line.after_line is None else line.after_source
            yield Row(MARKS[line.kind], numbers, before, after, _priced(line), source)


def _priced(line: LineChange) -> LineChange | None:
    return line if line.before_ms or line.after_ms else None


def _difference(change: LineChange, digits: int) -> tuple[str, str]:
    """The difference and its noise."""
    noise = "±?" if change.noise_ms is None else f"±{change.noise_ms:.{digits}f}"
    return f"{change.difference_ms:+.{digits}f}", noise + (" *" if change.clear else "")


def _title(function: FunctionChange) -> tuple[str, str]:
    """Its name, or both; then where it is and what it costs."""
    names = dict.fromkeys(name for name in (function.before, function.after) if name is not None)
    only = " (removed)" if function.after is None else " (added)" if function.before is None else ""
    figures = f"{words.figure(function.before_ms)} → {words.figure(function.after_ms)} ms"
    file = words.file_name(function.file)
    return " → ".join(names) + only, f"{file} · {figures}"


def _function_text(function: FunctionChange, digits: int) -> list[str]:
    rows = [row for row in _rows(function, digits) if row.mark or row.before or row.after]
    sources = terminal.sources([row.source for row in rows])
    columns = f"{'before ms':>10} {'after ms':>10} {'change':>10}  {'±':<11}   source"
    shown = [_row_text(row, source, digits) for row, source in zip(rows, sources, strict=True)]
    return ["  ".join(_title(function)), columns, *shown]


def _row_text(row: Row, source: str, digits: int) -> str:
    difference, noise = _difference(row.change, digits) if row.change else ("", "")
    figures = f"{row.before:>10} {row.after:>10} {difference:>10}  {noise:<11}"
    return f"{figures} {row.mark or ' '} {source}"


def _function_markup(function: FunctionChange, of: ProfileComparison) -> str:
    name, rest = _title(function)
    rows = "\n".join(_row_markup(row, of) for row in _rows(function, _digits(of)))
    return f"<tbody>{markup.title(name, rest, len(COLUMNS))}{rows}</tbody>"


def _row_markup(row: Row, of: ProfileComparison) -> str:
    kind = CLASSES.get(row.mark, "" if row.before or row.after else "wbs-idle")
    numbers = "".join(f'<th scope="row">{n}</th>' if n else "<td></td>" for n in row.lines)
    return (
        f'<tr class="{kind}"><td>{row.before}</td><td>{row.after}</td>{_change_cells(row, of)}'
        f"{numbers}<td>{row.mark}</td>{markup.source(row.source)}</tr>"
    )


def _change_cells(row: Row, of: ProfileComparison) -> str:
    if row.change is None:
        return "<td></td><td></td>"
    difference, noise = _difference(row.change, _digits(of))
    kind = "wbs-slower" if row.change.difference_ms > 0 else "wbs-faster"
    top = max(of.before.batch_ms, of.after.batch_ms)
    share = abs(row.change.difference_ms) / top if top else 0.0
    bar = markup.bar(share, difference, kind if row.change.clear else "wbs-unclear")
    return f"<td>{bar}</td><td>{noise}</td>"
