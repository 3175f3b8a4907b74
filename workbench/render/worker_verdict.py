"""A `WorkerCheck`: the verdict, then problems, advice and notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.measure.check_workers import WorkerCheck

TITLE = "Worker check"


def text(check: WorkerCheck) -> str:
    """The verdict first, a line for each sentence."""
    kind = "process" if check.use_multiprocessing else "thread"
    several = "" if check.workers == 1 else "es" if check.use_multiprocessing else "s"
    verdict = "works" if check.ok else "does not work"
    head = f"The loader {verdict} with {check.workers} worker {kind}{several}."
    if check.one_worker:
        head = f"The loader {verdict} with one worker thread, and cannot have more."
    rate = () if check.rate is None else (str(check.rate),)
    reason = (check.one_worker,) if check.one_worker else ()
    return "\n".join((head, *reason, *check.problems, *check.advice, *check.notes, *rate))
