"""Search what a loader holds: attributes, what they contain, what its functions refer to."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from types import FunctionType, MethodType, ModuleType
from typing import Any, TypeVar

from workbench.isolation.restore_state import instance_attributes
from workbench.user_code import is_user_file

T = TypeVar("T")
DEPTH = 5
ITEMS = 50  # of a container


def search(original: Any, kind: Callable[[Any], T | None]) -> list[tuple[str, T]]:
    """Name and kind of each value that `kind` returns something for; those are not entered."""
    found: dict[int, tuple[str, T]] = {}
    seen: set[int] = set()

    def enter(name: str, value: Any, depth: int) -> None:
        if id(value) in seen or isinstance(value, ModuleType):
            return
        seen.add(id(value))
        what = kind(value)
        if what is not None:
            found[id(value)] = name, what
        elif depth:
            for part_name, part in _parts(name, value):
                enter(part_name, part, depth - 1)

    enter("self", original, DEPTH)
    return list(found.values())


def _parts(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list | tuple):
        yield from ((f"{name}[{i}]", part) for i, part in enumerate(value[:ITEMS]))
    elif isinstance(value, dict):
        yield from ((f"{name}[{key!r}]", value[key]) for key in list(value)[:ITEMS])
    elif isinstance(value, functools.partial):
        yield from ((name, part) for part in (value.func, *value.args, *value.keywords.values()))
    elif isinstance(value, MethodType):
        yield from ((name, value.__self__), (name, value.__func__))
    elif isinstance(value, FunctionType):
        yield from _names_used(value)
    elif not isinstance(value, type):
        yield from ((f"{name}.{key}", part) for key, part in instance_attributes(value).items())
        for cls in type(value).__mro__:
            yield from ((name, _function(part)) for part in vars(cls).values())


def _names_used(function: Callable[..., Any]) -> Iterator[tuple[str, Any]]:
    """The globals and variables of outer functions that a user's function refers to."""
    code = function.__code__
    if not is_user_file(code.co_filename):
        return
    for name in code.co_names:
        if name in function.__globals__:
            yield name, function.__globals__[name]
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield name, cell.cell_contents
        except ValueError:  # not assigned yet
            continue


def _function(value: Any) -> Any:
    """The function inside a static method, class method, property or cache."""
    for name in ("__func__", "fget", "__wrapped__"):
        value = getattr(value, name, value)
    return value if isinstance(value, FunctionType) else None
