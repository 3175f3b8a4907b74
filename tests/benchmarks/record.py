"""What is kept of a run: when, where, beside what, and its figures as JSON that can be read."""

from __future__ import annotations

import json
import os
import re
import subprocess
from datetime import UTC, datetime
from typing import Any

from workbench.machine import machine, versions


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


def written(values: dict[str, Any]) -> str:
    """As JSON, each list of numbers on one line."""
    text = json.dumps(values, indent=1, ensure_ascii=False)
    on_one_line = re.sub(r"\[[\s\d.,eE+-]*\]", lambda m: re.sub(r"\s+", " ", m[0]), text)
    return on_one_line + "\n"
