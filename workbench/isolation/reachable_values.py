"""Find the containers, arrays, random generators and objects that a loader holds or was given."""

from __future__ import annotations

import functools
import inspect
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from types import FunctionType, GeneratorType, MethodType, ModuleType
from typing import Any, NamedTuple

import numpy as np

from workbench.isolation.restore_state import instance_attributes
from workbench.user_code import is_user_file

# Values that are looked at: in all, and within the objects of libraries, which hold much.
MOST_VALUES, MOST_OF_LIBRARIES = 50_000, 20_000
MOST_ENTRIES = 5_000  # of one container
CONTAINERS = (list, dict, set, deque)
# What these hold is their owner's.
TRANSPARENT = (
    *CONTAINERS,
    tuple,
    frozenset,
    np.ndarray,
    functools.partial,
    MethodType,
    GeneratorType,
)
# These hold nothing, and there may be many of them.
ATOMS = (str, bytes, int, float, complex, bool, type(None), type(...), ModuleType, np.generic, Path)


class HeldValue(NamedTuple):
    """A value by a name that its owner knows; `is_owned` unless a library's object has it."""

    name: str
    value: Any
    is_owned: bool


def reachable_values(*roots: Any, used: Iterable[Any] = ()) -> Iterator[HeldValue]:
    """All values that can be reached from a loader, a function or another object, once each.

    Args:
        *roots: What they are reached from.
        used: More of these, that do not own what they use.
    """
    visited: dict[int, Any] = {}  # keeps them, so that no other object gets the id of a deleted one
    waiting = deque(HeldValue("", root, True) for root in roots)
    imgaug = getattr(sys.modules.get("imgaug.random"), "GLOBAL_RNG", None)
    waiting.extend(HeldValue("", each, False) for each in (*used, imgaug))
    of_libraries = 0
    while waiting and len(visited) < MOST_VALUES:
        held = waiting.popleft()
        if isinstance(held.value, ATOMS) or id(held.value) in visited:
            continue
        is_root = any(held.value is root for root in roots)
        if not is_root and _is_library_object(held.value):
            held = held._replace(is_owned=False)
        of_libraries += not held.is_owned
        if not held.is_owned and of_libraries > MOST_OF_LIBRARIES:
            continue
        visited[id(held.value)] = held.value
        yield held
        waiting.extend(_parts(held))


def _parts(held: HeldValue) -> Iterator[HeldValue]:
    name, value, owned = held
    if isinstance(value, dict | list | tuple | set | frozenset | deque):
        entries = list(value.values() if isinstance(value, dict) else value)
        yield from (HeldValue(name, entry, owned) for entry in islice(entries, MOST_ENTRIES))
        return
    if isinstance(value, np.ndarray):
        return
    for part, content in _attributes(value).items():
        # What methods find in their module is neither held by an object nor given to it. Still, its
        # random generators are restored.
        is_method = isinstance(value, type) and isinstance(content, FunctionType)
        yield HeldValue(part, content, owned and not is_method)


def _attributes(value: Any) -> dict[str, Any]:
    """The names and values that an object consists of."""
    if isinstance(value, functools.partial):
        arguments = {f"argument {number}": each for number, each in enumerate(value.args)}
        return {**arguments, **value.keywords, "function": value.func}
    if isinstance(value, MethodType):
        return {"self": value.__self__, "function": value.__func__}
    if isinstance(value, FunctionType):
        return _of_function(value)
    if isinstance(value, GeneratorType):
        return dict(value.gi_frame.f_locals) if value.gi_frame is not None else {}
    if isinstance(value, type):
        # Of a library's class nothing is the user's.
        return {} if is_library(value) else _of_class(value)
    classes, _ = _class_parts(type(value))  # type: ignore[arg-type]  # mypy: not hashable
    return {**classes, **slot_values(value), **instance_attributes(value)}


@functools.cache
def _class_parts(cls: type) -> tuple[dict[str, type], tuple[str, ...]]:
    """The user's classes among those of an object, and the names of its slots."""
    classes = {f"class {c.__name__}": c for c in cls.__mro__ if not is_library(c)}
    slots = [vars(c).get("__slots__", ()) for c in cls.__mro__]
    names = [(each,) if isinstance(each, str) else tuple(each) for each in slots]
    return classes, tuple(name for each in names for name in each)


def slot_values(value: Any) -> dict[str, Any]:
    """The attributes that an object has in slots."""
    found = {}
    for name in _class_parts(type(value))[1]:  # type: ignore[arg-type]
        with suppress(Exception):  # not set; or `__dict__`, or private to its class
            found[name] = object.__getattribute__(value, name)
    return {name: each for name, each in found.items() if not name.startswith("__")}


def _of_function(function: FunctionType) -> dict[str, Any]:
    if is_library(function):
        return {}
    inner = inspect.unwrap(function)
    if not isinstance(inner, FunctionType):
        return {}
    names = (f"default {number}" for number in range(9))
    defaults = dict(zip(names, inner.__defaults__ or (), strict=False))
    try:
        found = inspect.getclosurevars(inner)
    except ValueError:  # a variable that has no value yet
        return defaults
    return {**defaults, **(inner.__kwdefaults__ or {}), **found.globals, **found.nonlocals}


def _of_class(cls: type) -> dict[str, Any]:
    found = dict(vars(cls))
    return {
        k: v for k, v in found.items() if isinstance(v, (*CONTAINERS, FunctionType, np.ndarray))
    }


def _is_library_object(value: Any) -> bool:
    if isinstance(value, type | FunctionType):
        return is_library(value)
    return not isinstance(value, TRANSPARENT) and is_library(type(value))


def is_library(definition: Any) -> bool:
    """Whether a class or function belongs to Python or to an installed package."""
    name = definition.__module__
    return isinstance(name, str) and _is_library_module(name)


@functools.cache
def _is_library_module(name: str) -> bool:
    if name.partition(".")[0] in {*sys.stdlib_module_names, "workbench"}:
        return True
    file = getattr(sys.modules.get(name), "__file__", None) or ""
    return bool(file) and not is_user_file(file)
