"""Catches what the hot lines of a loader compute with, while it makes a batch."""

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
from workbench.measure.lines.instrument import holders
from workbench.measure.lines.record_calls import Calls, Place, record
from workbench.measure.user_code import is_user_file

# Calls of one expression that are kept; images of a batch are alike, but not the same.
MOST_KEPT = 8
# Bytes kept of one expression: a batch of 4-D volumes should not fill the memory.
MOST_BYTES = 256_000_000


@dataclass
class Site:
    """An expression of the user's code, and how it was computed.

    Attributes:
        place: The function that it is in.
        node: The call, operation or statement, with its place in the file.
        mark: What is known of it if it is more than a call or an operation.
        local_names: What the function, or one within it, binds.
        calls: Some of them, of each batch the first.
        count: How many there were.
        batches: In how many batches.
    """

    place: Place
    node: ast.expr | ast.stmt
    mark: SlowStatement | None = None
    local_names: frozenset[str] = frozenset()
    calls: list[CapturedCall] = field(default_factory=list)
    count: int = 0
    batches: int = 0
    _bytes: int = 0

    def saw(self, function: Callable[..., Any], arguments: Any, keywords: Any, batch: int) -> None:
        """Keep a copy of the values, of a few calls of each batch."""
        self.count += 1
        kept = sum(call.batch == batch for call in self.calls)
        if kept >= MOST_KEPT or self._bytes > MOST_BYTES:
            return
        subject = getattr(function, "__self__", None)
        if isinstance(subject, type(operator)):  # a module: of C functions
            subject = None
        values = [copied(subject), *map(copied, arguments)]
        named = {name: copied(value) for name, value in keywords.items()}
        self._bytes += sum(map(size_of, (*values, *named.values())))
        self.calls.append(CapturedCall(function, values[0], tuple(values[1:]), named, batch))

    @property
    def calls_per_batch(self) -> float:
        """How often a batch computes it."""
        return self.count / max(1, self.batches)


def sites_of(loader: Loader, spots: set[tuple[str, int]], batches: int) -> list[Site]:
    """What the lines compute with while the loader makes some batches.

    Args:
        loader: Has `__getitem__`. Its functions are as they were afterwards.
        spots: Files and line numbers.
        batches: How often its first batch is asked for.

    Returns:
        Expressions that ran, in no order.
    """
    calls = Calls()
    loader.restart()
    record(calls, lambda: loader[0], is_user_file)
    watch = _Watch()
    others = {}
    for place, code in _codes(calls):
        lines = {line for file, line in spots if file == place.file} & rewrite.lines_of(code)
        linecache.checkcache(place.file)
        hook = partial(watch.hook, place, rewrite.local_names(code))
        other = rewrite.insert_hooks(code, lines, hook) if lines else None
        if other is not None:
            others[id(code)] = other
    with _in_place(calls, others):
        for number in range(batches):
            loader.restart()
            watch.batch = number
            loader[0]
    loader.restart()
    ran = [site for site in watch.sites if site.calls]
    for site in ran:
        site.batches = batches
    return ran


def nothing() -> None:
    """In place of a function, where none is called."""


class _Watch:
    def __init__(self) -> None:
        self.sites: list[Site] = []
        self.batch = 0

    def hook(self, place: Place, names: frozenset[str], what: rewrite.HookTarget) -> Any:
        """What is called in place of an expression, or in or before what is marked."""
        if not isinstance(what, ast.Call | ast.BinOp):
            site = Site(place, what.node, what, names)
            self.sites.append(site)
            return partial(self._fill if isinstance(what, ArrayFill) else self._note, site)
        site = Site(place, what, None, names)
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

    def _note(self, site: Site, /, *values: Any, _function: Any = nothing, **named: Any) -> None:
        # Whatever cannot be copied must not be the user's trouble.
        try:
            site.saw(_function, values, named, self.batch)
        except Exception:
            site.calls.clear()


def _codes(calls: Calls) -> Iterator[tuple[Place, CodeType]]:
    for place, codes in calls.codes.items():
        for code in codes.values():
            yield place, code


@contextmanager
def _in_place(calls: Calls, others: dict[int, CodeType]) -> Iterator[None]:
    """Functions with other code, until the end of this."""
    wanted = {id(code): code for _, code in _codes(calls) if id(code) in others}
    before: list[tuple[FunctionType, CodeType]] = []
    try:
        for function in holders(calls, wanted):
            before.append((function, function.__code__))
            function.__code__ = rewrite.replace_code(function.__code__, others)
        yield
    finally:
        for function, code in reversed(before):
            function.__code__ = code
