"""An exception of a loader, on its way from a worker to the caller."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from workbench.compat import process_pool
from workbench.isolation.explain_errors import convert_exits, message
from workbench.isolation.growth import KeepsGrowing
from workbench.measure.rate import Stopped


class BatchError(Exception):
    """A batch that the loader could not make.

    Tells the loader's exceptions from those of Keras, which are raised in the same thread.

    Attributes:
        index: Of the batch.
        error: What the loader raised.
    """

    def __init__(self, index: int, error: Exception) -> None:
        super().__init__(index, error)
        self.index, self.error = index, error

    def __reduce__(self) -> tuple[Any, ...]:
        return BatchError, (self.index, sendable(self.error))


@contextmanager
def raise_batch_errors(index: int) -> Iterator[None]:
    """Raise exceptions of the loader as `BatchError`."""
    try:
        with convert_exits():
            yield
    except (BatchError, KeepsGrowing, Stopped):
        raise
    except Exception as error:
        raise BatchError(index, error) from None


def sendable(error: Exception) -> Any:
    """Wrap an exception so that it and its traceback, as text, reach another process.

    A pool waits forever for an exception that its reader cannot unpickle. One that cannot be sent
    is replaced by a RuntimeError of the same name and message.
    """
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        unsent, error = error, _Unsendable(type(error).__name__, message(error))
        error.__traceback__ = unsent.__traceback__
    return process_pool.sendable(error)


class _Unsendable(RuntimeError):
    def __reduce__(self) -> tuple[Any, ...]:
        return _renamed, self.args


def _renamed(name: str, text: str) -> RuntimeError:
    error: RuntimeError = type(name, (RuntimeError,), {})(text)
    return error
