"""Run all benchmarks, print the table, write `results.json`: `make bench`."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks import augment, panel, profiler
from workbench.measure.machine import machine, versions

BENCHMARKS = {"augment": augment, "panel": panel, "profiler": profiler}
RESULTS = Path(__file__).with_name("results.json")


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=list(BENCHMARKS), help="one of the benchmarks")
    only = parser.parse_args().only
    values = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name, benchmark in BENCHMARKS.items():
        if only in (None, name):
            values[name] = {**conditions(), **benchmark.run()}
            print(f"\n{name}\n{benchmark.table(values[name])}")
            RESULTS.write_text(json.dumps(values, indent=1) + "\n")


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


def spread(values: list[float]) -> dict[str, object]:
    """Median and quartiles, and the values themselves."""
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    rounded = [round(value, 3) for value in values]
    return {"median": median, "low": low, "high": high, "n": len(values), "raw": rounded}


if __name__ == "__main__":
    main()
