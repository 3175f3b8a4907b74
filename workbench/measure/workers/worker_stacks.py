"""Read the stack of a worker thread or process.

A thread's stack is looked up. A process writes its own to a file when it gets a signal:
`faulthandler` does so in C, even while the worker is stuck in C code.
"""

from __future__ import annotations

import faulthandler
import os
import re
import shutil
import signal
import sys
import time
from contextlib import suppress
from multiprocessing import parent_process
from multiprocessing.util import Finalize
from pathlib import Path

FRAME = re.compile(r'File "(.*)", line (\d+) in ')
# A stack is written within a millisecond, unless the machine is busy.
DUMP_SECONDS = 1.0
# Below 0: when the process exits, after its own worker processes have been ended.
LAST = -1
Frames = list[tuple[str, int]]  # file and line number, innermost first


def thread_frames(ident: int) -> Frames:
    """The stack of a thread of this process; empty if there is no such thread."""
    frame, found = sys._current_frames().get(ident), []
    while frame is not None:
        found.append((frame.f_code.co_filename, frame.f_lineno))
        frame = frame.f_back
    return found


def process_frames(path: Path, pid: int) -> Frames:
    """The stack of a process that has prepared this file; empty if it does not write it in time."""
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


def prepare_process(path: Path) -> None:
    """Make SIGUSR1 write this worker's stack to a file; the file exists once the handler is set."""
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
