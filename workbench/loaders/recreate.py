"""Call a generator function again, with the arguments of a generator that has not started.

A generator runs the code that its function had when it was called, so that a profiler started
later does not see its lines. And a generator that has been iterated is of no use to its owner.
"""

from __future__ import annotations

import gc
import inspect
from collections.abc import Callable, Iterator
from functools import partial
from types import CellType, FrameType, FunctionType, GeneratorType
from typing import Any


def recreate(generator: GeneratorType[Any, Any, Any]) -> Callable[[], Iterator[Any]] | None:
    """Find the call that made a generator.

    Args:
        generator: Is not advanced.

    Returns:
        A function that makes an equal generator; None if the generator has started, since it may
        have changed its arguments, or if its function is not found.
    """
    frame = generator.gi_frame  # None if it has ended
    if frame is None or inspect.getgeneratorstate(generator) != inspect.GEN_CREATED:
        return None
    function = _function_of(frame)
    return None if function is None else _bind_arguments(function, frame)


def _function_of(frame: FrameType) -> FunctionType | None:
    """The function whose call has this frame: same code, same closure."""
    code, values = frame.f_code, frame.f_locals
    for function in gc.get_referrers(code):
        if not isinstance(function, FunctionType) or function.__code__ is not code:
            continue
        cells = zip(code.co_freevars, function.__closure__ or (), strict=True)
        if all(_content(cell) is values.get(name, _EMPTY) for name, cell in cells):
            return function
    return None


_EMPTY = object()


def _content(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return _EMPTY


def _bind_arguments(function: FunctionType, frame: FrameType) -> Callable[[], Iterator[Any]]:
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
