"""Pools that a line makes in every batch, kept open to find out what that saves."""

from __future__ import annotations

import ast
import functools
import operator
import os
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any

from workbench.advice.rewrite import HookTarget
from workbench.advice.slow_statements import ArrayFill

STARTERS = ("submit", "apply_async", "map_async", "starmap_async")
ENDERS = ("close", "join", "terminate", "shutdown")


@functools.cache
def kept_pool(process: Any, make: Any, *arguments: Any, **keywords: Any) -> Any:
    """Make a pool once in each process: threads do not survive a fork."""
    return make(*arguments, **keywords)


class KeptPools:
    """Makes the pools of a line, and keeps them open until `end`.

    Attributes:
        node: The call that makes them; None if no such call was seen on the line.
    """

    def __init__(self, kinds: tuple[type, ...]) -> None:
        self.node: ast.Call | None = None
        self._kinds, self._pools = kinds, list[Any]()

    def hook(self, what: HookTarget) -> Callable[..., Any]:
        """The function to call for an expression on the line: itself, unless it makes a pool."""
        if isinstance(what, ast.Call):
            return functools.partial(self._call, what)
        if isinstance(what, ast.BinOp):
            return operator.truediv if isinstance(what.op, ast.Div) else operator.mul
        return (lambda value, _: value) if isinstance(what, ArrayFill) else lambda *_, **__: None

    def _call(self, node: ast.Call, function: Any, /, *arguments: Any, **keywords: Any) -> Any:
        if not self._makes_pool(function):
            return function(*arguments, **keywords)
        try:
            pool = kept_pool(os.getpid(), function, *arguments, **keywords)
        except TypeError:  # an argument that has no hash
            return function(*arguments, **keywords)
        self.node = node
        if not any(pool is each for each in self._pools):
            self._pools.append(pool)
            _keep_open(pool)
        return pool

    def _makes_pool(self, function: Any) -> bool:
        if isinstance(function, type):
            return issubclass(function, self._kinds)
        module = str(getattr(function, "__module__", ""))
        return module.startswith("multiprocessing") and function.__name__ in ("Pool", "ThreadPool")

    def end(self) -> None:
        """End all pools."""
        kept_pool.cache_clear()
        for pool in self._pools:
            for name in (*STARTERS, *ENDERS):
                vars(pool).pop(name, None)
            if hasattr(pool, "shutdown"):
                pool.shutdown()
            else:
                pool.terminate()
                pool.join()


def _keep_open(pool: Any) -> None:
    """Let what would end a pool wait for its tasks instead; `with` calls these methods too."""
    pending: list[Any] = []

    def finish(*_: Any, **__: Any) -> None:
        while pending:
            task = pending.pop()
            wait([task]) if isinstance(task, Future) else task.wait()

    def remembered(start: Any) -> Any:
        def started(*arguments: Any, **keywords: Any) -> Any:
            pending.append(start(*arguments, **keywords))
            return pending[-1]

        return started

    for name in filter(functools.partial(hasattr, pool), STARTERS):
        setattr(pool, name, remembered(getattr(pool, name)))
    for name in filter(functools.partial(hasattr, pool), ENDERS):
        setattr(pool, name, finish)
