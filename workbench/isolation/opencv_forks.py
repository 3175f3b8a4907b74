"""OpenCV's threads end before a process forks; imported by whatever starts worker processes.

A thread of OpenCV's pool that holds its lock at that moment holds it for ever in the child, whose
next warp then waits without end: one fork in a hundred on a busy machine, with OpenCV 5.0. See
https://github.com/opencv/opencv/issues/5150.
"""

from __future__ import annotations

import os
import sys
from threading import Lock

_forking = Lock()
_threads = 1  # of OpenCV's, when nobody forks


def _end_threads() -> None:
    global _threads  # noqa: PLW0603
    _forking.acquire()
    cv2 = sys.modules.get("cv2")
    _threads = cv2.getNumThreads() if cv2 else 1
    if cv2 and _threads > 1:
        cv2.setNumThreads(1)  # ends the others at once


def _allow_threads() -> None:
    try:
        if _threads > 1:
            sys.modules["cv2"].setNumThreads(_threads)
    finally:  # an Interrupt may come here, and the next fork must not wait for ever
        _forking.release()


# The child keeps one: workers are side by side already. Windows has no forks.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_end_threads, after_in_parent=_allow_threads, after_in_child=_forking.release
    )
