"""Copies of what a loader's code computes with, so that it can be computed once more."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np


@dataclass(frozen=True)
class LazyPicture:
    """A picture that Pillow has opened, but not decoded: it does so when it is first used.

    Attributes:
        source: The file's path, or what it holds.
        mode: Pillow's name of its channels.
        width: In pixels.
        height: In pixels.
    """

    source: str | bytes
    mode: str
    width: int
    height: int

    def open(self) -> Any:
        """Opened once more."""
        from PIL import Image

        source = self.source
        return Image.open(io.BytesIO(source) if isinstance(source, bytes) else source)


@dataclass(frozen=True)
class CapturedCall:
    """One call, with copies of its values.

    Attributes:
        function: What was called; a method's function without its object.
        instance: The object of a method; None for a function.
        arguments: Positional ones.
        keywords: The others.
        batch: The number of the batch it was part of.
    """

    function: Callable[..., Any]
    instance: Any
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]
    batch: int = 0

    def __call__(self) -> Any:
        """Call it again."""
        arguments = [reopen(value) for value in self.arguments]
        if self.instance is None:
            return self.function(*arguments, **self.keywords)
        return getattr(reopen(self.instance), self.name)(*arguments, **self.keywords)

    @property
    def input_value(self) -> Any:
        """What it works on: the object of a method, or the first argument."""
        if self.instance is not None or not self.arguments:
            return self.instance
        return self.arguments[0]

    @property
    def name(self) -> str:
        """The function's name."""
        return str(getattr(self.function, "__name__", ""))

    @property
    def package(self) -> str:
        """The package of the function, or of the class that has the method."""
        if self.instance is None:
            return str(getattr(self.function, "__module__", None) or "").partition(".")[0]
        if isinstance(self.instance, LazyPicture):
            return "PIL"
        kinds = (kind for kind in type(self.instance).__mro__ if self.name in vars(kind))
        return next((kind.__module__.partition(".")[0] for kind in kinds), "")

    def with_input(self, value: Any) -> CapturedCall:
        """The same call of another object, or with another first argument."""
        if self.instance is not None:
            return replace(self, instance=value)
        return replace(self, arguments=(value, *self.arguments[1:]))


def copied(value: Any) -> Any:
    """A value that the user's code cannot change any more, as far as it is data."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if type(value) in (list, tuple):
        return type(value)(map(copied, value))
    if is_picture(value):
        return _lazy_picture(value) or value.copy()
    return value


def _lazy_picture(picture: Any) -> LazyPicture | None:
    """What it is if Pillow has only opened it, from a file or from memory."""
    file, name = getattr(picture, "fp", None), getattr(picture, "filename", "")
    source = file.getvalue() if isinstance(file, io.BytesIO) else str(name)
    if file is None or not source:
        return None
    return LazyPicture(source, picture.mode, picture.width, picture.height)


def reopen(value: Any) -> Any:
    """The value to compute with."""
    return value.open() if isinstance(value, LazyPicture) else value


def size_of(value: Any) -> int:
    """Bytes of the arrays and pictures in it."""
    if type(value) in (list, tuple):
        return sum(map(size_of, value))
    if is_picture(value):
        return int(value.width) * int(value.height) * 4
    return int(getattr(value, "nbytes", 0))


def is_picture(value: Any) -> bool:
    """Whether it is one of Pillow's, which need not be installed."""
    kinds = type(value).__mro__
    return any((kind.__module__, kind.__name__) == ("PIL.Image", "Image") for kind in kinds)
