"""The parts of a line profile: functions, their lines, and the ranking of all lines."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.printable import place


@dataclass(frozen=True)
class Part:
    """A library function that a line calls.

    Attributes:
        name: The function, or its class for special methods ("ElasticTransform").
        share: Share of the batch time: the line's own share, divided as in recorded batches.
    """

    name: str
    share: float


@dataclass(frozen=True)
class Line:
    """One line of source.

    Attributes:
        line: Its number in the file.
        hits: Number of times it ran in all profiled batches.
        seconds: Time in it in all batches, callees included, scaled to unprofiled batches.
        share: Share of the batch time, callees and waiting included.
        self_share: Share of the batch time, without waiting and without listed functions that it
            calls.
        waiting: Share that it takes longer in several threads than in one, since they wait for the
            interpreter lock or for a core. The difference between two runs.
        spread: Standard deviation of its seconds from batch to batch.
        approximate: Whether a hit takes less than 1 microsecond, about the profiler's own overhead.
        source: Its text; empty without source.
        parts: The library functions that it calls, if there are several.
        libraries: Packages whose Python code it runs; `profile_lines(..., libraries=...)` profiles
            them too.
        unprofiled: Functions of the user's that it runs, or has run by threads or processes, and
            whose own lines were not counted there, each with the reason.
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
    unprofiled: tuple[str, ...] = ()


@dataclass(frozen=True)
class Function:
    """One profiled function.

    Attributes:
        name: Qualified name.
        file: Where its source is.
        first_line: Number of its first line.
        calls: Calls in all profiled batches, estimated from recorded ones.
        share: Share of the batch time, callees included.
        lines: All its lines, including those that did not run.
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
    unprofiled: tuple[str, ...] = ()

    def __str__(self) -> str:
        position = place(self.file, self.line)
        text = (
            f"{self.source.strip() or '(no source)'}  {position}, {self.self_share:.0%} of a batch"
        )
        parts = " · ".join(f"{part.name} {part.share:.0%}" for part in self.parts)
        return f"{text}  ({parts})" if parts else text
