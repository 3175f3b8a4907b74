"""A line profile as plain data: collected by `lines`, shown by the panel, printed as text."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Line:
    """One line of source.

    Attributes:
        line: Its number in the file.
        hits: How often it ran in all profiled batches.
        seconds: Time in it, callees included, scaled to unprofiled batches, all batches together.
        share: Of the batch time, callees included.
        self_share: Of the batch time, without functions that are listed beside it.
        spread: Standard deviation of its seconds from batch to batch.
        approximate: Under 1 microsecond a hit: the profiler's own cost is as large.
        source: Its text; empty where there is no source.
    """

    line: int
    hits: int
    seconds: float
    share: float
    self_share: float
    spread: float
    approximate: bool
    source: str


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

    def __str__(self) -> str:
        place = f"{Path(self.file).name}:{self.line}"
        return f"{self.source.strip() or '(no source)'}  {place}, {self.self_share:.0%} of a batch"


@dataclass(frozen=True)
class LineProfile:
    """Where the time of a batch goes, line by line.

    Attributes:
        batches: Batches profiled; as many ran unprofiled between them.
        seconds: Duration of the profiled batches.
        unprofiled_seconds: Duration of as many batches without the profiler.
        samples: Samples in the profiled batches, by their real leading dimension.
        slowdown: Profiled over unprofiled time of the same batch, median of all batches.
        workers: 0: the calling thread.
        use_multiprocessing: Whether workers were processes.
        outside: Shares of the batch time that no listed line has. Self shares plus these are 1.
        functions: By share; the one that gives the batch first.
        hot: Lines of all functions, ranked by `self_share`.
    """

    batches: int
    seconds: float
    unprofiled_seconds: float
    samples: int
    slowdown: float
    workers: int
    use_multiprocessing: bool
    outside: dict[str, float]
    functions: tuple[Function, ...]
    hot: tuple[HotLine, ...]

    @property
    def batch_seconds(self) -> float:
        """Duration of one unprofiled batch."""
        return self.unprofiled_seconds / self.batches if self.batches else 0.0

    def to_dict(self) -> dict[str, Any]:
        """As plain dicts and lists, for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        head = (
            f"{self.batch_seconds * 1e3:.1f} ms a batch unprofiled, {self.batches} batches, "
            f"this thread, profiler slows by {self.slowdown:.2f}x"
        )
        hot = [f"  {number}. {line}" for number, line in enumerate(self.hot[:5], 1)]
        return "\n".join([head, *hot, *(self._listing(f) for f in self.functions)])

    def _listing(self, function: Function) -> str:
        place = f"{Path(function.file).name}:{function.first_line}"
        rows = [f"\n{function.share:6.1%}  {function.name}  ({place})"]
        rows += [
            f"{line.share:7.1%} {line.seconds / self.batches * 1e3:9.2f} ms {line.hits:7d}  "
            f"{line.source}"
            if line.hits
            else f"{'':27}  {line.source}"
            for line in function.lines
        ]
        return "\n".join(rows)
