"""Find out whether worker processes could make a loader's batches, before any are started."""

from __future__ import annotations

import linecache
import multiprocessing
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from multiprocessing.reduction import ForkingPickler
from time import perf_counter
from types import FrameType
from typing import Any

import psutil

from workbench.compat.tensorflow_calls import runs_operation
from workbench.isolation.explain_errors import described
from workbench.isolation.profile_hook import profile_hook
from workbench.loader import Loader
from workbench.measure.workers.shared_state import Finding
from workbench.measure.workers.worker_errors import USE_THREADS, WorkersRefused
from workbench.printable import place
from workbench.user_code import is_user_file

# Frames of a pickle that hold names are smaller; what is larger is data.
FRAME_BYTES = 1 << 17
OPENCV = (  # see workbench.isolation.opencv_forks, which does it here
    "OpenCV runs in {}. Where the workbench is not imported, call cv2.setNumThreads(1) before "
    "training: OpenCV's threads do not survive a fork, and a worker may wait for them forever."
)


@dataclass(frozen=True)
class Preflight:
    """What was found before workers were started.

    Attributes:
        example: The batch at index 0.
        seconds: How long it took to make.
        problems: Why worker processes would not work.
        advice: What to do about each problem.
        notes: Other remarks.
    """

    example: Any
    seconds: float
    problems: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def raise_problems(self) -> None:
        """Do nothing if there are no problems.

        Raises:
            WorkersRefused: If there are.
        """
        if self.problems:
            raise WorkersRefused(self.problems, self.advice)


def examine(loader: Loader, workers: int, use_multiprocessing: bool) -> Preflight:
    """Make one batch in this thread, and find out whether worker processes could make it too.

    Does not see what the loader's own threads do.
    """
    check_forward_only(loader, workers, use_multiprocessing)
    operations = _Operations()
    began = perf_counter()
    with profile_hook(operations) if use_multiprocessing else nullcontext():
        example = loader[0]
    seconds = perf_counter() - began
    if not use_multiprocessing:
        return Preflight(example, seconds)
    forked = multiprocessing.get_start_method() == "fork"
    found, notes = _when_forked(operations) if forked else _when_pickled(loader, workers)
    problems, advice = (tuple(finding[column] for finding in found) for column in (0, 1))
    return Preflight(example, seconds, problems, advice, notes)


def check_forward_only(loader: Loader, workers: int, use_multiprocessing: bool) -> None:
    """Refuse several workers for a loader that only gives one batch after the other.

    Raises:
        WorkersRefused: With the loader's reason.
    """
    why = loader.one_worker
    if why and (workers > 1 or (use_multiprocessing and workers > 0)):
        raise WorkersRefused((why,), ())


def note_pickling(loader: Loader) -> tuple[str, ...]:
    """Notes about what keeps the loader from start methods other than fork."""
    found, _ = _when_pickled(loader, 1)
    return tuple(f"Would not work with spawn or forkserver: {problem}" for problem, _ in found)


class _Operations:
    """A profile function that notes the first lines that run TensorFlow and OpenCV."""

    def __init__(self) -> None:
        self.tensorflow = self.opencv = ""
        self._cv2 = sys.modules.get("cv2")

    def __call__(self, frame: FrameType, event: str, function: Any) -> None:
        name = getattr(function, "__name__", "") if event == "c_call" else ""
        if not self.tensorflow and runs_operation(name):
            self.tensorflow = _user_line(frame)
        if name and not self.opencv and getattr(self._cv2, name, None) is function:
            ours = frame.f_globals.get("__name__", "").startswith("workbench.")
            self.opencv = "" if ours else _user_line(frame)


class _PickleSize:
    """A file that counts its bytes, and notices names from the notebook."""

    def __init__(self) -> None:
        self.bytes, self.from_main = 0, False

    def write(self, data: Any) -> None:
        size = memoryview(data).nbytes
        self.bytes += size
        self.from_main |= size <= FRAME_BYTES and b"__main__" in bytes(data)


def _when_forked(operations: _Operations) -> tuple[list[Finding], tuple[str, ...]]:
    notes = (OPENCV.format(operations.opencv),) if operations.opencv else ()
    if not operations.tensorflow:
        return [], notes
    problem = (
        f"TensorFlow runs in {operations.tensorflow}: a forked worker process hangs there, because "
        "it does not have the threads that TensorFlow has started in this process."
    )
    advice = f"Do this step with NumPy or OpenCV, or move it into the model, or {USE_THREADS}."
    return [(problem, advice)], notes


def _when_pickled(loader: Loader, workers: int) -> tuple[list[Finding], tuple[str, ...]]:
    """Spawn and forkserver pickle the loader for each worker, which imports its parts."""
    pickled = _PickleSize()
    try:
        ForkingPickler(pickled).dump(loader)
    except Exception as error:
        # multiprocessing's locks and shared values can be pickled, but only at a process's start.
        if "inheritance" not in str(error):
            return [_unpicklable(error)], ()
    found = []
    if pickled.from_main and not hasattr(sys.modules["__main__"], "__file__"):
        problem = (
            "The loader, or a part of it, is defined in the notebook, which worker processes "
            "cannot import: workers would crash and restart endlessly."
        )
        found.append((problem, f"Move it into a .py file and import it, or {USE_THREADS}."))
    megabytes = workers * pickled.bytes / 1e6
    total = "under 1 MB" if megabytes < 1 else f"{megabytes:.3g} MB"
    copies = f"Each worker process gets a copy of the loader: {total} for {workers}"
    if workers * pickled.bytes > psutil.virtual_memory().available:
        advice = f"Read the data from files or from a memory map, or {USE_THREADS}."
        found.append((f"{copies}, which does not fit in memory.", advice))
    return found, (f"{copies}.",)


def _unpicklable(error: Exception) -> Finding:
    problem = f"The loader cannot be sent to worker processes: {described(error)}."
    advice = f"Open files and create lambdas and locks in __getitem__, or {USE_THREADS}."
    return problem, advice


def _user_line(frame: FrameType) -> str:
    """The nearest line of the user's code."""
    found: FrameType | None = frame
    while found is not None and not is_user_file(found.f_code.co_filename):
        found = found.f_back
    file, line = (found or frame).f_code.co_filename, (found or frame).f_lineno
    return f"{linecache.getline(file, line).strip()} ({place(file, line)})"
