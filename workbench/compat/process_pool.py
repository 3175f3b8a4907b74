"""Pools of `multiprocessing`: their workers, and how to end one whose workers hang or died.

`Pool.terminate` may wait forever: a worker that is killed keeps its locks, or leaves half a message
in a pipe. The private attributes used here are the same from Python 3.8 to 3.14.
"""

from __future__ import annotations

from contextlib import suppress
from multiprocessing.pool import (  # type: ignore[attr-defined]
    TERMINATE,
    ExceptionWithTraceback,
    Pool,
    ThreadPool,
)
from typing import Any

# The pool's handler threads are daemons and end within milliseconds; the limit is for the case that
# one does not.
JOIN_SECONDS = 5.0
# Once all workers are dead, only a handler holds a pipe's lock, for a message of a few bytes.
LOCK_SECONDS = 0.5


def has_processes(pool: Any) -> bool:
    """Whether a pool's workers are processes."""
    return isinstance(pool, Pool) and not isinstance(pool, ThreadPool)


def workers(pool: Any) -> list[Any]:
    """The current processes or threads of a pool, which replaces those that end."""
    return list(pool._pool)


def sendable(error: Exception) -> Any:
    """Wrap an exception so that its traceback, as text, reaches another process with it."""
    return ExceptionWithTraceback(error, error.__traceback__)


def end(pool: Pool) -> None:
    """Kill a pool's processes; threads, which cannot be killed, are left running."""
    if isinstance(pool, ThreadPool):
        pool.terminate()  # does not wait for the threads
        return
    _end_processes(pool)


def fail(pool: Pool, error: Exception) -> None:
    """Make everyone who waits for one of the pool's results receive an error."""
    waiting: dict[int, Any] = pool._cache  # type: ignore[attr-defined]
    for result in list(waiting.values()):
        with suppress(KeyError):  # answered just now
            result._set(0, (False, error))


def _end_processes(pool: Any) -> None:
    pool._state = TERMINATE
    pool._terminate.cancel()  # the finalizer, for garbage collection and exit
    # First the handler that would replace killed workers.
    pool._worker_handler._state = TERMINATE
    pool._change_notifier.put(None)
    pool._worker_handler.join(JOIN_SECONDS)
    for process in pool._pool:
        process.kill()
    for process in pool._pool:
        process.join(JOIN_SECONDS)
    for lock in (pool._inqueue._rlock, pool._outqueue._wlock):
        _free(lock)
    # One handler ends with an error once it has no reader, the other once it has no writer.
    pool._task_handler._state = TERMINATE
    pool._inqueue._reader.close()
    pool._task_handler.join(JOIN_SECONDS)
    pool._result_handler._state = TERMINATE
    pool._outqueue._writer.close()
    pool._result_handler.join(JOIN_SECONDS)


def _free(lock: Any) -> None:
    """Release a lock that a dead process may hold; pipes have none on Windows."""
    if lock is not None:
        lock.acquire(timeout=LOCK_SECONDS)
        lock.release()
