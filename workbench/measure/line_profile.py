"""A line profile as plain data, collected by `lines`."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from workbench import jsonfile
from workbench.measure.compare_profiles import compare
from workbench.measure.profile_comparison import ProfileComparison, ProfileSummary
from workbench.measure.profile_parts import Function, HotLine
from workbench.printable import printable_errors
from workbench.result import Result

FORMAT = "workbench-profile"
VERSION = 1
MOST_FAULTS = 5  # shown of a broken file


@dataclass(frozen=True)
class LineProfile(Result):
    """Where the time of a batch goes, line by line.

    Attributes:
        batches: Number of profiled batches; as many ran unprofiled between them.
        seconds: Duration of the profiled batches, summed over workers.
        unprofiled_seconds: Duration of as many batches without the profiler.
        samples: Samples in the profiled batches, by their real leading dimension.
        slowdown: Profiled over unprofiled time of the same batches, median.
        workers: Number of workers; 0 for the calling thread.
        use_multiprocessing: Whether workers were processes.
        peak_bytes: Peak memory that one batch newly allocated through Python and NumPy. Does not
            include what OpenCV and TensorFlow allocate themselves. None if not measured.
        outside: Shares of the batch time that belong to no listed line: `keras` (its own code
            around the lines), `conversion` (pickling, to send a batch from a worker process),
            `waiting` (the sum over lines) and `other`. Self shares plus these are 1.
        functions: By share; `__getitem__` or the generator function comes first.
        hot: Lines of all functions, ranked by `self_share`.
        notes: Remarks that a reader needs, for instance why there are no lines.
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
        return compare(self.functions, after.functions, (self._summary(), after._summary()))

    def _summary(self) -> ProfileSummary:
        return ProfileSummary(
            batch_ms=self.batch_seconds * 1e3,
            samples=self.samples / max(1, self.batches),
            batches=self.batches,
            workers=self.workers,
            use_multiprocessing=self.use_multiprocessing,
        )

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the profile as JSON, including the source lines and the paths of their files.

        Raises:
            FileExistsError: If the file exists and is not a profile.
            FileNotFoundError: If the folder does not exist.
            OSError: If the file cannot be written.
            ValueError: If the name does not end in .json.
        """
        target = jsonfile.claim(path, FORMAT)
        values = {"format": FORMAT, "version": VERSION, "profile": self.to_dict()}
        content = json.dumps(values, ensure_ascii=False, indent=1) + "\n"
        # A file name that is not UTF-8 holds surrogate escapes, which UTF-8 cannot encode.
        jsonfile.replace(target, content.encode("utf-8", "replace").decode("utf-8"))
        return target

    @classmethod
    @printable_errors()
    def load(cls, path: str | os.PathLike[str]) -> LineProfile:
        """Read a file that `save` wrote.

        Raises:
            FileNotFoundError: If the file does not exist.
            ValueError: If it is not a profile, is broken, or was written by a newer workbench.
        """
        file = jsonfile.file_at(path)
        values = jsonfile.read(file, FORMAT, VERSION)
        try:
            # Back to JSON: strict validation turns only JSON's lists into tuples.
            content = json.dumps(values.get("profile"))
            return TypeAdapter(LineProfile).validate_json(content, strict=True)
        except ValidationError as error:
            faults = [f"{file}: {_fault(e['loc'], e['msg'])}" for e in error.errors()[:MOST_FAULTS]]
            raise ValueError("\n".join(faults)) from None


def _fault(where: tuple[int | str, ...], what: str) -> str:
    return f"{'.'.join(map(str, ('profile', *where)))}: {what}"
