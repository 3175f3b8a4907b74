"""What a user's object shows of itself: feed settings, and attributes with plain values."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from types import GeneratorType
from typing import Any

from workbench.isolation.restore_state import instance_attributes
from workbench.settings import Feed

MOST = 8  # attributes shown
LONGEST = 40  # characters of a value


def feed_of(loader: Any) -> Feed:
    """The object's own `workers`, `use_multiprocessing` and `max_queue_size`, or the defaults."""
    feed = Feed()
    for name in Feed.model_fields:
        try:
            feed = Feed.model_validate({**feed.model_dump(), name: getattr(loader, name)})
        except Exception:  # no such attribute, one that means something else, or it raises
            continue
    return feed


def attributes_of(loader: Any) -> dict[str, str]:
    """Public attributes with plain values, as text; the arguments of a generator."""
    plain = (bool, int, float, str)
    return {
        name: _as_text(value)
        for name, value in _attributes(loader).items()
        if type(value) in plain and isinstance(name, str) and _is_shown(name)
    }


def _is_shown(name: str) -> bool:
    return not name.startswith("_") and name not in Feed.model_fields


def _attributes(loader: Any) -> Mapping[str, Any]:
    if isinstance(loader, GeneratorType):
        created = inspect.getgeneratorstate(loader) == inspect.GEN_CREATED
        return loader.gi_frame.f_locals if created and loader.gi_frame else {}
    return instance_attributes(loader)


def _as_text(value: Any) -> str:
    try:
        return str(value)[:LONGEST]
    except ValueError:  # Python converts no integer of more than 4,300 digits
        return "a very large number"
