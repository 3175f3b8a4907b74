"""End OpenCV's threads before a process forks. Imported by whatever starts worker processes.

If a thread of OpenCV's pool holds the pool's lock during a fork, the lock stays held in the child,
whose next warp waits forever: one fork in a hundred on a busy machine, with OpenCV 5.0. See
https://github.com/opencv/opencv/issues/5150.
"""

from __future__ import annotations

import os
import sys
from threading import Lock

_forking = Lock()
_threads = 1  # OpenCV's number of threads between forks


def _end_threads() -> None:
    global _threads  # noqa: PLW0603
    _forking.acquire()
    cv2 = sys.modules.get("cv2")
    _threads = cv2.getNumThreads() if cv2 else 1
    if cv2 and _threads > 1:
        cv2.setNumThreads(1)  # ends the others immediately


def _allow_threads() -> None:
    try:
        if _threads > 1:
            sys.modules["cv2"].setNumThreads(_threads)
    finally:  # a KeyboardInterrupt here must not make the next fork wait forever
        _forking.release()


# The child keeps one thread, since workers run in parallel already. Windows has no forks.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_end_threads, after_in_parent=_allow_threads, after_in_child=_forking.release
    )
