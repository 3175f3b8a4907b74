"""Adapt a user's object, function or class to a `Loader`."""

from __future__ import annotations

import functools
import inspect
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from types import GeneratorType
from typing import Any

from workbench.compat.python_in_tensorflow import calls_python
from workbench.loader import Loader, length_name
from workbench.loaders.recreate import recreate
from workbench.loaders.streams import (
    ALREADY_STARTED,
    CALLS_PYTHON,
    NO_LINES,
    NO_WORKERS,
    OWN_WORKERS,
    Stream,
    Unsized,
)

EXPECTED = (
    "a PyDataset, a Sequence, an ImageDataGenerator iterator, another object with __getitem__, an "
    "iterator, a generator, a tf.data.Dataset, or a function or class that makes one of these"
)
ITERATION = ("__getitem__", "__next__", "__iter__")
ASYNC = ("__aiter__", "__await__")


def is_loader(data: Any) -> bool:
    """Whether an object yields batches, or makes an object that does.

    Arrays, paths and containers do not.
    """
    if isinstance(data, str | bytes | tuple | list | dict | set | os.PathLike):
        return False
    return not _has(data, "__array__") and (_has(data, *ITERATION, *ASYNC) or callable(data))


def is_factory(data: Any) -> bool:
    """Whether an object makes loaders: a function, method, `functools.partial` or class."""
    return callable(data) and (isinstance(data, type) or not _has(data, *ITERATION))


def is_tf_data(data: Any) -> bool:
    """Whether an object is a `tf.data.Dataset`; does not import TensorFlow."""
    tensorflow = sys.modules.get("tensorflow")
    # Another thread may just be importing it.
    return isinstance(data, getattr(getattr(tensorflow, "data", None), "Dataset", ()))


def adapt(data: Any) -> Loader:
    """Wrap a user's object.

    Args:
        data: See `EXPECTED`. A factory is called without arguments.

    Raises:
        TypeError: If it is of another type, or a factory that requires arguments.
    """
    if is_factory(data):
        return _from_factory(data)
    if not _has(data, "__getitem__"):
        return _stream(data)
    return Loader(data) if length_name(data) else Unsized(data)


def check_arguments(factory: Callable[..., Any], given: Mapping[str, Any]) -> None:
    """Check that a factory can be called with the given keywords.

    Raises:
        TypeError: If it cannot; names the argument.
    """
    try:
        signature = inspect.signature(factory)
    except (TypeError, ValueError):  # some classes written in C have no signature
        return
    try:
        signature.bind(**given)
    except TypeError as error:
        name = name_of(factory)
        raise TypeError(
            f"{name}{signature}: {error}. Pass its arguments as keywords, or bind them: "
            f"functools.partial({name}, ...)"
        ) from None


def name_of(data: Any) -> str:
    """The name of a function or class, or of an object's class."""
    inner = _unwrapped(data)
    named = isinstance(inner, type) or inspect.isroutine(inner)
    name: str = inner.__qualname__ if named else type(inner).__name__
    # The function that encloses a local one says nothing to its author.
    return name.rsplit("<locals>.", 1)[-1]


def described(data: Any) -> str:
    """A value and its type, for an error message."""
    try:
        text = repr(data)
    except Exception as error:
        text = f"an object whose __repr__ raised {type(error).__name__}"
    return f"{text if len(text) <= 60 else text[:57] + '...'} of type {type(data).__name__}"


def _has(data: Any, *names: str) -> bool:
    """Whether the type has one of these methods, which is where Python looks for them.

    An instance may answer to any name, or raise anything.
    """
    return any(hasattr(type(data), name) for name in names)


def _stream(data: Any) -> Stream:
    if isinstance(data, GeneratorType):
        make = recreate(data)
        if make is None:
            return Stream(data, "generator", lambda: data, (ALREADY_STARTED,))
        return Stream(data, "generator", make)
    if is_tf_data(data):
        python = calls_python(data)
        notes, workers = (CALLS_PYTHON, NO_WORKERS) if python else (NO_LINES, OWN_WORKERS)
        return Stream(data, "tf.data.Dataset", data.__iter__, (notes,), workers)
    if _has(data, "__next__"):
        return Stream(data, "iterator", lambda: iter(data))
    if _has(data, "__iter__"):
        return Stream(data, "iterable", lambda: iter(data))
    if _has(data, *ASYNC):
        raise TypeError(f"{described(data)} is asynchronous: Keras accepts plain generators only")
    raise TypeError(f"Expected {EXPECTED}. Received: {described(data)}")


def _from_factory(factory: Callable[[], Any]) -> Loader:
    made = made_by(factory)
    if isinstance(made, Loader):
        return made
    raise TypeError(f"{name_of(factory)}() returned {described(made)}. Expected {EXPECTED}")


def made_by(factory: Callable[[], Any]) -> Loader | Any:
    """Wrap what a factory makes; it is called again for each pass over an iterator.

    Returns:
        The loader; what the function returned, if it is no loader.

    Raises:
        TypeError: If the factory requires arguments or is asynchronous.
    """
    name = name_of(factory)
    check_arguments(factory, {})
    inner = _unwrapped(factory)
    if inspect.iscoroutinefunction(inner) or inspect.isasyncgenfunction(inner):
        raise TypeError(f"{name} is asynchronous (async def): Keras accepts plain functions only")
    if inspect.isgeneratorfunction(inner):
        return Stream(factory, f"generator function {name}", factory)
    first = factory()
    is_tensor = _has(first, "dtype") and _has(first, "shape")  # even a ragged one is a batch
    if is_tensor or not is_loader(first) or is_factory(first):
        return first
    if _has(first, "__getitem__") or not _has(first, "__next__"):
        return adapt(first)
    unused = [first]  # made only to find out its type

    def make() -> Iterator[Any]:
        return iter(unused.pop() if unused else factory())

    return Stream(first, f"{_stream(first).kind} of {name}", make)


def _unwrapped(factory: Any) -> Any:
    """The function inside partials and decorators."""
    while True:
        if isinstance(factory, functools.partial):
            factory = factory.func
        elif (inner := inspect.getattr_static(factory, "__wrapped__", None)) is not None:
            factory = inner
        else:
            return factory
