"""Adapt what a user passes, whatever it is, to a `Loader`."""

from __future__ import annotations

import functools
import inspect
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from types import GeneratorType
from typing import Any

from workbench.loader import Loader
from workbench.loaders.recreate import recreate
from workbench.loaders.streams import BEGUN, NO_LINES, OWN_WORKERS, Indexed, Stream

EXPECTED = (
    "a PyDataset, a Sequence, an ImageDataGenerator iterator, another object with __getitem__, an "
    "iterator, a generator, a tf.data.Dataset, or a function or class that makes one of these"
)
WAYS = ("__getitem__", "__next__", "__iter__")
ASYNC = ("__aiter__", "__await__")


def is_loader(data: Any) -> bool:
    """Whether it gives batches or makes what does; arrays, paths and the like do not."""
    if isinstance(data, str | bytes | tuple | list | dict | set | os.PathLike):
        return False
    return not _has(data, "__array__") and (_has(data, *WAYS, *ASYNC) or callable(data))


def is_factory(data: Any) -> bool:
    """Whether it makes loaders: a function, a method, a `functools.partial`, a class."""
    return callable(data) and (isinstance(data, type) or not _has(data, *WAYS))


def is_tf_data(data: Any) -> bool:
    """Whether it is a tf.data.Dataset; does not import TensorFlow."""
    tensorflow = sys.modules.get("tensorflow")
    return tensorflow is not None and isinstance(data, tensorflow.data.Dataset)


def adapt(data: Any) -> Loader:
    """A loader for a user's object.

    Args:
        data: One of `EXPECTED`.

    Raises:
        TypeError: If it is none of these, or a function that needs arguments.
    """
    if is_factory(data):
        return _made_by(data)
    if not _has(data, "__getitem__"):
        return _stream(data)
    return Loader(data) if _has(data, "__len__") else Indexed(data)


def check_arguments(factory: Callable[..., Any], given: Mapping[str, Any]) -> None:
    """Refuse a factory that cannot be called with these keywords.

    Raises:
        TypeError: Naming what is missing, and how to pass it.
    """
    try:
        signature = inspect.signature(factory)
    except (TypeError, ValueError):  # some classes written in C have none
        return
    try:
        signature.bind(**given)
    except TypeError as error:
        name = name_of(factory)
        raise TypeError(
            f"{name}{signature}: {error}. Pass its keywords as well, or "
            f"functools.partial({name}, ...) with them"
        ) from None


def name_of(data: Any) -> str:
    """The name of a function or class, or of an object's class."""
    inner = _unwrapped(data)
    named = isinstance(inner, type) or inspect.isroutine(inner)
    name: str = inner.__qualname__ if named else type(inner).__name__
    # Where a local function was defined says nothing to its author.
    return name.rsplit("<locals>.", 1)[-1]


def described(data: Any) -> str:
    """A value and its type, for an error message."""
    try:
        text = repr(data)
    except Exception as error:
        text = f"an object whose repr raised {type(error).__name__}"
    return f"{text if len(text) <= 60 else text[:57] + '...'} of type {type(data).__name__}"


def _has(data: Any, *names: str) -> bool:
    """Looks at the type, as Python does: an object may answer to any name, or raise anything."""
    return any(hasattr(type(data), name) for name in names)


def _stream(data: Any) -> Stream:
    if isinstance(data, GeneratorType):
        make = recreate(data)
        if make is None:
            return Stream(data, "generator", lambda: data, (BEGUN,))
        return Stream(data, "generator", make)
    if is_tf_data(data):
        return Stream(data, "tf.data.Dataset", data.__iter__, (NO_LINES,), OWN_WORKERS)
    if _has(data, "__next__"):
        return Stream(data, "iterator", lambda: iter(data))
    if _has(data, "__iter__"):
        return Stream(data, "iterable", lambda: iter(data))
    if _has(data, *ASYNC):
        raise TypeError(f"{described(data)} is asynchronous: Keras accepts plain generators only")
    raise TypeError(f"expected {EXPECTED}. Received: {described(data)}")


def _made_by(factory: Callable[[], Any]) -> Loader:
    """A loader for what the factory makes; what only goes forward is made anew for each pass."""
    name = name_of(factory)
    check_arguments(factory, {})
    inner = _unwrapped(factory)
    if inspect.iscoroutinefunction(inner) or inspect.isasyncgenfunction(inner):
        raise TypeError(f"{name} is asynchronous (async def): Keras accepts plain functions only")
    if inspect.isgeneratorfunction(inner):
        return Stream(factory, f"generator function {name}", factory)
    first = factory()
    if not is_loader(first) or is_factory(first):
        raise TypeError(f"{name}() returned {described(first)}. Expected {EXPECTED}")
    if _has(first, "__getitem__") or not _has(first, "__next__"):
        return adapt(first)
    unused = [first]  # the first one was made to see what it is

    def make() -> Iterator[Any]:
        return iter(unused.pop() if unused else factory())

    return Stream(first, f"{_stream(first).kind} of {name}", make)


def _unwrapped(factory: Any) -> Any:
    """The function within partials and decorators."""
    while True:
        if isinstance(factory, functools.partial):
            factory = factory.func
        elif (inner := inspect.getattr_static(factory, "__wrapped__", None)) is not None:
            factory = inner
        else:
            return factory
