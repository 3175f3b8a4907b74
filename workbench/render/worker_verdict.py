"""A `WorkerCheck`: the verdict, then problems, advice and notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.measure.check_workers import WorkerCheck

TITLE = "Worker check"


def text(of: WorkerCheck) -> str:
    """The verdict first, a line for each sentence."""
    kind = "process" if of.use_multiprocessing else "thread"
    verdict = "works" if of.ok else "does not work"
    head = f"The loader {verdict} with workers={of.workers}, each a {kind}."
    rate = () if of.rate is None else (str(of.rate),)
    return "\n".join((head, *of.problems, *of.advice, *of.notes, *rate))
