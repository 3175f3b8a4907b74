"""Advice in the panel: what the search finds, as the plain data that its area is drawn from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from workbench.advice.findings import Advice, Findings
from workbench.loader import Loader
from workbench.measure.line_profile import LineProfile
from workbench.panel.page_text import sendable
from workbench.panel.request import Request
from workbench.render.advice_card import pictures, position, sentences
from workbench.render.advice_list import NONE

LOOKING = "Looking for advice …"
LEAST_SECONDS = 0.5  # a shorter profile does not tell yet which lines are hot
PROFILE_SECONDS = 1.0  # of one that is taken for it


@dataclass(frozen=True)
class AdviceData:
    """What was found for the settings of a request, as data of its area."""

    request: Request
    data: dict[str, Any]


def search(
    loader: Loader, profile: LineProfile | None, between: Callable[[], object]
) -> dict[str, Any]:
    """Search, and give what the area shows.

    Args:
        loader: A loader of the user's.
        profile: Of its lines with these settings, if there is one.
        between: Raises to end the search; see `find.find`.
    """
    from workbench.advice.find import find
    from workbench.measure.lines.session import profile as profile_of

    between()
    if profile is None or profile.seconds < LEAST_SECONDS:
        profile = profile_of(loader, PROFILE_SECONDS, 0, False, ())
    return to_data(find(loader, profile, between))


def to_data(found: Findings) -> dict[str, Any]:
    """Findings as data: texts, and pictures as JPEG bytes."""
    return {"none": "" if found else NONE, "pieces": list(map(_piece, found))}


def _piece(advice: Advice) -> dict[str, Any]:
    where = position(advice)
    what, saves, pixels, *notes = map(sendable, sentences(advice))
    return {
        "place": sendable(where),
        "function": advice.function,
        "what": what,
        "saves": saves,
        "pixels": pixels,
        "notes": notes,
        "before": sendable(advice.code_before),
        "after": sendable(advice.code_after),
        "pictures": [
            {"title": title, "alt": f"{title}: {where}", "jpeg": encoded}
            for title, encoded in pictures(advice, ".jpg")
        ],
    }
