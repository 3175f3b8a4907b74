"""The chart of `results.json`: how many times faster than `keras_loop`, by case."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

# Read as well on white as on black, and told apart in gray.
INK = "#808890"
COLOURS = {1: "#3d8bd4", 2: "#e0872f"}


def write(augment: dict[str, Any], path: Path) -> None:
    """Write the chart of the benchmark `augment`; without a background, the page's shows."""
    options = {"svg.hashsalt": "workbench", "svg.fonttype": "none", "font.size": 8}
    with matplotlib.rc_context(options):
        metadata = {"Date": None} if path.suffix == ".svg" else None
        figure(augment).savefig(path, transparent=True, metadata=metadata)


def figure(augment: dict[str, Any]) -> Figure:
    """A field for each shape and pair of types; a bar for each method and number of threads."""
    rows = [row for row in augment["rows"] if "ms" in row and row["method"] != "none"]
    shapes = list(dict.fromkeys(row["shape"] for row in rows))
    types = list(dict.fromkeys((row["in"], row["out"]) for row in rows))
    methods = list(dict.fromkeys(row["method"] for row in rows))
    made = Figure(figsize=(3.4 * len(types) + 1.2, 0.24 * len(methods) * len(shapes) + 1.2))
    made.set_layout_engine("constrained")
    fields = made.subplots(len(shapes), len(types), sharex=True, sharey=True, squeeze=False)
    for line, shape in zip(fields, shapes, strict=True):
        for field, (read, out) in zip(line, types, strict=True):
            case = [r for r in rows if (r["shape"], r["in"], r["out"]) == (shape, read, out)]
            _bars(field, case, methods)
            field.set_title(f"{shape}, {read} in, {out} out", color=INK, fontsize=8)
    made.supxlabel("times keras_loop: median of rounds, line: quartiles", color=INK)
    handles, names = fields[0][0].get_legend_handles_labels()
    made.legend(handles, names, loc="outside upper right", ncols=2, frameon=False, labelcolor=INK)
    return made


def _bars(field: Any, case: list[dict[str, Any]], methods: list[str]) -> None:
    for threads, colour in COLOURS.items():
        rows = [row for row in case if row["threads"] == threads]
        places = [methods.index(row["method"]) + 0.4 * (threads - 1.5) for row in rows]
        ratios = [row["ratio"] for row in rows]
        medians = [ratio["median"] for ratio in ratios]
        around = [
            [ratio["median"] - ratio["low"] for ratio in ratios],
            [ratio["high"] - ratio["median"] for ratio in ratios],
        ]
        style = {"ecolor": INK, "error_kw": {"linewidth": 0.8}}
        name = f"{threads} OpenCV threads"
        field.barh(places, medians, 0.38, xerr=around, color=colour, label=name, **style)
        for place, ratio in zip(places, ratios, strict=True):
            end, text = (ratio["high"], place), f"{ratio['median']:.1f}"
            around_it = {"textcoords": "offset points", "va": "center"}
            field.annotate(text, end, (3, 0), fontsize=6, color=INK, **around_it)
    field.set_yticks(range(len(methods)), methods)
    field.set_xscale("log")
    field.set_xticks([0.5, 1, 2, 5, 10, 20, 50], ["0.5", "1", "2", "5", "10", "20", "50"])
    field.minorticks_off()
    field.axvline(1, color=INK, linewidth=0.8)
    field.tick_params(colors=INK)
    for side in ("top", "right"):
        field.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        field.spines[side].set_color(INK)
