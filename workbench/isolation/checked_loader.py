"""A loader with a check after each batch, which may end what is being measured."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from workbench.loader import Loader


def checked(
    loader: Loader,
    check: Callable[[], object],
    around: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> Loader:
    """A loader that shares another's state. Sent to another process, it has no check.

    Args:
        loader: Gives the batches.
        check: Called in the thread that made a batch; raises to end the measurement.
        around: Returns a context for a batch, in the thread that makes it.
    """
    cls = _checked_class(type(loader))  # type: ignore[arg-type]  # mypy: not hashable
    found: Any = object.__new__(cls)
    found.__dict__ = loader.__dict__
    found._inner, found._check, found._around = loader, check, around
    checked_loader: Loader = found
    return checked_loader


@functools.cache
def _checked_class(base: type[Loader]) -> type[Loader]:
    class Checked(base):  # type: ignore[misc, valid-type]  # so that all else is as in its class
        __slots__ = ("_around", "_check", "_inner")

        def __getitem__(self, index: int) -> Any:
            with self._around():
                batch = self._inner[index]
            self._check()
            return batch

        def __reduce__(self) -> tuple[Any, ...]:
            return _unchanged, (self._inner,)

    return Checked


def _unchanged(loader: Loader) -> Loader:
    return loader
