"""Races as charts: SVG inside the page, so that it has the colours of the theme."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from hashlib import sha256
from io import StringIO
from typing import TYPE_CHECKING, Any

from workbench.distribution import needs_lab
from workbench.printable import visible
from workbench.render import markup
from workbench.render.race_table import factor
from workbench.render.words import figure
from workbench.result import Chart

if TYPE_CHECKING:
    from workbench.measure.race import Race, Races
    from workbench.measure.stats import Summary

# Matplotlib does not support CSS, so it draws in these otherwise unused colours, and the SVG gets
# the theme's instead.
INK = "#010101"
ACCENTS = ("#010102", "#010103", "#010104", "#010105")
THEME = {
    INK: "currentColor",
    "#010102": "var(--jp-brand-color1, #1976d2)",
    "#010103": "var(--jp-warn-color1, #f57c00)",
    "#010104": "var(--jp-success-color1, #388e3c)",
    "#010105": "var(--jp-error-color1, #d32f2f)",
}
MARKERS = "osD^v"  # in addition to colours, for colour-blind readers
WIDTH, ROW, MARGIN = 8.0, 0.36, 0.9  # inches


def of_race(race: Race) -> Chart:
    """A bar for each entrant, from zero: median, quartiles and all values."""

    def draw(axes: Any) -> None:
        for row, entrant in enumerate(race.entrants):
            ms = entrant.ms
            colour = INK if entrant is race.first else ACCENTS[0]
            axes.barh(row, ms.median, 0.6, color=colour, alpha=0.45)
            values = [1e3 * seconds for seconds in entrant.seconds]
            axes.plot(values, [row] * len(values), "|", color=INK, alpha=0.35, markersize=7)
            _quartiles(axes, ms, row, INK)
            label = f"{figure(ms.median)} ms"
            if entrant is not race.first:
                label += f" · {factor(race, entrant.name)}"
            # To the right of the axes, where labels cover nothing.
            right = ("axes fraction", "data")
            axes.annotate(label, (1.02, row), xycoords=right, color=INK, va="center")
        # Not up to the slowest run, which would make all others small.
        axes.set_xlim(0, 1.05 * max(entrant.ms.high for entrant in race.entrants))
        axes.set_xlabel(f"ms per {race.per}", color=INK)

    names = [entrant.name for entrant in race.entrants]
    title = f"Milliseconds per {race.per} of {', '.join(names)}"
    return Chart(_svg(title, names, draw, str(race)), str(race))


def of_races(races: Races) -> Chart:
    """A row for each case: how many times as fast as the first, on a logarithmic axis."""

    def draw(axes: Any) -> None:
        axes.axvline(1, color=INK, linewidth=1)
        for number, name in enumerate(races.others):
            _line_up(axes, races, name, number)
        axes.set_xscale("log")
        low, high = axes.get_xlim()
        axes.set_xticks([tick for tick in TICKS if low <= tick <= high])
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}×")
        axes.xaxis.minorticks_off()
        axes.set_xlabel(f"times as fast as {races.first}", color=INK, parse_math=False)
        legend = axes.legend(
            loc="lower left", bbox_to_anchor=(0, 1), ncols=4, frameon=False, labelcolor=INK
        )
        for text in legend.get_texts():
            text.set_parse_math(False)

    title = f"Times as fast as {races.first}: {', '.join(races.others)}"
    return Chart(_svg(title, list(races.races), draw, str(races)), str(races))


TICKS = [digit * 10.0**power for power in range(-3, 5) for digit in (1, 2, 5)]


def _line_up(axes: Any, races: Races, name: str, number: int) -> None:
    """One entrant's ratio in each case."""
    colour, marker = ACCENTS[number % len(ACCENTS)], MARKERS[number % len(MARKERS)]
    shift = (number - (len(races.others) - 1) / 2) * 0.2
    label: str | None = visible(name)
    for row, race in enumerate(races.races.values()):
        if any(entrant.name == name for entrant in race.entrants):
            ratio = race.times_as_fast(name)
            _quartiles(axes, ratio, row + shift, colour)
            axes.plot(ratio.median, row + shift, marker, color=colour, markersize=7, label=label)
            label = None  # only once in the legend


def _quartiles(axes: Any, summary: Summary, row: float, colour: str) -> None:
    axes.plot([summary.low, summary.high], [row, row], "-", color=colour, linewidth=2)


def _svg(title: str, names: list[str], draw: Callable[[Any], None], salt: str) -> str:
    with needs_lab():  # a bare `Figure` needs no pyplot and no backend
        from matplotlib import rc_context
        from matplotlib.figure import Figure

    # Text stays text. Charts on one page must not share ids, or one's clip path would clip another.
    options: dict[Any, Any] = {
        "svg.fonttype": "none",
        "svg.hashsalt": sha256(salt.encode("utf-8", "replace")).hexdigest(),
        "font.family": "sans-serif",
        "font.size": 10,
    }
    with rc_context(options), warnings.catch_warnings():
        # The browser draws the text, with its own fonts.
        warnings.filterwarnings("ignore", "Glyph .* missing")
        canvas = Figure((WIDTH, MARGIN + ROW * max(2, len(names))), layout="constrained")
        axes = canvas.add_subplot()
        axes.set_yticks(range(len(names)), [visible(name) for name in names], parse_math=False)
        draw(axes)
        axes.set_ylim(len(names) - 0.4, -0.6)  # the first at the top
        _style(axes)
        file = StringIO()
        canvas.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    return _in_page(file.getvalue(), title)


def _style(axes: Any) -> None:
    axes.patch.set_visible(False)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(INK)
    axes.tick_params(colors=INK, left=False)
    axes.grid(axis="x", color=INK, alpha=0.15)
    axes.set_axisbelow(True)


def _in_page(svg: str, title: str) -> str:
    """The `<svg>` element with an accessible name, in the theme's colours."""
    svg = svg[svg.index("<svg ") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, count=1, flags=re.DOTALL)
    # Every chart numbers its groups in the same way, and nothing refers to them.
    svg = re.sub(r'<g id="[^"]*">', "<g>", svg)
    for drawn, themed in THEME.items():
        svg = svg.replace(drawn, themed)
    name = f'<svg role="img" aria-label="{markup.text(title)}" style="max-width:100%;height:auto" '
    return svg.replace("<svg ", name, 1)
