"""Measure known costs, rates and races on each Python found, and report: `make accuracy`.

Prints a Markdown table and writes `results.json` with machine and versions. Whatever the figures,
it exits with 0: on a busy machine they are off.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.accuracy.case import REPEATS, table
from tests.accuracy.measure import WITH_TENSORFLOW, WITHOUT_TENSORFLOW
from tests.benchmarks.record import conditions, written
from tests.pythons import OTHERS, ROOT, environment

RESULTS = Path(__file__).with_name("results.json")


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="instead of results.json")
    names = [*WITHOUT_TENSORFLOW, *WITH_TENSORFLOW]
    parser.add_argument("--only", choices=names, default="", help="results.json is not written")
    parser.add_argument("--quick", action="store_true", help="once each; the same")
    options = parser.parse_args()
    pythons = {}
    for python in (sys.executable, *filter(None, map(environment, OTHERS))):
        found = measured(python, 1 if options.quick else REPEATS, options.only)
        if found["suites"]:
            pythons[found["versions"]["python"]] = found
    print(table(pythons))
    print(f"\n{summary(pythons)}")
    file = options.json or (None if options.only or options.quick else RESULTS)
    if file is not None:
        file.write_text(written({**conditions(), "pythons": pythons}))


def measured(python: str, repeats: int, only: str) -> dict[str, Any]:
    """What a Python measures, in a process of its own: nothing else has begun threads there."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "measured.json")
        command = [python, "-m", "tests.accuracy.measure", str(file), str(repeats), only]
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
        env = {**os.environ, **quiet, "PYTHONPATH": str(ROOT)}
        subprocess.run(command, cwd=ROOT, env=env, check=True)
        found: dict[str, Any] = json.loads(file.read_text())
    return found


def summary(pythons: dict[str, Any]) -> str:
    """How many cases are off, what could not be measured, and how busy the machine was."""
    none = [
        f" {name} on {python} failed, see above."
        for python, found in pythons.items()
        for name, cases in found["suites"].items()
        if not cases
    ]
    cases = [c for found in pythons.values() for suite in found["suites"].values() for c in suite]
    off = sum(not case["ok"] for case in cases)
    busy = f"load average {os.getloadavg()[0]:.1f}"
    return f"{off} of {len(cases)} off; {busy}.{''.join(none)}"


if __name__ == "__main__":
    main()
