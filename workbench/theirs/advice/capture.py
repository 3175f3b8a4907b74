"""Catches what the hot lines of a loader compute with, while it makes a batch."""

from __future__ import annotations

import ast
import linecache
import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from os import PathLike
from types import CodeType, FunctionType
from typing import Any

import numpy as np

from workbench.measure.lines.calls import Calls, Place, is_user_file, record
from workbench.measure.lines.instrument import holders
from workbench.theirs.advice import rewrite

# Calls of one expression that are kept; images of a batch are alike, but not the same.
MOST_KEPT = 8
# Bytes kept of one expression: a batch of 4-D volumes should not fill the memory.
MOST_BYTES = 256_000_000


@dataclass(frozen=True)
class Unread:
    """A picture that Pillow has opened, but not decoded: it does so when it is first used."""

    path: str
    mode: str
    width: int
    height: int

    def picture(self) -> Any:
        """Opened once more."""
        from PIL import Image

        return Image.open(self.path)


@dataclass(frozen=True)
class Captured:
    """One call, with copies of its values.

    Attributes:
        function: What was called; a method's function without its object.
        subject: The object of a method; None for a function.
        arguments: Positional ones.
        keywords: The others.
        batch: The number of the batch it was part of.
    """

    function: Callable[..., Any]
    subject: Any
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]
    batch: int = 0

    def __call__(self) -> Any:
        """Call it again."""
        arguments = [fresh(value) for value in self.arguments]
        if self.subject is None:
            return self.function(*arguments, **self.keywords)
        return getattr(fresh(self.subject), self.name)(*arguments, **self.keywords)

    @property
    def operand(self) -> Any:
        """What it works on: the object of a method, or the first argument."""
        if self.subject is not None or not self.arguments:
            return self.subject
        return self.arguments[0]

    @property
    def name(self) -> str:
        """The function's name."""
        return str(getattr(self.function, "__name__", ""))

    @property
    def package(self) -> str:
        """The package of the function, or of the class that has the method."""
        if self.subject is None:
            return str(getattr(self.function, "__module__", None) or "").partition(".")[0]
        if isinstance(self.subject, Unread):
            return "PIL"
        kinds = (kind for kind in type(self.subject).__mro__ if self.name in vars(kind))
        return next((kind.__module__.partition(".")[0] for kind in kinds), "")

    def on(self, operand: Any) -> Captured:
        """The same call of another object, or with another first argument."""
        if self.subject is not None:
            return replace(self, subject=operand)
        return replace(self, arguments=(operand, *self.arguments[1:]))


@dataclass
class Site:
    """An expression of the user's code, and how it was computed.

    Attributes:
        place: The function that it is in.
        node: The call or operation, with its place in the file.
        local_names: What the function, or one within it, binds.
        calls: Some of them, of each batch the first.
        count: How many there were.
        batches: In how many batches.
    """

    place: Place
    node: ast.Call | ast.BinOp
    local_names: frozenset[str] = frozenset()
    calls: list[Captured] = field(default_factory=list)
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
        self.calls.append(Captured(function, values[0], tuple(values[1:]), named, batch))

    @property
    def calls_per_batch(self) -> float:
        """How often a batch computes it."""
        return self.count / max(1, self.batches)


def copied(value: Any) -> Any:
    """A value that the user's code cannot change any more, as far as it is data."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if type(value) in (list, tuple):
        return type(value)(map(copied, value))
    if is_picture(value):
        return _unread(value) or value.copy()
    return value


def _unread(picture: Any) -> Unread | None:
    """What it is if Pillow has only opened it."""
    file, waits = getattr(picture, "filename", ""), getattr(picture, "fp", None) is not None
    return (
        Unread(str(file), picture.mode, picture.width, picture.height) if file and waits else None
    )


def fresh(value: Any) -> Any:
    """The value to compute with."""
    return value.picture() if isinstance(value, Unread) else value


def size_of(value: Any) -> int:
    """Bytes of the arrays and pictures in it."""
    if type(value) in (list, tuple):
        return sum(map(size_of, value))
    if is_picture(value):
        return int(value.width) * int(value.height) * 4
    return int(getattr(value, "nbytes", 0))


def is_picture(value: Any) -> bool:
    """Whether it is one of Pillow's, which need not be installed."""
    kinds = type(value).__mro__
    return any((kind.__module__, kind.__name__) == ("PIL.Image", "Image") for kind in kinds)


def is_path(value: Any) -> bool:
    """Whether it names a file."""
    return isinstance(value, str | PathLike)


def sites_of(loader: Any, spots: set[tuple[str, int]], batches: int) -> list[Site]:
    """What the lines compute with while the loader makes some batches.

    Args:
        loader: Has `__getitem__`. Its functions are as they were afterwards.
        spots: Files and line numbers.
        batches: How often its first batch is asked for.

    Returns:
        Expressions that ran, in no order.
    """
    calls = Calls()
    _begin(loader)
    record(calls, lambda: loader[0], is_user_file)
    watch = _Watch()
    others = {}
    for place, code in _codes(calls):
        lines = {line for file, line in spots if file == place.file} & rewrite.lines_of(code)
        linecache.checkcache(place.file)
        hook = partial(watch.hook, place, rewrite.local_names(code))
        other = rewrite.hooked(code, lines, hook) if lines else None
        if other is not None:
            others[id(code)] = other
    with _in_place(calls, others):
        for number in range(batches):
            _begin(loader)
            watch.batch = number
            loader[0]
    _begin(loader)
    ran = [site for site in watch.sites if site.calls]
    for site in ran:
        site.batches = batches
    return ran


class _Watch:
    def __init__(self) -> None:
        self.sites: list[Site] = []
        self.batch = 0

    def hook(self, place: Place, names: frozenset[str], node: Any) -> Callable[..., Any]:
        """What is called in place of the expression."""
        site = Site(place, node, names)
        self.sites.append(site)
        if isinstance(node, ast.BinOp):
            how = operator.truediv if isinstance(node.op, ast.Div) else operator.mul
            return lambda left, right, /: self._call(site, how, (left, right), {})
        return lambda function, /, *a, **k: self._call(site, function, a, k)

    def _call(self, site: Site, function: Any, arguments: Any, keywords: Any) -> Any:
        # Whatever cannot be copied must not be the user's trouble.
        try:
            site.saw(function, arguments, keywords, self.batch)
        except Exception:
            site.calls.clear()
        return function(*arguments, **keywords)


def _begin(loader: Any) -> None:
    if hasattr(loader, "begin_anew"):
        loader.begin_anew()  # a generator that was made before has the old code


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
            function.__code__ = rewrite.exchanged(function.__code__, others)
        yield
    finally:
        for function, code in reversed(before):
            function.__code__ = code
