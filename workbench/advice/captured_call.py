"""A call in the user's code with copies of its arguments, so that it can be repeated."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np


@dataclass(frozen=True)
class LazyPicture:
    """A picture that Pillow has opened but not decoded yet.

    Attributes:
        source: The file's path, or its contents.
        mode: Pillow's mode, such as "RGB".
        width: Width in pixels.
        height: Height in pixels.
    """

    source: str | bytes
    mode: str
    width: int
    height: int

    def open(self) -> Any:
        """Open the picture again, as a Pillow image that is still undecoded."""
        from PIL import Image

        source = self.source
        return Image.open(io.BytesIO(source) if isinstance(source, bytes) else source)


@dataclass(frozen=True)
class CapturedCall:
    """One call, with copies of its arguments.

    Attributes:
        function: The function called; for a method, possibly bound to the original object.
        instance: A copy of the method's object; None for a function.
        arguments: Positional arguments.
        keywords: Keyword arguments.
        batch: Number of the batch in which the call was made.
    """

    function: Callable[..., Any]
    instance: Any
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]
    batch: int = 0

    def __call__(self) -> Any:
        """Repeat the call."""
        arguments = [reopen(value) for value in self.arguments]
        if self.instance is None:
            return self.function(*arguments, **self.keywords)
        return getattr(reopen(self.instance), self.name)(*arguments, **self.keywords)

    @property
    def input_value(self) -> Any:
        """The object of a method, or the first argument of a function."""
        if self.instance is not None or not self.arguments:
            return self.instance
        return self.arguments[0]

    @property
    def name(self) -> str:
        """The function's name."""
        return str(getattr(self.function, "__name__", ""))

    @property
    def package(self) -> str:
        """Top-level package of the function, or of the class that defines the method."""
        if self.instance is None:
            return str(getattr(self.function, "__module__", None) or "").partition(".")[0]
        if isinstance(self.instance, LazyPicture):
            return "PIL"
        kinds = (kind for kind in type(self.instance).__mro__ if self.name in vars(kind))
        return next((kind.__module__.partition(".")[0] for kind in kinds), "")

    def with_input(self, value: Any) -> CapturedCall:
        """The same call with another `input_value`."""
        if self.instance is not None:
            return replace(self, instance=value)
        return replace(self, arguments=(value, *self.arguments[1:]))


def copied(value: Any) -> Any:
    """Copy arrays and pictures, also within lists and tuples; other values are returned as is."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if type(value) in (list, tuple):
        return type(value)(map(copied, value))
    if is_picture(value):
        return _lazy_picture(value) or value.copy()
    return value


def _lazy_picture(picture: Any) -> LazyPicture | None:
    """The picture as a `LazyPicture` if it is undecoded and its source is known."""
    file, name = getattr(picture, "fp", None), getattr(picture, "filename", "")
    source = file.getvalue() if isinstance(file, io.BytesIO) else str(name)
    if file is None or not source:
        return None
    return LazyPicture(source, picture.mode, picture.width, picture.height)


def reopen(value: Any) -> Any:
    """Open a `LazyPicture` again; other values are returned as is."""
    return value.open() if isinstance(value, LazyPicture) else value


def size_of(value: Any) -> int:
    """Total size of the arrays and pictures in a value, in bytes."""
    if type(value) in (list, tuple):
        return sum(map(size_of, value))
    if is_picture(value):
        return int(value.width) * int(value.height) * 4
    return int(getattr(value, "nbytes", 0))


def is_picture(value: Any) -> bool:
    """Whether a value is a Pillow image; does not import Pillow."""
    kinds = type(value).__mro__
    return any((kind.__module__, kind.__name__) == ("PIL.Image", "Image") for kind in kinds)
