"""Call a generator function again, with the arguments of a generator object that has not started.

A generator keeps the code that its function had when it was called, so that a profiler started
later sees nothing of it; and a generator that is used up is lost to its owner.
"""

from __future__ import annotations

import gc
import inspect
from collections.abc import Callable, Iterator
from functools import partial
from types import CellType, FrameType, FunctionType, GeneratorType
from typing import Any


def recreate(generator: GeneratorType[Any, Any, Any]) -> Callable[[], Iterator[Any]] | None:
    """A function that makes a generator like this one; None if it cannot be found.

    Args:
        generator: Is not advanced. If it has started it may have changed its arguments.
    """
    frame = generator.gi_frame  # None if it has ended
    if frame is None or inspect.getgeneratorstate(generator) != inspect.GEN_CREATED:
        return None
    function = _function_of(frame)
    return None if function is None else _called_as(function, frame)


def _function_of(frame: FrameType) -> FunctionType | None:
    """The function whose call has this frame."""
    code, values = frame.f_code, frame.f_locals
    for holder in gc.get_referrers(code):
        if not isinstance(holder, FunctionType) or holder.__code__ is not code:
            continue
        cells = zip(code.co_freevars, holder.__closure__ or (), strict=True)
        if all(_content(cell) is values.get(name, _content) for name, cell in cells):
            return holder
    return None


def _content(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # an empty cell
        return _content


def _called_as(function: FunctionType, frame: FrameType) -> Callable[[], Iterator[Any]]:
    values, kinds = frame.f_locals, inspect.Parameter
    positional: list[Any] = []
    keywords: dict[str, Any] = {}
    for name, parameter in inspect.signature(function, follow_wrapped=False).parameters.items():
        if parameter.kind is kinds.VAR_POSITIONAL:
            positional += values[name]
        elif parameter.kind is kinds.VAR_KEYWORD:
            keywords |= values[name]
        elif parameter.kind is kinds.KEYWORD_ONLY:
            keywords[name] = values[name]
        else:
            positional.append(values[name])
    return partial(function, *positional, **keywords)
