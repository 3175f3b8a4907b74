"""A loader with a check after each batch, which may end what is being measured."""

from __future__ import annotations

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

    class Checked(type(loader)):  # type: ignore[misc]  # so that all else is as in its class
        def __getitem__(self, index: int) -> Any:
            with around():
                batch = super().__getitem__(index)
            check()
            return batch

        def __reduce__(self) -> tuple[Any, ...]:
            return _unchanged, (loader,)

    found: Loader = Checked.__new__(Checked)
    found.__dict__ = loader.__dict__
    return found


def _unchanged(loader: Loader) -> Loader:
    return loader
