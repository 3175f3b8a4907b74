"""`Races`: a table with a row for each case, and a sentence for each entrant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.render.race_table import (
    NO_DIFFERENCE,
    Rows,
    factor,
    how_measured,
    megabytes,
    spread,
    table_html,
    table_text,
)
from workbench.render.words import figure

if TYPE_CHECKING:
    from workbench.measure.race import Races

TITLE = "Races"


def text(races: Races) -> str:
    """A row for each case, then in which cases each entrant is faster."""
    return table_text(_rows(races), _sentences(races))


def html(races: Races) -> str:
    """The same as an HTML table."""
    return table_html(_rows(races), _sentences(races))


def _sentences(races: Races) -> list[str]:
    each = races.races.items()
    notes = [f"{case}: {note}" for case, race in each for note in race.notes]
    how = how_measured("rounds", any(race.in_blocks for _, race in each))
    return [*(_verdicts(races, name) for name in races.others), *notes, how]


def _rows(races: Races) -> Rows:
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
        row += [megabytes(there[n].peak_bytes) if n in there else "" for n in names if memory]
        rows.append(row)
    return rows


def _verdicts(races: Races, name: str) -> str:
    """In which cases an entrant is faster, slower or neither."""
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
