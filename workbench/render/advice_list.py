"""`Findings`: one piece of advice after the other, or a sentence if there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.render import advice_card

if TYPE_CHECKING:
    from workbench.advice.findings import Findings

TITLE = "Advice"
NONE = "No advice: no hot line is of a kind that we know a faster way for, measured on its values."


def text(findings: Findings) -> str:
    """Each piece, largest saving first."""
    return "\n\n".join(map(str, findings)) or NONE


def html(findings: Findings) -> str:
    """The same with code and pictures."""
    return "".join(map(advice_card.html, findings)) or f"<p>{NONE}</p>"
