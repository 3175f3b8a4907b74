"""The evidence in an export: what was measured, when and on which machine."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from workbench.machine import machine, versions
from workbench.panel.panel_report import FeedMeasurement
from workbench.settings import OTHER_PICTURES, Editable
from workbench.settings.data import PATHS

GROUPS = ("data", "batch", "augmentation", "methods", "keywords", "feed")


def evidence(
    start: Editable,
    settings: Editable,
    before: FeedMeasurement | None,
    now: FeedMeasurement | None,
) -> dict[str, Any]:
    """Evidence for exported settings.

    Args:
        start: Settings that the panel opened with.
        settings: Settings to export.
        before: The panel's first measurement.
        now: The last one, which is left out unless it was made with `settings`.
    """
    if now is not None and now.request.settings != settings:
        now = None
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "versions": versions(),
        "before": _figures(start, before),
        "now": _figures(start, now),
        "alters_training": changes(start, settings),
        "first_batch": now.first_batch if now else None,
    }


def changes(start: Editable, now: Editable, *, speed_too: bool = False) -> list[str]:
    """Changes that alter training, such as "batch.size: 32 -> 64".

    Args:
        start: Settings at the start.
        now: Settings now.
        speed_too: Include changes that only alter speed.
    """
    found = []
    for group in (group for group in GROUPS if hasattr(start, group)):
        old, new = getattr(start, group), getattr(now, group)
        for name, field in type(new).model_fields.items():
            before, after = getattr(old, name, None), getattr(new, name)
            trains = (field.json_schema_extra or {}).get("trains", True)
            trains = trains or (name == "augment" and {before, after} & {*OTHER_PICTURES})
            if before != after and name not in PATHS and (trains or speed_too):
                found.append(f"{group}.{name}: {before} -> {after}")
    return found


def _figures(start: Editable, measured: FeedMeasurement | None) -> dict[str, Any] | None:
    if measured is None:
        return None
    return {
        **measured.rate.to_dict(),
        "epoch_seconds": measured.samples / measured.rate.samples_per_second.median
        if measured.samples
        else None,
        "changed": changes(start, measured.request.settings, speed_too=True),
    }
