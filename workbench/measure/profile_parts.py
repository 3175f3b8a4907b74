"""What a line profile consists of: functions, their lines, and the hottest of all lines."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Part:
    """What a line called in libraries.

    Attributes:
        name: Function, or class where a function's own name says nothing ("ElasticTransform").
        share: Of the batch time; the line's own share, divided as in recorded batches.
    """

    name: str
    share: float


@dataclass(frozen=True)
class Line:
    """One line of source.

    Attributes:
        line: Its number in the file.
        hits: How often it ran in all profiled batches.
        seconds: Time in it, callees included, scaled to unprofiled batches, all batches together.
        share: Of the batch time, callees and waiting included.
        self_share: Of the batch time, without functions that are listed beside it, without waiting.
        waiting: Share by which several threads take longer than one for it: they wait for the
            interpreter lock, or for a core. The difference of two runs.
        spread: Standard deviation of its seconds from batch to batch.
        approximate: Under 1 microsecond a hit: the profiler's own cost is as large.
        source: Its text; empty where there is no source.
        parts: The library calls that it consists of, where there are several.
        libraries: Packages whose Python code it runs; `profile_lines(..., libraries=...)` goes
            into them.
    """

    line: int
    hits: int
    seconds: float
    share: float
    self_share: float
    waiting: float
    spread: float
    approximate: bool
    source: str
    parts: tuple[Part, ...] = ()
    libraries: tuple[str, ...] = ()


@dataclass(frozen=True)
class Function:
    """One profiled function.

    Attributes:
        name: Qualified name.
        file: Where its source is.
        first_line: Its first line number there.
        calls: Calls in all profiled batches, as counted in the first one.
        share: Of the batch time, callees included.
        lines: All its lines, also those that did not run.
    """

    name: str
    file: str
    first_line: int
    calls: int
    share: float
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class HotLine:
    """A line ranked by the time spent in itself."""

    function: str
    file: str
    line: int
    self_share: float
    source: str
    parts: tuple[Part, ...] = ()

    def __str__(self) -> str:
        place = f"{Path(self.file).name}:{self.line}"
        text = f"{self.source.strip() or '(no source)'}  {place}, {self.self_share:.0%} of a batch"
        parts = " · ".join(f"{part.name} {part.share:.0%}" for part in self.parts)
        return f"{text}  ({parts})" if parts else text
