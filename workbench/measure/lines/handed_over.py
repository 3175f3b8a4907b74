"""Recognize calls that give a function to threads or processes, where no profiler follows it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing.pool import Pool
from threading import Thread
from types import CodeType, FrameType

_POOL_METHODS = (
    Pool.apply, Pool.apply_async, Pool.map, Pool.map_async, Pool.starmap, Pool.starmap_async,
    Pool.imap, Pool.imap_unordered,
)  # fmt: skip
# By the `id` of the method's code: the argument that is the function.
_ARGUMENTS = {
    **{id(method.__code__): "func" for method in _POOL_METHODS},
    **{id(kind.submit.__code__): "fn" for kind in (ThreadPoolExecutor, ProcessPoolExecutor)},
}


def handed_over(frame: FrameType) -> tuple[CodeType, str] | None:
    """The function that a call gives to others to run, and who they are.

    Args:
        frame: A call that has just begun.

    Returns:
        Code of a Python function, and words such as "in a ThreadPool"; None for other calls.
    """
    if frame.f_code is Thread.start.__code__:
        given, where = _target(frame.f_locals["self"]), "in a thread of its own"
    elif id(frame.f_code) in _ARGUMENTS:
        given = frame.f_locals.get(_ARGUMENTS[id(frame.f_code)])
        where = f"in a {type(frame.f_locals['self']).__name__}"
    else:
        return None
    while isinstance(given, functools.partial):
        given = given.func
    if not inspect.isroutine(given):
        given = getattr(type(given), "__call__", None)  # noqa: B004
    code = getattr(inspect.unwrap(given), "__code__", None) if given else None
    return (code, where) if isinstance(code, CodeType) else None


def _target(thread: Thread) -> Callable[..., object] | None:
    """What a thread runs: the method that a subclass overrides, or its target."""
    run = type(thread).run
    return run if run is not Thread.run else getattr(thread, "_target", None)
