"""A `ProfileComparison`: a diff with the time of each line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from workbench.printable import file_name
from workbench.render import markup, terminal, words

if TYPE_CHECKING:
    from workbench.measure.profile_comparison import (
        FunctionChange,
        LineChange,
        ProfileComparison,
        ProfileSummary,
    )

TITLE = "Before and after"
COLUMNS = ("before ms", "after ms", "change", "±", "line was", "line is", "diff", "source")
LEGEND = (
    "Milliseconds per batch, callees included. ± is the standard error of the change, from the "
    "spread between batches; * marks changes of more than twice that."
)

MARKS = {"same": "", "moved": "↕", "added": "+", "removed": "-"}
CLASSES = {"-": "wbs-gone", "+": "wbs-new"}


class Row(NamedTuple):
    """A row of the diff. An edited line has two."""

    mark: str
    lines: tuple[int | None, int | None]
    before: str
    after: str
    change: LineChange | None  # if this row shows the difference
    source: str


def text(comparison: ProfileComparison) -> str:
    """The diff as text, without unchanged lines that did not run."""
    rows = [*terminal.wrapped(_head(comparison)), *_warnings(comparison)]
    for function in comparison.functions:
        rows += ["", *_function_text(function, _digits(comparison))]
    return "\n".join(terminal.cut(row) for row in [*rows, "", *terminal.wrapped(LEGEND)])


def html(comparison: ProfileComparison) -> str:
    """The diff as a table, with all lines."""
    bodies = "\n".join(_function_markup(function, comparison) for function in comparison.functions)
    return (
        f'<div class="wbs-scroll"><table class="wbs-lines">'
        f"<caption>{markup.text(_head(comparison))}</caption>\n"
        f"{markup.header(COLUMNS)}\n{bodies}\n</table></div>\n"
        f"{markup.paragraphs([*_warnings(comparison), LEGEND])}"
    )


def _head(comparison: ProfileComparison) -> str:
    before, after = (words.figure(run.batch_ms) for run in (comparison.before, comparison.after))
    ratio = f": {comparison.speedup:.2f}x as fast" if comparison.speedup else ""
    return f"{before} ms per batch before, {after} ms after{ratio} ({_ran(comparison.after)})"


def _ran(run: ProfileSummary) -> str:
    return words.runners(run.workers, run.use_multiprocessing)


def _digits(comparison: ProfileComparison) -> int:
    return words.decimals(max(comparison.before.batch_ms, comparison.after.batch_ms))


def _warnings(comparison: ProfileComparison) -> list[str]:
    """Where the two profiles differ by more than the code."""
    before, after = comparison.before, comparison.after
    sentences = []
    if before.samples != after.samples:
        sentences.append(
            f"Batches differ: {before.samples:.4g} samples before, {after.samples:.4g} after."
        )
    if _ran(before) != _ran(after):
        sentences.append(f"Workers differ: {_ran(before)} before, {_ran(after)} after.")
    return sentences


def _rows(function: FunctionChange, digits: int) -> Iterator[Row]:
    for line in function.lines:
        numbers = line.before_line, line.after_line
        # A line that did not run has no time, rather than a measured 0.
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
    """The difference and its standard error."""
    noise = "±?" if change.noise_ms is None else f"±{change.noise_ms:.{digits}f}"
    return f"{change.difference_ms:+.{digits}f}", noise + (" *" if change.clear else "")


def _title(function: FunctionChange) -> tuple[str, str]:
    """The function's names, then its file and times."""
    names = dict.fromkeys(name for name in (function.before, function.after) if name is not None)
    only = " (removed)" if function.after is None else " (added)" if function.before is None else ""
    figures = f"{words.figure(function.before_ms)} → {words.figure(function.after_ms)} ms"
    file = file_name(function.file)
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


def _function_markup(function: FunctionChange, comparison: ProfileComparison) -> str:
    name, rest = _title(function)
    rows = "\n".join(_row_markup(row, comparison) for row in _rows(function, _digits(comparison)))
    return f"<tbody>{markup.title(name, rest, len(COLUMNS))}{rows}</tbody>"


def _row_markup(row: Row, comparison: ProfileComparison) -> str:
    kind = CLASSES.get(row.mark, "" if row.before or row.after else "wbs-idle")
    numbers = "".join(f'<th scope="row">{n}</th>' if n else "<td></td>" for n in row.lines)
    return (
        f'<tr class="{kind}"><td>{row.before}</td><td>{row.after}</td>'
        f"{_change_cells(row, comparison)}{numbers}<td>{row.mark}</td>"
        f"{markup.source(row.source)}</tr>"
    )


def _change_cells(row: Row, comparison: ProfileComparison) -> str:
    if row.change is None:
        return "<td></td><td></td>"
    difference, noise = _difference(row.change, _digits(comparison))
    kind = "wbs-slower" if row.change.difference_ms > 0 else "wbs-faster"
    top = max(comparison.before.batch_ms, comparison.after.batch_ms)
    share = abs(row.change.difference_ms) / top if top else 0.0
    bar = markup.bar(share, difference, kind if row.change.clear else "wbs-unclear")
    return f"<td>{bar}</td><td>{noise}</td>"
