"""What kind of loader something is, and an object that gives its batches by index."""

from __future__ import annotations

import functools
import inspect
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from types import GeneratorType
from typing import Any

from workbench.loaders.recreate import remake
from workbench.loaders.streams import BEGUN, NO_LINES, OWN_WORKERS, Indexed, Stream

SHAPES = (
    "a PyDataset, a Sequence, an ImageDataGenerator iterator, another object with __getitem__, an "
    "iterator, a generator, a tf.data.Dataset, or a function or class that makes one of these"
)


def is_loader(data: Any) -> bool:
    """Whether it gives batches, or makes what does; arrays, paths and the like do not."""
    if isinstance(data, str | bytes | tuple | list | dict | set | os.PathLike):
        return False
    return not _has(data, "__array__") and (_has(data, *_WAYS, *_ASYNC) or callable(data))


_WAYS = ("__getitem__", "__next__", "__iter__")
_ASYNC = ("__aiter__", "__await__")


def _has(data: Any, *names: str) -> bool:
    """Asked of its type, as Python does: an object may answer to any name, or raise anything."""
    return any(hasattr(type(data), name) for name in names)


def opened(data: Any) -> Any:
    """An object with `__getitem__` and `__len__` that gives the batches of a user's loader.

    Args:
        data: See `SHAPES`. An object that has both already is returned itself.

    Raises:
        TypeError: If it is none of these, or a function that needs arguments.
    """
    if is_factory(data):
        return _made(data)
    if not _has(data, "__getitem__"):
        return stream(data)
    if not _has(data, "__len__"):
        return Indexed(data)
    return Indexed(data, length_of(data)) if _has_names_of_ours(data) else data


def length_of(loader: Any) -> int:
    """`len(loader)`, where errors say whose it is.

    Raises:
        TypeError: If it gives no number.
        ValueError: If there are no batches.
    """
    name = type(loader.original if isinstance(loader, Stream | Indexed) else loader).__name__
    try:
        length = len(loader)
    except (TypeError, ValueError) as error:
        error.add_note(f"This is what len() of {name} gave: it has to be the number of batches.")
        raise
    if not length:
        raise ValueError(f"{name} has no batches: its len() is 0.")
    return length


def _has_names_of_ours(data: Any) -> bool:
    """Whether it has what `measure` asks of ours, by chance or because it answers to any name."""
    try:
        return any(hasattr(data, name) for name in _OURS)
    except Exception:  # `__getattr__` that looks into a dict raises KeyError
        return True


_OURS = ("one_worker", "original", "notes", "begin_anew")


def is_factory(data: Any) -> bool:
    """Whether it makes loaders: a function, a method, a `functools.partial`, a class."""
    return callable(data) and (isinstance(data, type) or not _has(data, *_WAYS))


def stream(data: Any) -> Stream:
    """A `Stream` over an iterator, a generator object, a tf.data.Dataset or another iterable."""
    if isinstance(data, GeneratorType):
        make = remake(data)
        if make is None:
            return Stream(data, "generator", lambda: data, (BEGUN,))
        return Stream(data, "generator", make)
    if is_tf_data(data):
        return Stream(data, "tf.data.Dataset", data.__iter__, (NO_LINES,), OWN_WORKERS)
    if _has(data, "__next__"):
        return Stream(data, "iterator", lambda: iter(data))
    if _has(data, "__iter__"):
        return Stream(data, "iterable", lambda: iter(data))
    if _has(data, *_ASYNC):
        raise TypeError(f"{described(data)} is asynchronous: Keras takes plain generators only")
    raise TypeError(f"expected {SHAPES}. Received: {described(data)}")


def _made(factory: Callable[[], Any]) -> Any:
    """What the factory makes; something that only goes forward is made anew for each pass."""
    name = name_of(factory)
    check_arguments(factory, {})
    inner = _inner(factory)
    if inspect.iscoroutinefunction(inner) or inspect.isasyncgenfunction(inner):
        raise TypeError(f"{name} is asynchronous (async def): Keras takes plain functions only")
    if inspect.isgeneratorfunction(inner):
        return Stream(factory, f"generator function {name}", factory)
    first = factory()
    if not is_loader(first) or is_factory(first):
        raise TypeError(f"{name}() gave {described(first)}. Expected {SHAPES}")
    if _has(first, "__getitem__") or not _has(first, "__next__"):
        return opened(first)
    waiting = [first]  # the first one is the one that was made to see what it is

    def make() -> Iterator[Any]:
        return iter(waiting.pop() if waiting else factory())

    return Stream(first, f"{stream(first).kind} of {name}", make)


def check_arguments(factory: Callable[..., Any], given: Mapping[str, Any]) -> None:
    """Refuse a factory that cannot be called with these keywords.

    Raises:
        TypeError: Naming what is missing, and how to pass it.
    """
    try:
        signature = inspect.signature(factory)
    except (TypeError, ValueError):  # some classes written in C do not say
        return
    try:
        signature.bind(**given)
    except TypeError as error:
        name = name_of(factory)
        raise TypeError(
            f"{name}{signature}: {error}. Pass keywords as well, or "
            f"functools.partial({name}, ...) that has them"
        ) from None


def name_of(data: Any) -> str:
    """What to call it: the function's or class's name."""
    inner = _inner(data)
    name = None if _has_names_of_ours(inner) else getattr(inner, "__qualname__", None)
    # Where a local function was defined says nothing to who wrote it.
    return name.rsplit("<locals>.", 1)[-1] if isinstance(name, str) else type(inner).__name__


def is_tf_data(data: Any) -> bool:
    """Whether it is a tf.data.Dataset; does not import TensorFlow."""
    tensorflow = sys.modules.get("tensorflow")
    return tensorflow is not None and isinstance(data, tensorflow.data.Dataset)


def is_keras_iterator(data: Any) -> bool:
    """Whether an `ImageDataGenerator` made it; does not import Keras."""
    return type(data).__module__.startswith("keras.src.legacy.preprocessing.image")


def described(data: Any) -> str:
    """A value and its type, for an error."""
    try:
        text = repr(data)
    except Exception as error:
        text = f"one whose repr raised {type(error).__name__}"
    return f"{text if len(text) <= 60 else text[:57] + '...'} of type {type(data).__name__}"


def _inner(factory: Any) -> Any:
    while isinstance(factory, functools.partial):
        factory = factory.func
    return factory if _has_names_of_ours(factory) else inspect.unwrap(factory)
