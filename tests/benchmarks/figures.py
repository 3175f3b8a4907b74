"""The README's figures, from `results.json`: `python -m tests.benchmarks.figures` writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
START, END = "kept true by a test -->\n", "<!-- end of figures"
TITLE = (
    "| 32 images, uint8 in, float32 out | `keras_loop` | `opencv` | ratio |\n|---|---|---|---|\n"
)


def readme_figures(values: dict[str, Any]) -> str:
    """The table and the sentence below it."""
    rows = ""
    for name, case in values["augment"]["cases"].items():
        slow, fast, ratio = (case[key] for key in ("keras_loop_ms", "opencv_ms", "ratio"))
        rows += (
            f"| {name} | {slow['median']:.0f} ms | {fast['median']:.1f} ms "
            f"| {ratio['median']:.1f}× ({ratio['low']:.1f}-{ratio['high']:.1f}) |\n"
        )
    panel = {name: f"{case['median']:.0f} ms" for name, case in values["panel"]["cases"].items()}
    # The sentence stands where it was measured.
    live = f" {_live(values['profiler'])}" if "profiler" in values else ""
    machine, date = values["augment"]["machine"], values["augment"]["date"]
    return (
        f"{TITLE}{rows}\n"
        f"Medians of {ratio['n']} batches (quartiles of the ratio), {machine['cores']} cores, "
        f"{machine['processor']}, {date}. In JupyterLab on the same machine: first picture "
        f"{panel['notebook start to first picture']} after the notebook's start, first profile "
        f"{panel['notebook start to first profile row']}; from a slider's key to the new picture "
        f"{panel['slider to picture, opencv, 224x224, profiling']} while profiling, to the new "
        f"profile {panel['slider to first profile, opencv, 224x224']}.{live}\n"
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
