"""What each worker of a feed is doing: which of the user's lines it is in, and for how long.

A worker notes when it begins a batch: a thread in a dict, a process in the time stamp of its own
file, which its stack is written to as well.

The first worker that needs the folder of these files makes it. The calling process removes it, at
its own exit at the latest; if it is killed, its workers end and the last one removes the folder.
"""

from __future__ import annotations

import linecache
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.util import Finalize
from pathlib import Path
from threading import get_ident
from typing import Literal

from workbench.measure.workers.worker_stacks import (
    LAST,
    Frames,
    prepare_process,
    process_frames,
    thread_frames,
)
from workbench.printable import place
from workbench.user_code import is_user_file


@dataclass(frozen=True)
class WorkerStatus:
    """What one worker is doing.

    Attributes:
        worker: Its number, from 1.
        state: "busy" with a batch, "waiting" between batches, or "starting" before its first.
        seconds: Time in its batch so far.
        file: File of the innermost line of the user's code, or of a library's where there is none.
            Empty if unknown, as are the next two.
        line: The line's number.
        source: The line's text.
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
            return f"Worker {self.worker} is waiting for work"
        if not self.file:
            return f"Worker {self.worker} has been busy with a batch for {self.seconds:.0f} s"
        position = f"({place(self.file, self.line)})"
        return f"Worker {self.worker} has been {self.seconds:.0f} s in {self.source} {position}"


class WorkerMonitor:
    """Where workers note what they do. Made by `monitor_workers`, and sent to worker processes.

    Attributes:
        folder: For files that the workers share; made by the first that needs it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._parent = self._prepared = os.getpid()
        self._began: dict[int, float] = {}  # by thread, while it makes a batch

    @contextmanager
    def making_batch(self) -> Iterator[None]:
        """Note that the calling worker makes a batch meanwhile."""
        self._note(time.time())
        try:
            yield
        finally:
            self._note(0.0)

    def thread_statuses(self, idents: list[int]) -> tuple[WorkerStatus, ...]:
        """The status of these threads, or of all that make a batch if there are none."""
        began = self._began.copy()
        return tuple(
            _status(number, began.get(ident, 0.0), partial(thread_frames, ident))
            for number, ident in enumerate(idents or began, 1)
        )

    def process_statuses(self, pids: list[int]) -> tuple[WorkerStatus, ...]:
        """The status of these processes."""
        return tuple(self._process_status(number, pid) for number, pid in enumerate(pids, 1))

    def _process_status(self, number: int, pid: int) -> WorkerStatus:
        path = self.folder / str(pid)
        if not path.exists():  # not ready for the signal, which would end it
            return WorkerStatus(number, "starting")
        return _status(number, path.stat().st_mtime, partial(process_frames, path, pid))

    def _note(self, began: float) -> None:
        if os.getpid() == self._parent:
            if began:
                self._began[get_ident()] = began
            else:
                del self._began[get_ident()]
            return
        path = self.folder / str(os.getpid())
        if self._prepared != os.getpid():
            prepare_process(path)
            self._prepared = os.getpid()
        os.utime(path, (began, began))


@contextmanager
def monitor_workers() -> Iterator[WorkerMonitor]:
    """A monitor whose folder is removed at the end."""
    folder = Path(tempfile.gettempdir(), f"workbench-{secrets.token_hex(8)}")
    # A finalizer also runs at exit, when a daemon thread in this block just stops. A
    # `TemporaryDirectory` would be inherited by a forked worker, which might remove the folder.
    remove = Finalize(None, shutil.rmtree, (folder, True), exitpriority=LAST)
    try:
        yield WorkerMonitor(folder)
    finally:
        remove()


def _status(number: int, began: float, frames: Callable[[], Frames]) -> WorkerStatus:
    if not began:
        return WorkerStatus(number, "waiting")
    seconds, found = time.time() - began, frames()
    if not found:
        return WorkerStatus(number, "busy", seconds)
    file, line = next((frame for frame in found if is_user_file(frame[0])), found[0])
    source = linecache.getline(file, line).strip() or "a line without source"
    return WorkerStatus(number, "busy", seconds, file, line, source)
