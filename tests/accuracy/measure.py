"""Measures what this Python can and writes it as JSON to a file: see `__main__`."""

from __future__ import annotations

import importlib
import json
import sys
import traceback
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from workbench.machine import versions

WITHOUT_TENSORFLOW = ("line_profiles", "races")
WITH_TENSORFLOW = ("rates", "advice", "limits", "notebooks")


def suites() -> tuple[str, ...]:
    """What this Python can measure."""
    return WITHOUT_TENSORFLOW + (WITH_TENSORFLOW if find_spec("tensorflow") else ())


def run(name: str, repeats: int) -> list[dict[str, Any]]:
    """The cases of one suite."""
    suite = importlib.import_module(f"tests.accuracy.{name}")
    return [case.to_dict() for case in suite.cases(1 if name == "notebooks" else repeats)]


def main(file: str, repeats: str, only: str) -> None:
    """Measure, write; progress and what failed on stderr."""
    found = {}
    for name in suites():
        if only in ("", name):
            print(f"{versions()['python']}: {name} ...", file=sys.stderr, flush=True)
            try:
                found[name] = run(name, int(repeats))
            except Exception:
                traceback.print_exc()
                found[name] = []
    Path(file).write_text(json.dumps({"versions": versions(), "suites": found}))


if __name__ == "__main__":
    main(*sys.argv[1:])
