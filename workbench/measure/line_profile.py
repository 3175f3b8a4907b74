"""A line profile as plain data: collected by `lines`, shown by the panel, drawn by `render`."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from workbench import jsonfile
from workbench.measure.compare_profiles import ProfileComparison, Run, compared
from workbench.measure.profile_parts import Function, HotLine
from workbench.result import Result

FORMAT = "workbench-profile"
VERSION = 1
FAULTS = 5  # of a broken file, enough to see what it is


@dataclass(frozen=True)
class LineProfile(Result):
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

    def compare(self, after: LineProfile) -> ProfileComparison:
        """This profile and one taken after a change, line by line.

        Example:
            >>> before = wb.profile_lines(Scans())
            >>> before.compare(wb.profile_lines(FasterScans()))
        """
        return compared(self.functions, after.functions, (self._run(), after._run()))

    def _run(self) -> Run:
        return Run(
            batch_ms=self.batch_seconds * 1e3,
            samples=self.samples / max(1, self.batches),
            batches=self.batches,
            workers=self.workers,
            use_multiprocessing=self.use_multiprocessing,
        )

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


def _fault(where: tuple[int | str, ...], what: str) -> str:
    return f"{'.'.join(map(str, ('profile', *where)))}: {what}"
