"""What a change did to a line profile, as plain data. `compare_profiles` finds it out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from workbench.result import Result

Kind = Literal["same", "edited", "moved", "added", "removed"]


@dataclass(frozen=True)
class ProfileSummary:
    """How one of the two profiles was taken.

    Attributes:
        batch_ms: Milliseconds per batch without the profiler.
        samples: Mean number of samples in a batch.
        batches: Number of profiled batches.
        workers: Number of workers; 0 for the calling thread.
        use_multiprocessing: Whether workers were processes.
    """

    batch_ms: float
    samples: float
    batches: int
    workers: int
    use_multiprocessing: bool


@dataclass(frozen=True)
class LineChange:
    """One line, before and after.

    Attributes:
        kind: "same" text (apart from indentation), "edited", "moved", "added" or "removed".
        before_line: Its number in the file before; None if it was added.
        after_line: Its number after; None if it was removed.
        before_source: Its text before; empty if it was added.
        after_source: Its text after; empty if it was removed.
        before_ms: Milliseconds per batch before, callees included; 0 if it did not run.
        after_ms: Milliseconds per batch after.
        difference_ms: `after_ms` minus `before_ms`: negative is faster.
        noise_ms: Standard error of the difference, from the spread between batches. None if fewer
            than two batches were profiled.
        clear: Whether the difference is more than twice the noise.
    """

    kind: Kind
    before_line: int | None
    after_line: int | None
    before_source: str
    after_source: str
    before_ms: float
    after_ms: float
    difference_ms: float
    noise_ms: float | None
    clear: bool


@dataclass(frozen=True)
class FunctionChange:
    """One function, before and after.

    Attributes:
        before: Its name before; None if it was added.
        after: Its name after; None if it was removed.
        file: Its file after, or before if it was removed.
        before_ms: Milliseconds per batch before, callees included.
        after_ms: Milliseconds per batch after.
        lines: All lines of both versions.
    """

    before: str | None
    after: str | None
    file: str
    before_ms: float
    after_ms: float
    lines: tuple[LineChange, ...]


@dataclass(frozen=True)
class ProfileComparison(Result):
    """What a change did to the time of a batch, line by line.

    Attributes:
        before: The profile before.
        after: The profile after.
        speedup: Batch time before divided by after; None if the latter is 0.
        functions: In the order of the profile after; removed functions come last.
    """

    before: ProfileSummary
    after: ProfileSummary
    speedup: float | None
    functions: tuple[FunctionChange, ...]
