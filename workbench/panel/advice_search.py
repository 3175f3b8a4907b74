"""Search for advice, and turn what is found into data for the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from workbench.advice.findings import Advice, Findings
from workbench.loader import Loader
from workbench.measure.line_profile import LineProfile
from workbench.panel.request import Request
from workbench.render.advice_card import pictures, position, sentences
from workbench.render.advice_list import NONE

LOOKING = "Looking for advice …"
LEAST_SECONDS = 0.5  # hot lines of a shorter profile are not reliable
PROFILE_SECONDS = 1.0  # length of a profile that is made for the search


@dataclass(frozen=True)
class AdviceData:
    """Advice for the settings of a request, as data for the page."""

    request: Request
    data: dict[str, Any]


def search(
    loader: Loader, profile: LineProfile | None, between: Callable[[], object]
) -> dict[str, Any]:
    """Search for advice on a user's loader.

    Args:
        loader: Gives the batches.
        profile: Its line profile with these settings, if there is one.
        between: Called between steps; raises to end the search.

    Returns:
        The result of `to_data`.
    """
    from workbench.advice.find import find
    from workbench.measure.lines.session import profile as profile_of

    between()
    if profile is None or profile.seconds < LEAST_SECONDS:
        profile = profile_of(loader, PROFILE_SECONDS, 0, False, ())
    return to_data(find(loader, profile, between))


def to_data(found: Findings) -> dict[str, Any]:
    """Findings as data for the page: texts, and pictures as JPEG bytes."""
    return {"none": "" if found else NONE, "pieces": list(map(_piece, found))}


def _piece(advice: Advice) -> dict[str, Any]:
    where = position(advice)
    what, saves, pixels, *notes = sentences(advice)
    return {
        "place": where,
        "function": advice.function,
        "what": what,
        "saves": saves,
        "pixels": pixels,
        "notes": notes,
        "before": advice.code_before,
        "after": advice.code_after,
        "pictures": [
            {"title": title, "alt": f"{title}: {where}", "jpeg": encoded}
            for title, encoded in pictures(advice, ".jpg")
        ],
    }
