"""`Findings`: one piece of advice after the other, or that there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.render import advice_card

if TYPE_CHECKING:
    from workbench.advice.findings import Findings

TITLE = "Advice"
NONE = "No advice: no hot line is of a kind that we know a faster way for, measured on its values."


def text(of: Findings) -> str:
    """Each piece, the greatest saving first."""
    return "\n\n".join(map(str, of)) or NONE


def html(of: Findings) -> str:
    """The same with code and pictures."""
    return "".join(map(advice_card.html, of)) or f"<p>{NONE}</p>"
