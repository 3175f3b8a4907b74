"""Pools of `multiprocessing`: their workers, and the end of one whose workers hang or died.

`Pool.terminate` may wait forever: a worker that is killed takes what it holds with it, such as a
lock or half a message in a pipe. The attributes used here are private, and the same from Python
3.8 to 3.14.
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

# Handlers end within milliseconds; no wait may be endless, all the same. They are daemons.
JOIN_SECONDS = 5.0
# A lock of a pipe is held for a message of a few bytes, once all the workers are dead.
HELD_SECONDS = 0.5


def has_processes(pool: Any) -> bool:
    """Whether it is a pool of processes."""
    return isinstance(pool, Pool) and not isinstance(pool, ThreadPool)


def workers(pool: Any) -> list[Any]:
    """Its processes or threads; a pool replaces those that end."""
    return list(pool._pool)


def sendable(error: Exception) -> Any:
    """An exception that keeps its traceback, as text, on its way to another process."""
    return ExceptionWithTraceback(error, error.__traceback__)


def end(pool: Pool) -> None:
    """Kill a pool's processes, whatever they do; threads cannot be killed and are left."""
    if isinstance(pool, ThreadPool):
        pool.terminate()  # does not wait for the threads
        return
    _end_processes(pool)


def fail(pool: Pool, error: Exception) -> None:
    """Let all waiting for the pool's results end with an error: nobody else will answer."""
    waiting: dict[int, Any] = pool._cache  # type: ignore[attr-defined]
    for result in list(waiting.values()):
        with suppress(KeyError):  # it was answered in this moment
            result._set(0, (False, error))


def _end_processes(pool: Any) -> None:
    pool._state = TERMINATE
    pool._terminate.cancel()  # what runs when the pool is collected, or Python exits
    # First the handler that would replace the killed.
    pool._worker_handler._state = TERMINATE
    pool._change_notifier.put(None)
    pool._worker_handler.join(JOIN_SECONDS)
    for process in pool._pool:
        process.kill()
    for process in pool._pool:
        process.join(JOIN_SECONDS)
    for lock in (pool._inqueue._rlock, pool._outqueue._wlock):
        _free(lock)
    # Without readers the one handler, without writers the other gets an error and ends.
    pool._task_handler._state = TERMINATE
    pool._inqueue._reader.close()
    pool._task_handler.join(JOIN_SECONDS)
    pool._result_handler._state = TERMINATE
    pool._outqueue._writer.close()
    pool._result_handler.join(JOIN_SECONDS)


def _free(lock: Any) -> None:
    """Release a lock that a dead process may hold; there is none for pipes on Windows."""
    if lock is not None:
        lock.acquire(timeout=HELD_SECONDS)
        lock.release()
