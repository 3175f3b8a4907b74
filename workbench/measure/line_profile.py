"""A line profile as plain data: collected by `lines`, shown by the panel, drawn by `render`."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from workbench import jsonfile
from workbench.measure.compare_profiles import Comparison, comparison
from workbench.render import markup, text

FORMAT = "workbench-profile"
VERSION = 1
FAULTS = 5  # of a broken file, enough to see what it is


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


@dataclass(frozen=True)
class LineProfile:
    """Where the time of a batch goes, line by line.

    Attributes:
        batches: Batches profiled; as many ran unprofiled between them.
        seconds: Duration of the profiled batches, summed over workers.
        unprofiled_seconds: Duration of as many batches without the profiler.
        samples: Samples in the profiled batches, by their real leading dimension.
        slowdown: Profiled over unprofiled time of the same batches, median.
        workers: 0: the calling thread.
        use_multiprocessing: Whether workers were processes.
        peak_bytes: The most that one batch newly allocated at a time, through Python and NumPy;
            what OpenCV and TensorFlow allocate for themselves is not seen. None: not measured.
        outside: Shares of the batch time that no listed line has: `keras` (its own code around the
            lines), `conversion` (pickling, to pass a batch on from a worker process), `waiting`
            (the sum over lines) and `other`. Self shares plus these are 1.
        functions: By share; the one that gives the batch first.
        hot: Lines of all functions, ranked by `self_share`.
        notes: What else must be known to read it, such as why there are no lines.
    """

    batches: int
    seconds: float
    unprofiled_seconds: float
    samples: int
    slowdown: float
    workers: int
    use_multiprocessing: bool
    peak_bytes: int | None
    outside: dict[str, float]
    functions: tuple[Function, ...]
    hot: tuple[HotLine, ...]
    notes: tuple[str, ...] = ()

    @property
    def batch_seconds(self) -> float:
        """Duration of one unprofiled batch."""
        return self.unprofiled_seconds / self.batches if self.batches else 0.0

    def to_dict(self) -> dict[str, Any]:
        """As plain dicts and lists, for JSON."""
        return asdict(self)

    def compare(self, after: LineProfile) -> Comparison:
        """This profile and one taken after a change, line by line.

        Example:
            >>> before = wb.profile_lines(Scans())
            >>> before.compare(wb.profile_lines(FasterScans()))
        """
        return comparison(self, after)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the profile as JSON: with the lines of source in it, and the paths of their files.

        Raises:
            FileExistsError: If there is a file that is no profile.
            FileNotFoundError: If there is no such folder.
            OSError: If it cannot be written.
            ValueError: If the name does not end in .json.
        """
        target = jsonfile.claim(path, FORMAT)
        values = {"format": FORMAT, "version": VERSION, "profile": self.to_dict()}
        content = json.dumps(values, ensure_ascii=False, indent=1) + "\n"
        # Names of files that are not UTF-8 have halves of surrogate pairs: no JSON can say them.
        jsonfile.replace(target, content.encode("utf-8", "replace").decode("utf-8"))
        return target

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> LineProfile:
        """Read a file that `save` wrote.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If it is no profile, a broken one, or one of a newer workbench.
        """
        file = Path(path).expanduser()
        values = jsonfile.read(file, FORMAT, VERSION)
        try:
            # As JSON again: in strict validation only its lists may become tuples.
            content = json.dumps(values.get("profile"))
            return TypeAdapter(LineProfile).validate_json(content, strict=True)
        except ValidationError as error:
            faults = [f"{file}: {_fault(e['loc'], e['msg'])}" for e in error.errors()[:FAULTS]]
            raise ValueError("\n".join(faults)) from None

    def to_html(self) -> str:
        """A document of its own: no script, nothing from elsewhere, light or dark as the reader."""
        return markup.document("Line profile", markup.profile(self))

    def __str__(self) -> str:
        return text.profile(self)

    def _repr_html_(self) -> str:
        return markup.fragment(markup.profile(self))

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        # Notebooks and IPython: without it, all fields of all lines.
        printer.text(str(self))


def _fault(where: tuple[int | str, ...], what: str) -> str:
    return f"{'.'.join(map(str, ('profile', *where)))}: {what}"
