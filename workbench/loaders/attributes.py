"""What an object of the user's says about itself: how it is fed, and what its maker chose."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from types import GeneratorType
from typing import Any

from pydantic import ValidationError

from workbench.settings import Feed

MOST = 8
LONGEST = 40  # characters of a value


def feed_of(loader: Any) -> Feed:
    """As the object has it, where it has."""
    feed = Feed()
    for name in Feed.model_fields:
        try:
            feed = Feed.model_validate({**feed.model_dump(), name: getattr(loader, name)})
        except ValidationError:  # it is none, or means something else
            continue
        except Exception:  # a property of theirs may raise anything
            continue
    return feed


def attributes_of(loader: Any) -> dict[str, str]:
    """Public attributes of plain types, in words; of a generator its arguments."""
    plain = (bool, int, float, str)
    return {
        name: _shown(value)
        for name, value in _held(loader).items()
        if type(value) in plain and isinstance(name, str) and _is_told(name)
    }


def _is_told(name: str) -> bool:
    return not name.startswith("_") and name not in Feed.model_fields


def _held(loader: Any) -> Mapping[str, Any]:
    if isinstance(loader, GeneratorType):
        created = inspect.getgeneratorstate(loader) == inspect.GEN_CREATED
        return loader.gi_frame.f_locals if created and loader.gi_frame else {}
    held = getattr(loader, "__dict__", {})
    return held if isinstance(held, dict) else {}


def _shown(value: Any) -> str:
    try:
        return str(value)[:LONGEST]
    except ValueError:  # Python writes out no integer of more than 4,300 digits
        return "a very large number"
