"""Tune a Keras data generator: see its batches, find its slow line, export its settings."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench.generators.scan import Scan
    from workbench.legacy.faster import faster
    from workbench.loaders import (
        advise,
        check_workers,
        find_repeats,
        measure_rate,
        profile_lines,
        race,
        scan,
    )
    from workbench.measure.check import WorkerCheck
    from workbench.measure.profile import LineProfile
    from workbench.measure.race import Race, Races
    from workbench.measure.rate import Rate
    from workbench.measure.repeats import Repeats
    from workbench.settings import Settings, SettingsError
    from workbench.tuned import Tuned, load
    from workbench.widgets.panel import Workbench

__all__ = [
    "LineProfile",
    "Race",
    "Races",
    "Rate",
    "Repeats",
    "Scan",
    "Settings",
    "SettingsError",
    "Tuned",
    "Workbench",
    "WorkerCheck",
    "advise",
    "check_workers",
    "faster",
    "find_repeats",
    "load",
    "measure_rate",
    "profile_lines",
    "race",
    "scan",
]

# Imported at first use: training from an exported JSON must not need JupyterLab or line_profiler,
# and a notebook's first cell must not wait for what it does not use.
_HOMES = {
    "LineProfile": "measure.profile",
    "Race": "measure.race",
    "Races": "measure.race",
    "Rate": "measure.rate",
    "Repeats": "measure.repeats",
    "Scan": "generators.scan",
    "Settings": "settings",
    "SettingsError": "settings",
    "Tuned": "tuned",
    "Workbench": "widgets.panel",
    "WorkerCheck": "measure.check",
    "advise": "loaders",
    "check_workers": "loaders",
    "faster": "legacy.faster",
    "find_repeats": "loaders",
    "load": "tuned",
    "measure_rate": "loaders",
    "profile_lines": "loaders",
    "race": "loaders",
    "scan": "loaders",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'workbench' has no attribute {name!r}")
    try:
        module = importlib.import_module(f"workbench.{_HOMES[name]}")
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("workbench"):
            raise
        raise ImportError(
            f"workbench.{name} requires the {error.name!r} package. "
            "Install it with: pip install 'workbench[lab]'"
        ) from error
    return getattr(module, name)


def __dir__() -> list[str]:
    return __all__
