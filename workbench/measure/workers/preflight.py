"""Whether worker processes could make a loader's batches at all: found out before they start."""

from __future__ import annotations

import linecache
import multiprocessing
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from time import perf_counter
from types import FrameType
from typing import Any

import psutil

from workbench.compat.tensorflow_calls import runs_operation
from workbench.isolation.profile_hook import profile_hook
from workbench.loader import Loader
from workbench.measure.user_code import is_user_file
from workbench.measure.workers.worker_errors import USE_THREADS, WorkersRefused

# Frames of a pickle, where names stand, are smaller; what is larger is data.
FRAME_BYTES = 1 << 17
Finding = tuple[str, str]  # a problem, and what to do about it
OPENCV = (  # see workbench.isolation.opencv_forks, which does it here
    "OpenCV computes in {}: where the workbench is not imported, call cv2.setNumThreads(1) before "
    "training. Its threads do not survive a fork, and a worker may wait for them for ever."
)


@dataclass(frozen=True)
class Preflight:
    """What was found.

    Attributes:
        example: The batch at 0.
        seconds: How long it took.
        problems: Why worker processes would not do.
        advice: What to do, for each problem.
        notes: What is good to know.
    """

    example: Any
    seconds: float
    problems: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def raise_problems(self) -> None:
        """Go on only without any.

        Raises:
            WorkersRefused: If there are problems.
        """
        if self.problems:
            raise WorkersRefused(self.problems, self.advice)


def examine(loader: Loader, workers: int, use_multiprocessing: bool) -> Preflight:
    """Make one batch in this thread and look whether worker processes would make it as well.

    What threads of the loader's own do is not seen.
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
    found, notes = _when_forked(operations) if forked else _when_sent(loader, workers)
    return Preflight(example, seconds, *_columns(found), notes)


def check_forward_only(loader: Loader, workers: int, use_multiprocessing: bool) -> None:
    """Refuse several workers for what only goes forward, one batch after the other.

    Raises:
        WorkersRefused: Saying why.
    """
    why = loader.one_worker
    if why and (workers > 1 or (use_multiprocessing and workers > 0)):
        raise WorkersRefused((why,), ())


def note_sending(loader: Loader) -> tuple[str, ...]:
    """What would keep the loader from start methods other than fork."""
    found, _ = _when_sent(loader, 1)
    return tuple(f"With spawn or forkserver it would not work: {problem}" for problem, _ in found)


class _Operations:
    """A profile function that notes where TensorFlow and OpenCV are first asked for something."""

    def __init__(self) -> None:
        self.tensorflow = self.opencv = ""
        self._cv2 = sys.modules.get("cv2")

    def __call__(self, frame: FrameType, event: str, function: Any) -> None:
        name = getattr(function, "__name__", "") if event == "c_call" else ""
        if not self.tensorflow and runs_operation(name):
            self.tensorflow = _place(frame)
        if name and not self.opencv and getattr(self._cv2, name, None) is function:
            ours = frame.f_globals.get("__name__", "").startswith("workbench.")
            self.opencv = "" if ours else _place(frame)


class _Sent:
    """A file that counts what is written, and looks for names of the notebook's."""

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
        f"TensorFlow computes in {operations.tensorflow}: forked worker processes hang there, "
        "without the threads that TensorFlow has started in this one."
    )
    mend = f"Do this step with NumPy or OpenCV, or move it into the model, or {USE_THREADS}."
    return [(problem, mend)], notes


def _when_sent(loader: Loader, workers: int) -> tuple[list[Finding], tuple[str, ...]]:
    """With spawn and forkserver each worker is sent the loader, and imports what it is made of."""
    sent = _Sent()
    try:
        ForkingPickler(sent).dump(loader)
    except Exception as error:
        # Locks and shared values of multiprocessing can be sent, though only at a process's start.
        if "inheritance" not in str(error):
            return [_unsendable(error)], ()
    found = []
    if sent.from_main and not hasattr(sys.modules["__main__"], "__file__"):
        problem = (
            "It, or a part of it, is defined in the notebook, which worker processes cannot "
            "import: they would end and be replaced for ever."
        )
        found.append((problem, f"Move it into a .py file and import it, or {USE_THREADS}."))
    megabytes = workers * sent.bytes / 1e6
    total = "under 1 MB" if megabytes < 1 else f"{megabytes:.3g} MB"
    copies = f"Each worker process gets a copy of it: {total} for {workers}"
    if workers * sent.bytes > psutil.virtual_memory().available:
        mend = f"Let it read from files or from a memory map, or {USE_THREADS}."
        found.append((f"{copies}, for which there is not enough memory.", mend))
    return found, (f"{copies}.",)


def _unsendable(error: Exception) -> Finding:
    problem = f"It cannot be sent to worker processes: {type(error).__name__}: {error}."
    return problem, f"Open files and make lambdas and locks in __getitem__, or {USE_THREADS}."


def _columns(found: list[Finding]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(problem for problem, _ in found), tuple(advice for _, advice in found)


def _place(frame: FrameType) -> str:
    """The nearest line of the user's code."""
    found: FrameType | None = frame
    while found is not None and not is_user_file(found.f_code.co_filename):
        found = found.f_back
    file, line = (found or frame).f_code.co_filename, (found or frame).f_lineno
    return f"{linecache.getline(file, line).strip()} ({Path(file).name}:{line})"
