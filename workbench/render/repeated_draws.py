"""A `Repeats`: figures, what repeats, and advice."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.measure.find_repeats import Repeats

TITLE = "Repeated draws"
NATURES = {
    "random": "Each request draws anew",
    "by epoch": "A batch depends only on its epoch and index, on any worker",
    "fixed": "No randomness seen",
}


def text(repeats: Repeats) -> str:
    """The verdict, the nature of the draws with the figures, what repeats, what to do."""
    kind = f"processes ({repeats.start_method})" if repeats.use_multiprocessing else "threads"
    head = (
        f"{NATURES[repeats.nature]}. {repeats.workers} {kind}, {repeats.epochs} epochs, one index: "
        f"{repeats.batches} batches, {repeats.distinct_batches} of them distinct; "
        f"{repeats.drawn} samples, {repeats.distinct} distinct."
    )
    if repeats.nature == "by epoch" and not repeats.found:
        head += " So there is one batch for each epoch."
    return "\n".join((f"{repeats.verdict}.", head, *repeats.found, *repeats.advice))
