"""A `Repeats`: what was found, then figures and advice."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.measure.find_repeats import Repeats

TITLE = "Repeated draws"
NATURES = {
    "random": "Each request draws anew",
    "by epoch": "A batch follows from its epoch and index, on any worker",
    "fixed": "No randomness seen",
}


def text(of: Repeats) -> str:
    """The kind of loader with the figures, what repeats, what to do."""
    kind = f"processes ({of.start_method})" if of.use_multiprocessing else "threads"
    head = (
        f"{NATURES[of.nature]}. {of.workers} {kind}, {of.epochs} epochs, one index: "
        f"{of.batches} batches, {of.distinct_batches} of them distinct; "
        f"{of.drawn} samples, {of.distinct} distinct."
    )
    good = ("No draw repeats.",) if of.nature == "random" else ()
    return "\n".join((head, *(of.found or good), *of.advice))
