"""Advice as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from workbench.advice.proof import Difference
from workbench.measure.stats import Summary
from workbench.result import Result


@dataclass(frozen=True, repr=False)
class Advice(Result):
    """A replacement for a slow line, and what it was measured to save.

    Attributes:
        file: File of the line.
        line: Its number.
        function: The function that contains it.
        what: What the line does.
        instead: What to use instead.
        code_before: The present code.
        code_after: The replacement. Its functions are those that were timed.
        old_ms: Milliseconds per batch of the present expression.
        new_ms: Milliseconds per batch of the replacement.
        saved_ms: Milliseconds per batch that the replacement saves.
        ratio: Old time divided by new time.
        calls_per_batch: Number of times that a batch computes the expression.
        batch_ms: Milliseconds of a whole batch as it is, timed in the same rounds.
        epoch_batches: Number of batches in an epoch; None if unknown.
        difference: How far the results differ; None if they are random.
        notes: Other remarks.
        before: A present result, if it is an image.
        after: The replacement's result for the same values, if it is an image.
    """

    file: str
    line: int
    function: str
    what: str
    instead: str
    code_before: str
    code_after: str
    old_ms: Summary
    new_ms: Summary
    saved_ms: Summary
    ratio: Summary
    calls_per_batch: float
    batch_ms: Summary
    epoch_batches: int | None
    difference: Difference | None
    notes: tuple[str, ...]
    before: Any = field(compare=False)
    after: Any = field(compare=False)

    @property
    def saved_epoch_s(self) -> Summary | None:
        """Seconds per epoch that the replacement saves; None if the epoch's length is unknown."""
        return self.saved_ms.times(self.epoch_batches / 1e3) if self.epoch_batches else None

    def to_dict(self) -> dict[str, Any]:
        """As plain dicts, for JSON; without the images."""
        found = super().to_dict()
        del found["before"], found["after"]
        return found


class Findings(Result, tuple[Advice, ...]):
    """Pieces of advice, largest saving first."""

    def to_dict(self) -> dict[str, Any]:
        """As a list of plain dicts under "advice", for JSON."""
        return {"advice": [each.to_dict() for each in self]}
