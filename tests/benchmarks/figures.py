"""The README's figures, from `results.json`: `python -m tests.benchmarks.figures` writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.benchmarks.augment import HEADLINE, HEADLINE_TYPES

ROOT = Path(__file__).parents[2]
START, END = "kept true by a test -->\n", "<!-- end of figures"
# Columns of the table: those that were measured.
SHOWN = {
    "keras_loop": "`keras_loop`",
    "albumentations": "albumentations",
    "Keras layers in tf.data": "Keras layers in tf.data",
    "opencv": "`opencv`",
}


def readme_figures(values: dict[str, Any]) -> str:
    """The table and the sentences below it."""
    cases = _headline(values["augment"]["rows"])
    rows = "".join(_row(name, case) for name, case in cases.items())
    ratio = next(iter(cases.values()))["opencv"]["ratio"]
    panel = {name: f"{case['median']:.0f} ms" for name, case in values["panel"]["cases"].items()}
    # The sentence stands where it was measured.
    live = f" {_live(values['profiler'])}" if "profiler" in values else ""
    saved = f" {_saved(values['handover'])}" if "handover" in values else ""
    machine, date = values["augment"]["machine"], values["augment"]["date"]
    return (
        f"{_title(cases)}{rows}\n"
        f"Medians of {ratio['n']} batches (quartiles of the ratio), {machine['cores']} cores, "
        f"{machine['processor']}, {date}. In JupyterLab on the same machine: first picture "
        f"{panel['notebook start to first picture']} after the notebook's start, first profile "
        f"{panel['notebook start to first profile row']}; from a slider's key to the new picture "
        f"{panel['slider to picture, opencv, 224x224, profiling']} while profiling, to the new "
        f"profile {panel['slider to first profile, opencv, 224x224']}.{live}{saved}\n"
    )


def _headline(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The rows of the README's cases, by method and by peer."""
    cases: dict[str, dict[str, Any]] = {}
    wanted = {("x".join(map(str, shape)), *HEADLINE_TYPES) for shape in HEADLINE}
    for row in rows:
        if (row["shape"], row["in"], row["out"]) in wanted:
            name = f"{row['shape']}, {row['threads']} OpenCV threads"
            cases.setdefault(name, {})[row["method"]] = row
    return cases


def _title(cases: dict[str, dict[str, Any]]) -> str:
    measured = next(iter(cases.values()))
    names = [title for method, title in SHOWN.items() if method in measured]
    columns = ["32 images, uint8 in, float32 out", *names, "ratio"]
    return f"| {' | '.join(columns)} |\n{'|---' * len(columns)}|\n"


def _row(name: str, case: dict[str, Any]) -> str:
    ms = [f"{_digits(case[method]['ms']['median'])} ms" for method in SHOWN if method in case]
    ratio = case["opencv"]["ratio"]
    faster = f"{ratio['median']:.1f}× ({ratio['low']:.1f}-{ratio['high']:.1f})"
    return f"| {' | '.join([name, *ms, faster])} |\n"


def _digits(ms: float) -> str:
    return f"{ms:.{0 if ms >= 100 else 1}f}"


def _saved(handover: dict[str, Any]) -> str:
    """What batches of bytes save, by what was measured."""
    found = {(row["feed"], row["model"], row["workers"]): row for row in handover["rows"]}
    feed, train = found["held", "idle", 1], found["opencv", "conv", 1]
    (slow, fast), (whole, bytes_) = (
        [_digits(row["ms"][made]["median"]) for made in ("float32", "uint8")]
        for row in (feed, train)
    )
    return (
        f"In `fit`, handing over a batch of 32x224x224x3 takes {slow} ms as float32 and {fast} ms "
        f"as uint8 with `Rescaling(1/255)` in the model; training a small convolutional model on "
        f"`opencv`'s batches, {whole} and {bytes_} ms (n={train['ratio']['n']})."
    )


def _live(profiler: dict[str, Any]) -> str:
    cases, minute = profiler["rate_kept"], profiler["minute"]
    kept = {name: f"{100 * case['median']:.0f} %" for name, case in cases.items()}
    return (
        f"While Live profiles, `opencv` keeps {kept['opencv']} of its batches per second, with "
        f"vectorized scaling {kept['opencv, vectorized scaling']} (n={cases['opencv']['n']}); "
        f"a refresh of 300 lines takes {profiler['refresh_ms']['median']:.1f} ms, and a minute at "
        f"{minute['batches_per_second']:.0f} batches/s adds {max(0.0, minute['growth_mb']):.1f} MB."
    )


if __name__ == "__main__":
    readme = ROOT / "README.md"
    before, rest = readme.read_text().split(START)
    values = json.loads((ROOT / "tests/benchmarks/results.json").read_text())
    readme.write_text(before + START + readme_figures(values) + END + rest.split(END)[1])
