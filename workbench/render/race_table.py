"""Races as tables: text for terminals and logs, HTML for notebooks. Both from the same rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from workbench.render import markup
from workbench.render.words import figure, visible

if TYPE_CHECKING:
    from workbench.measure.race import Race, Races
    from workbench.measure.stats import Quartiles

Rows = list[list[str]]

NO_DIFFERENCE = "no difference seen"
ALIKE = 0.02  # the place in the round alone makes such a difference, round after round


def race_text(race: Race) -> str:
    """The table and what it says, in lines."""
    return _text(_race_rows(race), [_counted(f"{race.rounds} rounds")])


def race_html(race: Race) -> str:
    """A fragment for a notebook."""
    return _html(_race_rows(race), [_counted(f"{race.rounds} rounds")])


def races_text(races: Races) -> str:
    """The table and what it says, in lines."""
    return _text(_races_rows(races), _sentences(races))


def races_html(races: Races) -> str:
    """A fragment for a notebook."""
    return _html(_races_rows(races), _sentences(races))


def _sentences(races: Races) -> list[str]:
    return [*(_where(races, name) for name in races.others), _counted("rounds")]


def spread(of: Quartiles, unit: str = "") -> str:
    """Median and quartiles: "12.3 ms (11.8-12.6)"."""
    return f"{figure(of.median)}{unit} ({figure(of.low)}-{figure(of.high)})"


def factor(race: Race, name: str) -> str:
    """Times as fast as the first, in words where there is no telling."""
    if race.verdict(name) == NO_DIFFERENCE:
        low, high = race.bounds(name)
        return f"{NO_DIFFERENCE} ({figure(low)}-{figure(high)})"
    return spread(race.times_as_fast(name), "×")


def _race_rows(race: Race) -> Rows:
    head = ["", f"ms a {race.per}", f"times as fast as {race.first.name}"]
    epoch = race.batches_per_epoch
    if epoch:
        head.append(f"s an epoch of {epoch}")
    memory = any(entrant.peak_bytes is not None for entrant in race.entrants)
    if memory:
        head.append("MB allocated")
    rows = [head]
    for entrant in race.entrants:
        compared = "1" if entrant is race.first else factor(race, entrant.name)
        row = [entrant.name, spread(entrant.ms), compared]
        seconds = race.epoch_seconds(entrant.name)
        row += [spread(seconds)] if seconds else []
        row += [_megabytes(entrant.peak_bytes)] if memory else []
        rows.append(row)
    return rows


def _races_rows(races: Races) -> Rows:
    first = f"{races.first}, ms"
    memory = any(e.peak_bytes is not None for race in races.races.values() for e in race.entrants)
    names = (races.first, *races.others)
    head = ["", first, *(f"{name}, times as fast" for name in races.others), "rounds"]
    rows = [[*head, *(f"{name}, MB allocated" for name in names if memory)]]
    for case, race in races.races.items():
        there = {entrant.name: entrant for entrant in race.entrants}
        row = [case, spread(race.first.ms)]
        row += [factor(race, name) if name in there else "" for name in races.others]
        row += [str(race.rounds)]
        row += [_megabytes(there[n].peak_bytes) if n in there else "" for n in names if memory]
        rows.append(row)
    return rows


def _megabytes(size: int | None) -> str:
    return "" if size is None else figure(size / 1e6)


def _counted(rounds: str) -> str:
    return (
        f"Medians (quartiles) of {rounds} in alternation, after one that is not counted; ratios "
        "of turns of the same round. A difference is seen where the middle half of the ratios, and "
        f"one more at each end, is over {ALIKE:.0%} off 1."
    )


def _where(races: Races, name: str) -> str:
    """In which cases an entrant is faster, and in which not."""
    there = {
        case: race
        for case, race in races.races.items()
        if any(entrant.name == name for entrant in race.entrants)
    }
    parts = []
    for verdict in ("faster", "slower", NO_DIFFERENCE):
        cases = [case for case, race in there.items() if race.verdict(name) == verdict]
        if cases:
            every = len(cases) == len(there)
            where = "in all cases" if every else "with " + ", ".join(cases)
            medians = sorted(there[case].times_as_fast(name).median for case in cases)
            parts.append(f"{verdict} {where} ({_range(medians)})")
    return f"{name} against {races.first}: {'; '.join(parts)}."


def _range(medians: list[float]) -> str:
    low, high = figure(medians[0]), figure(medians[-1])
    return f"{low}×" if low == high else f"{low}× to {high}×"


def _text(rows: Rows, sentences: Iterable[str]) -> str:
    rows = [[visible(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    return "\n".join([*lines, "", *map(visible, sentences)])


def _html(rows: Rows, sentences: Iterable[str]) -> str:
    head, *body = rows
    lines = "\n".join(
        f'<tr><th scope="row">{markup.text(name)}</th>'
        + "".join(f"<td>{markup.text(cell)}</td>" for cell in cells)
        + "</tr>"
        for name, *cells in body
    )
    return markup.fragment(
        f"<style>\n{markup.style('race.css')}</style>\n"
        f'<div class="wbs-scroll"><table class="wbs-race">{markup.header(head)}\n'
        f"<tbody>{lines}</tbody></table></div>\n{markup.paragraphs(sentences)}"
    )
