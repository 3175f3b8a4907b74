"""Tune a Keras data generator: see its batches, find its slow line, export its settings."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from workbench import distribution

if TYPE_CHECKING:
    from workbench.api import (
        advise,
        check_workers,
        find_repeats,
        measure_rate,
        profile_lines,
        race,
        scan,
    )
    from workbench.keras_iterators.faster import faster
    from workbench.measure.check_workers import WorkerCheck
    from workbench.measure.find_repeats import Repeats
    from workbench.measure.line_profile import LineProfile
    from workbench.measure.race import Race, Races
    from workbench.measure.rate import Rate
    from workbench.panel.panel import Workbench
    from workbench.pipeline.images.scan import Scan
    from workbench.settings import Settings, SettingsError
    from workbench.tuned import Tuned, load

    __version__: str

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
    "LineProfile": "measure.line_profile",
    "Race": "measure.race",
    "Races": "measure.race",
    "Rate": "measure.rate",
    "Repeats": "measure.find_repeats",
    "Scan": "pipeline.images.scan",
    "Settings": "settings",
    "SettingsError": "settings",
    "Tuned": "tuned",
    "Workbench": "panel.panel",
    "WorkerCheck": "measure.check_workers",
    "advise": "api",
    "check_workers": "api",
    "faster": "keras_iterators.faster",
    "find_repeats": "api",
    "load": "tuned",
    "measure_rate": "api",
    "profile_lines": "api",
    "race": "api",
    "scan": "api",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return distribution.version()
    if name not in _HOMES:
        raise AttributeError(f"module 'workbench' has no attribute {name!r}")
    try:
        module = importlib.import_module(f"workbench.{_HOMES[name]}")
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("workbench"):
            raise
        raise ImportError(
            f"workbench.{name} requires the {error.name!r} package. "
            f"Install it with: {distribution.INSTALL}"
        ) from error
    return getattr(module, name)


def __dir__() -> list[str]:
    return __all__
