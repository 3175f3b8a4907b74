"""Where each worker of a feed stands: which of the user's lines it is in, and for how long.

A worker writes down when it begins a batch: a thread in a dict, a process in the time stamp of a
file of its own. Asked for its line, a thread is looked up, and a process writes its stack to that
file: `faulthandler` does so in C, also while the worker is stuck in C code.

The folder of these files is made by the first worker that needs it. The calling process removes
it, at its own exit at the latest; if it is killed, its workers end and the last one does.
"""

from __future__ import annotations

import faulthandler
import linecache
import os
import re
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing import parent_process
from multiprocessing.util import Finalize
from pathlib import Path
from threading import get_ident
from typing import Literal

from workbench.measure.user_code import is_user_file

FRAME = re.compile(r'File "(.*)", line (\d+) in ')
# A stack is written within a millisecond, unless the machine is busy.
DUMP_SECONDS = 1.0
# Below 0: at a process's exit, after its own worker processes have been ended.
LAST = -1
Frames = list[tuple[str, int]]


@dataclass(frozen=True)
class Standing:
    """Where one worker stands.

    Attributes:
        worker: Its number, from 1.
        state: Within a batch, between batches, or not yet at its first.
        seconds: How long it has been in its batch.
        file: Of the innermost line of the user's code, or of a library's where there is none;
            empty if unknown, as the rest is.
        line: Its number.
        source: Its text.
    """

    worker: int
    state: Literal["busy", "waiting", "starting"]
    seconds: float = 0.0
    file: str = ""
    line: int = 0
    source: str = ""

    def __str__(self) -> str:
        if self.state == "starting":
            return f"Worker {self.worker} has not begun a batch"
        if self.state == "waiting":
            return f"Worker {self.worker} waits for a batch to make"
        if not self.file:
            return f"Worker {self.worker} has been {self.seconds:.0f} s in a batch"
        place = f"({Path(self.file).name}:{self.line})"
        return f"Worker {self.worker} has been {self.seconds:.0f} s in {self.source} {place}"


class Board:
    """Where workers write down what they do; made by `board`. Goes to worker processes.

    Attributes:
        folder: For files that they share; made by whichever first needs it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._parent = self._prepared = os.getpid()
        self._began: dict[int, float] = {}  # by thread, while it makes a batch

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Within it, the calling worker makes a batch."""
        self._note(time.time())
        try:
            yield
        finally:
            self._note(0.0)

    def threads(self, idents: list[int] | None = None) -> tuple[Standing, ...]:
        """Where these threads stand, or all that are within a batch."""
        began = self._began.copy()
        return tuple(
            _standing(number, began.get(ident, 0.0), partial(_frames_of, ident))
            for number, ident in enumerate(idents or began, 1)
        )

    def processes(self, pids: list[int]) -> tuple[Standing, ...]:
        """Where these processes stand."""
        return tuple(self._process(number, pid) for number, pid in enumerate(pids, 1))

    def _process(self, number: int, pid: int) -> Standing:
        path = self.folder / str(pid)
        if not path.exists():  # so it is not ready for the signal, which would end it
            return Standing(number, "starting")
        return _standing(number, path.stat().st_mtime, partial(_dumped, path, pid))

    def _note(self, began: float) -> None:
        if os.getpid() == self._parent:
            if began:
                self._began[get_ident()] = began
            else:
                del self._began[get_ident()]
            return
        path = self.folder / str(os.getpid())
        if self._prepared != os.getpid():
            _prepare_process(path)
            self._prepared = os.getpid()
        os.utime(path, (began, began))


@contextmanager
def board() -> Iterator[Board]:
    """A board, while it is needed."""
    folder = Path(tempfile.gettempdir(), f"workbench-{secrets.token_hex(8)}")
    # Also at exit, when a daemon thread that is in here just stops. Not by a `TemporaryDirectory`,
    # which a forked worker would inherit and might remove.
    remove = Finalize(None, shutil.rmtree, (folder, True), exitpriority=LAST)
    try:
        yield Board(folder)
    finally:
        remove()


def _standing(number: int, began: float, frames: Callable[[], Frames]) -> Standing:
    if not began:
        return Standing(number, "waiting")
    seconds, found = time.time() - began, frames()
    if not found:
        return Standing(number, "busy", seconds)
    file, line = next((frame for frame in found if is_user_file(frame[0])), found[0])
    source = linecache.getline(file, line).strip() or "a line without source"
    return Standing(number, "busy", seconds, file, line, source)


def _prepare_process(path: Path) -> None:
    """Let SIGUSR1 write this worker's stack to a file, which appears once that is so."""
    # Jupyter's Interrupt goes to the whole process group, and is for the calling process only.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    Finalize(None, _remove_if_orphaned, (path.parent,), exitpriority=LAST)
    unready = path.with_suffix(".new")
    file = unready.open("w")
    if hasattr(faulthandler, "register"):  # not on Windows
        faulthandler.register(signal.SIGUSR1, file=file, all_threads=False)
    unready.rename(path)


def _remove_if_orphaned(folder: Path) -> None:
    parent = parent_process()
    if parent is not None and not parent.is_alive():
        shutil.rmtree(folder, ignore_errors=True)


def _dumped(path: Path, pid: int) -> Frames:
    if not hasattr(signal, "SIGUSR1"):
        return []
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGUSR1)
    until = time.monotonic() + DUMP_SECONDS
    text = ""
    while time.monotonic() < until and not (text and text == path.read_text(errors="replace")):
        text = path.read_text(errors="replace")
        time.sleep(0.02)
    return [(file, int(line)) for file, line in FRAME.findall(text.rpartition("first)")[2])]


def _frames_of(ident: int) -> Frames:
    frame, found = sys._current_frames().get(ident), []
    while frame is not None:
        found.append((frame.f_code.co_filename, frame.f_lineno))
        frame = frame.f_back
    return found
