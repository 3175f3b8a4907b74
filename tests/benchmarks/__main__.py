"""Run all benchmarks, print the tables, write `results.json` and its chart: `make bench`.

`make bench ARGS="--only augment --quick"` tries one with few rounds and writes nothing.
`python -m tests.benchmarks.figures` then puts the figures into the README.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.benchmarks import augment, chart, handover, normalize, panel, profiler
from workbench.machine import machine, versions

BENCHMARKS = {
    "augment": augment,
    "normalize": normalize,
    "handover": handover,
    "panel": panel,
    "profiler": profiler,
}
RESULTS = Path(__file__).with_name("results.json")


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=list(BENCHMARKS), help="one of the benchmarks")
    parser.add_argument("--quick", action="store_true", help="few rounds; results not written")
    options = parser.parse_args()
    values = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name, benchmark in BENCHMARKS.items():
        if options.only in (None, name):
            values[name] = {**conditions(), **benchmark.run(quick=options.quick)}
            print(f"\n{name}\n{benchmark.table(values[name])}", flush=True)
            if not options.quick:
                write(values)


def write(values: dict[str, Any]) -> None:
    """`results.json`, each list of numbers on one line, and the chart beside it."""
    text = json.dumps(values, indent=1)
    on_one_line = re.sub(r"\[[\s\d.,eE+-]*\]", lambda m: re.sub(r"\s+", " ", m[0]), text)
    RESULTS.write_text(on_one_line + "\n")
    if "augment" in values:
        chart.write(values["augment"], RESULTS.with_suffix(".svg"))


def conditions() -> dict[str, object]:
    """When, where and beside what a benchmark ran."""
    git = ["git", "describe", "--always", "--dirty", "--abbrev=10"]
    commit = subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip()
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": commit,
        "machine": machine(),
        "versions": versions(),
        "load_average": round(os.getloadavg()[0], 2),
    }


if __name__ == "__main__":
    main()
