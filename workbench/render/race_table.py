"""A `Race` as a table, and what a table of several races shares with it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from workbench.measure.race import LEAST_DIFFERENCE
from workbench.printable import visible
from workbench.render import markup
from workbench.render.words import figure

if TYPE_CHECKING:
    from workbench.measure.race import Race
    from workbench.measure.stats import Summary

TITLE = "Race"
NO_DIFFERENCE = "no difference seen"
Rows = list[list[str]]


def text(race: Race) -> str:
    """A row for each entrant, then how it was measured."""
    return table_text(_rows(race), _sentences(race))


def html(race: Race) -> str:
    """The same as an HTML table."""
    return table_html(_rows(race), _sentences(race))


def spread(summary: Summary, unit: str = "") -> str:
    """Median and quartiles: "12.3 ms (11.8-12.6)"; of a single value no quartiles."""
    if summary.n == 1:
        return f"{figure(summary.median)}{unit} (one value)"
    return f"{figure(summary.median)}{unit} ({figure(summary.low)}-{figure(summary.high)})"


def factor(race: Race, name: str) -> str:
    """Times as fast as the first, or that no difference was seen."""
    if race.verdict(name) == NO_DIFFERENCE:
        low, high = race.bounds(name)
        return f"{NO_DIFFERENCE} ({figure(low)}-{figure(high)})"
    return spread(race.times_as_fast(name), "×")


def table_text(rows: Rows, sentences: Iterable[str]) -> str:
    """Columns of text, then sentences."""
    rows = [[visible(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    return "\n".join([*lines, "", *map(visible, sentences)])


def table_html(rows: Rows, sentences: Iterable[str]) -> str:
    """An HTML table whose first row is its head, then sentences."""
    head, *body = rows
    lines = "\n".join(
        f'<tr><th scope="row">{markup.text(name)}</th>'
        + "".join(f"<td>{markup.text(cell)}</td>" for cell in cells)
        + "</tr>"
        for name, *cells in body
    )
    return (
        f"<style>\n{markup.style('race.css')}</style>\n"
        f'<div class="wbs-scroll"><table class="wbs-race">{markup.header(head)}\n'
        f"<tbody>{lines}</tbody></table></div>\n{markup.paragraphs(sentences)}"
    )


def how_measured(rounds: str, in_blocks: bool) -> str:
    """What the figures are, and what counts as a difference."""
    blocks = (
        " In a round, each makes a block of batches on its own; batches made ahead, in threads or "
        "processes, are left out."
    )
    return (
        f"Medians (quartiles) of {rounds} in alternation, after a warm-up; ratios compare runs of "
        f"the same round.{blocks if in_blocks else ''} A difference counts if the middle half of "
        "the ratios, and one further ratio at each end, are all more than "
        f"{LEAST_DIFFERENCE:.0%} away from 1."
    )


def megabytes(size: int | None) -> str:
    """Bytes in MB; empty if they were not measured."""
    return "" if size is None else figure(size / 1e6)


def _sentences(race: Race) -> list[str]:
    return [*race.notes, how_measured(f"{race.rounds} rounds", race.in_blocks)]


def _rows(race: Race) -> Rows:
    head = ["", f"ms per {race.per}", f"times as fast as {race.first.name}"]
    epoch = race.batches_per_epoch
    if epoch:
        head.append(f"s per epoch of {epoch}")
    memory = any(entrant.peak_bytes is not None for entrant in race.entrants)
    if memory:
        head.append("MB allocated")
    rows = [head]
    for entrant in race.entrants:
        compared = "1" if entrant is race.first else factor(race, entrant.name)
        row = [entrant.name, spread(entrant.ms), compared]
        seconds = race.epoch_seconds(entrant.name)
        row += [spread(seconds)] if seconds else []
        row += [megabytes(entrant.peak_bytes)] if memory else []
        rows.append(row)
    return rows
