"""A piece of advice: plain data, as text and as HTML."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from workbench.advice.proof import Difference
from workbench.measure.stats import Summary
from workbench.result import Result


@dataclass(frozen=True, repr=False)
class Advice(Result):
    """What to write instead of a line, and what that was measured to save.

    Attributes:
        file: Where the line is.
        line: Its number.
        function: The function that it is in.
        what: What it does, in words.
        instead: What to use instead.
        code_before: The lines as they are.
        code_after: What to write instead; the functions in it are those that were timed.
        old_ms: Milliseconds a batch, of this expression.
        new_ms: Of the other way.
        saved_ms: Milliseconds that a batch gets shorter.
        ratio: Old time by new.
        calls_per_batch: How often a batch computes it.
        batch_ms: Milliseconds of a whole batch as it is, timed in the same rounds.
        epoch_batches: How many an epoch has; None if that is not known.
        difference: How far the results differ, in grey levels.
        notes: What else to know.
        before: One result as it is, an array; None if it is no image.
        after: The same the other way.
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
    difference: Difference
    notes: tuple[str, ...]
    before: Any = field(compare=False)
    after: Any = field(compare=False)

    @property
    def saved_epoch_s(self) -> Summary | None:
        """Seconds that an epoch gets shorter; None if its length is not known."""
        return self.saved_ms.times(self.epoch_batches / 1e3) if self.epoch_batches else None

    def to_dict(self) -> dict[str, Any]:
        """As plain dicts, for JSON; without the images."""
        found = super().to_dict()
        del found["before"], found["after"]
        return found


class Findings(Result, tuple[Advice, ...]):
    """Pieces of advice, the greatest saving first."""

    def to_dict(self) -> dict[str, Any]:
        """As a list of plain dicts under "advice", for JSON."""
        return {"advice": [each.to_dict() for each in self]}
