"""Capture the values that the hot lines of a loader compute with, while it makes a batch."""

from __future__ import annotations

import ast
import linecache
import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from types import CodeType, FunctionType
from typing import Any

from workbench.advice import rewrite
from workbench.advice.captured_call import CapturedCall, copied, size_of
from workbench.advice.slow_statements import ArrayFill, SlowStatement
from workbench.loader import Loader
from workbench.measure.lines.call_graph import CallGraph, FunctionKey
from workbench.measure.lines.instrument import functions_with
from workbench.measure.lines.record_calls import record
from workbench.user_code import is_user_file

# Calls of one expression that are kept in each batch, since the images of a batch differ.
MOST_KEPT = 8
# Bytes kept for one expression, or a batch of 4-D volumes would fill the memory.
MOST_BYTES = 256_000_000


@dataclass
class Site:
    """An expression of the user's code, and some of its computations.

    Attributes:
        function: The function that contains it.
        node: The call, operation or statement, with its position in the file.
        mark: What is known of it if it is more than a call or an operation.
        local_names: Names that the function, or one within it, binds.
        calls: The first computations of each batch.
        count: Number of all computations.
        batches: Number of batches.
    """

    function: FunctionKey
    node: ast.expr | ast.stmt
    mark: SlowStatement | None = None
    local_names: frozenset[str] = frozenset()
    calls: list[CapturedCall] = field(default_factory=list)
    count: int = 0
    batches: int = 0
    _bytes: int = 0

    def add(self, function: Callable[..., Any], arguments: Any, keywords: Any, batch: int) -> None:
        """Count a computation, and keep copies of its values for the first of each batch."""
        self.count += 1
        kept = sum(call.batch == batch for call in self.calls)
        if kept >= MOST_KEPT or self._bytes > MOST_BYTES:
            return
        subject = getattr(function, "__self__", None)
        if isinstance(subject, type(operator)):  # of C functions it is their module
            subject = None
        values = [copied(subject), *map(copied, arguments)]
        named = {name: copied(value) for name, value in keywords.items()}
        self._bytes += sum(map(size_of, (*values, *named.values())))
        self.calls.append(CapturedCall(function, values[0], tuple(values[1:]), named, batch))

    @property
    def calls_per_batch(self) -> float:
        """Number of computations in a batch."""
        return self.count / max(1, self.batches)


def sites_of(
    loader: Loader,
    lines: set[tuple[str, int]],
    batches: int,
    more: Callable[[list[Site]], bool] = lambda _: False,
) -> list[Site]:
    """Capture what lines compute with while the loader makes some batches.

    Args:
        loader: Gives the batches. Its functions are restored afterwards.
        lines: Files and line numbers.
        batches: How often to make its first batch.
        more: Called after these batches and after each further one; whether to make another.

    Returns:
        Expressions that ran, in no particular order.
    """
    recorder = _Recorder()
    calls, hooked = hooked_code(loader, lines, partial(partial, recorder.hook))
    with replaced_code(calls, hooked):
        while recorder.batch < batches or more(recorder.ran):
            loader.restart()
            loader[0]
            recorder.batch += 1
            for site in recorder.sites:
                site.batches = recorder.batch
    loader.restart()
    return recorder.ran


def hooked_code(
    loader: Loader,
    lines: set[tuple[str, int]],
    hook_of: Callable[[FunctionKey, frozenset[str]], rewrite.MakeHook],
) -> tuple[CallGraph, dict[int, CodeType]]:
    """Rewrite the functions that the first batch calls, with hooks on some lines.

    Args:
        loader: Gives the batch.
        lines: Files and line numbers.
        hook_of: Takes a function and its local names, and returns what makes hooks there.

    Returns:
        What `replaced_code` takes.
    """
    calls, hooked = CallGraph(), {}
    loader.restart()
    record(calls, lambda: loader[0], is_user_file)
    for function, code in _codes(calls):
        numbers = {n for file, n in lines if file == function.file} & rewrite.lines_of(code)
        linecache.checkcache(function.file)
        hook = hook_of(function, rewrite.local_names(code))
        other = rewrite.insert_hooks(code, numbers, hook) if numbers else None
        if other is not None:
            hooked[id(code)] = other
    return calls, hooked


def no_call() -> None:
    """The function of a computation that is not a call."""


class _Recorder:
    def __init__(self) -> None:
        self.sites: list[Site] = []
        self.batch = 0

    @property
    def ran(self) -> list[Site]:
        """The sites that were computed."""
        return [site for site in self.sites if site.calls]

    def hook(self, function: FunctionKey, names: frozenset[str], what: rewrite.HookTarget) -> Any:
        """The function to call instead of an expression, or within or before a marked one."""
        if not isinstance(what, ast.Call | ast.BinOp):
            site = Site(function, what.node, what, names)
            self.sites.append(site)
            return partial(self._fill if isinstance(what, ArrayFill) else self._note, site)
        site = Site(function, what, None, names)
        self.sites.append(site)
        if isinstance(what, ast.BinOp):
            how = operator.truediv if isinstance(what.op, ast.Div) else operator.mul
            return lambda left, right, /: self._call(site, how, (left, right), {})
        return lambda function, /, *a, **k: self._call(site, function, a, k)

    def _call(self, site: Site, function: Any, arguments: Any, keywords: Any) -> Any:
        self._note(site, *arguments, _function=function, **keywords)
        return function(*arguments, **keywords)

    def _fill(self, site: Site, value: Any, array: Any) -> Any:
        self._note(site, value, shape=getattr(array, "shape", ()), dtype=getattr(array, "dtype", 0))
        return value

    def _note(self, site: Site, /, *values: Any, _function: Any = no_call, **named: Any) -> None:
        # A value that cannot be copied must not raise in the user's code.
        try:
            site.add(_function, values, named, self.batch)
        except Exception:
            site.calls.clear()


def _codes(calls: CallGraph) -> Iterator[tuple[FunctionKey, CodeType]]:
    for function, codes in calls.codes.items():
        for code in codes.values():
            yield function, code


@contextmanager
def replaced_code(calls: CallGraph, others: dict[int, CodeType]) -> Iterator[None]:
    """Replace the code of functions temporarily.

    Args:
        calls: Call graph with the code.
        others: What replaces it, by the `id` of the original.
    """
    wanted = {id(code): code for _, code in _codes(calls) if id(code) in others}
    before: list[tuple[FunctionType, CodeType]] = []
    try:
        for function in functions_with(calls, wanted):
            before.append((function, function.__code__))
            function.__code__ = rewrite.replace_code(function.__code__, others)
        yield
    finally:
        for function, code in reversed(before):
            function.__code__ = code
