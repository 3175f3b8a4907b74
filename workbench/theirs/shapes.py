"""What kind of loader something is, and an object that gives its batches by index."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Iterator
from types import GeneratorType
from typing import Any

from workbench.theirs.generators import remake
from workbench.theirs.streams import BEGUN, NO_LINES, Indexed, Stream

SHAPES = (
    "a PyDataset, a Sequence, an ImageDataGenerator iterator, another object with __getitem__, an "
    "iterator, a generator, a tf.data.Dataset, or a function or class that makes one of these"
)


def is_loader(data: Any) -> bool:
    """Whether it gives batches, or makes what does; arrays, paths and the like do not."""
    if isinstance(data, str | bytes | tuple | list | dict | set) or hasattr(data, "__array__"):
        return False
    return any(map(functools.partial(hasattr, data), _WAYS)) or callable(data)


_WAYS = ("__getitem__", "__next__", "__iter__")


def opened(data: Any) -> Any:
    """An object with `__getitem__` and `__len__` that gives the batches of a user's loader.

    Args:
        data: See `SHAPES`. An object that has both already is returned itself.

    Raises:
        TypeError: If it is none of these, or a function that needs arguments.
    """
    if is_factory(data):
        return _made(data)
    if hasattr(data, "__getitem__"):
        return data if hasattr(data, "__len__") else Indexed(data)
    return stream(data)


def is_factory(data: Any) -> bool:
    """Whether it makes loaders: a function, a method, a `functools.partial`, a class."""
    return callable(data) and (isinstance(data, type) or not any(hasattr(data, w) for w in _WAYS))


def stream(data: Any) -> Stream:
    """A `Stream` over an iterator, a generator object, a tf.data.Dataset or another iterable."""
    if isinstance(data, GeneratorType):
        make = remake(data)
        if make is None:
            return Stream(data, "generator", lambda: data, (BEGUN,))
        return Stream(data, "generator", make)
    if is_tf_data(data):
        return Stream(data, "tf.data.Dataset", data.__iter__, (NO_LINES,))
    if hasattr(data, "__next__"):
        return Stream(data, "iterator", lambda: iter(data))
    if hasattr(data, "__iter__"):
        return Stream(data, "iterable", lambda: iter(data))
    raise TypeError(f"expected {SHAPES}. Received: {described(data)}")


def _made(factory: Callable[[], Any]) -> Any:
    """What the factory makes; something that only goes forward is made anew for each pass."""
    name = name_of(factory)
    check_arguments(factory)
    if inspect.isgeneratorfunction(_inner(factory)):
        return Stream(factory, f"generator function {name}", factory)
    first = factory()
    if not is_loader(first) or is_factory(first):
        raise TypeError(f"{name}() gave {described(first)}. Expected {SHAPES}")
    if hasattr(first, "__getitem__") or not hasattr(first, "__next__"):
        return opened(first)
    waiting = [first]  # the first one is the one that was made to see what it is

    def make() -> Iterator[Any]:
        return iter(waiting.pop() if waiting else factory())

    return Stream(first, f"{stream(first).kind} of {name}", make)


def check_arguments(factory: Callable[..., Any], **given: Any) -> None:
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
    return getattr(inner, "__qualname__", type(inner).__name__)


def is_tf_data(data: Any) -> bool:
    """Whether it is a tf.data.Dataset; does not import TensorFlow."""
    tensorflow = sys.modules.get("tensorflow")
    return tensorflow is not None and isinstance(data, tensorflow.data.Dataset)


def described(data: Any) -> str:
    """A value and its type, for an error."""
    text = repr(data)
    return f"{text if len(text) <= 60 else text[:57] + '...'} of type {type(data).__name__}"


def _inner(factory: Any) -> Any:
    while isinstance(factory, functools.partial):
        factory = factory.func
    return inspect.unwrap(factory)
