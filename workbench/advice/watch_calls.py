"""Watch which objects of some classes a loader's batches use, and from which line."""

from __future__ import annotations

import ast
import linecache
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import wraps
from types import CodeType, FrameType, ModuleType
from typing import Any

from workbench.advice.capture import Site
from workbench.loader import Loader
from workbench.measure.lines.call_graph import FunctionKey
from workbench.user_code import is_user_file

BATCHES = 2  # what both use is kept, and what both make is made in every batch
# Where the name of an object is looked for: in attributes of attributes, and in short lists.
DEPTH, LONGEST = 2, 20

Note = Callable[[Any, FrameType | None], None]


@dataclass(frozen=True, eq=False)
class Use:
    """A call of a watched method.

    Attributes:
        subject: The object whose method is called.
        batch: Number of the batch, from 0.
        here: Whether the thread that asks for batches makes the call.
        code: The user's function that leads to the call; None if no user's function does.
        line: The line in its file; 0 without a function.
        name: Source of the object there, such as "self.images"; empty if it has no name.
    """

    subject: Any
    batch: int
    here: bool
    code: CodeType | None = None
    line: int = 0
    name: str = ""


def watch(loader: Loader, methods: Sequence[tuple[type, str]]) -> list[Use]:
    """Watch methods, each defined by its class itself, while the loader makes some batches in turn.

    Args:
        loader: Gives the batches.
        methods: Classes, and the name of a method of each.
    """
    uses: list[Use] = []
    batch, thread, top = 0, threading.get_ident(), sys._getframe()

    def note(subject: Any, frame: FrameType | None) -> None:
        here = threading.get_ident() == thread
        while frame is not None and frame is not top:
            if is_user_file(frame.f_code.co_filename):
                try:
                    name = _name_of(subject, frame)
                except Exception:  # attributes of a user's object may raise anything
                    name = ""
                uses.append(Use(subject, batch, here, frame.f_code, frame.f_lineno, name))
                return
            frame = frame.f_back
        uses.append(Use(subject, batch, here))

    with ExitStack() as stack:
        for owner, name in methods:
            stack.enter_context(_noting(owner, name, note))
        loader.restart()
        for batch in range(BATCHES):
            loader[batch % len(loader)]
    loader.restart()
    return uses


def site_of(use: Use, loader: Loader) -> Site:
    """The whole line that leads to a call; without one, a site without a file."""
    if use.code is None:
        return Site(FunctionKey("", 0, loader.kind), ast.Pass(lineno=0, col_offset=0))
    function = FunctionKey.of(use.code)
    line = linecache.getline(function.file, use.line).rstrip().encode()
    start = len(line) - len(line.lstrip())
    node = ast.Pass(
        lineno=use.line, col_offset=start, end_lineno=use.line, end_col_offset=len(line)
    )
    return Site(function, node)


@contextmanager
def _noting(
    owner: type, name: str, note: Callable[[Any, FrameType | None], None]
) -> Iterator[None]:
    method = vars(owner)[name]

    @wraps(method)
    def noted(subject: Any, *arguments: Any, **keywords: Any) -> Any:
        note(subject, sys._getframe(1))
        return method(subject, *arguments, **keywords)

    setattr(owner, name, noted)
    try:
        yield
    finally:
        setattr(owner, name, method)


def _name_of(subject: Any, frame: FrameType) -> str:
    """A variable of the function that holds the object, or the path to it from a variable."""
    # A notebook holds all results as `_` and `Out`.
    shared = {n: v for n, v in frame.f_globals.items() if n[0] != "_" and n not in ("In", "Out")}
    for variables, depth in ((frame.f_locals, DEPTH), (shared, 1)):
        level = list(variables.items())
        for _ in range(depth + 1):
            for name, value in level:
                if value is subject:
                    return name
            level = [(name + part, v) for name, value in level for part, v in _parts(value)]
    return ""


def _parts(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, list | tuple | dict):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        return [(f"[{key!r}]", v) for key, v in items] if len(value) <= LONGEST else []
    attributes = {} if isinstance(value, type | ModuleType) else getattr(value, "__dict__", {})
    return [(f".{name}", v) for name, v in attributes.items()]
