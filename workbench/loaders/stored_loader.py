"""What JSON stores of a user's loader: its feed, and a factory with its keywords."""

from __future__ import annotations

import contextlib
import functools
import importlib
import inspect
from typing import Any, Literal

from pydantic import Field

from workbench.isolation.restore_state import instance_attributes
from workbench.loaders.adapt import check_arguments
from workbench.settings import Editable, Feed
from workbench.settings.fields import Group, SettingsError


class FactoryData(Group):
    """A user's function or class that makes the loader."""

    kind: Literal["factory"] = "factory"
    import_: str | None = Field(
        None,
        alias="import",
        description='Where it is imported from, as "module:name". Null for an object or a function '
        "of a notebook, which cannot be imported: pass it as dataset(factory=...).",
    )
    keywords: dict[str, Any] = Field({}, description="The keywords that it is called with.")


class LoaderSettings(Editable):
    """Settings of a user's loader."""

    data: FactoryData = FactoryData()
    feed: Feed = Feed()


def import_path(factory: Any) -> str | None:
    """The path from which a factory can be imported, as "module:name"; None if it cannot.

    Objects, their methods, lambdas, local functions and what a notebook defines cannot.
    """
    while isinstance(factory, functools.partial):
        if factory.args:
            return None
        factory = factory.func
    try:
        path = f"{factory.__module__}:{factory.__qualname__}"
        found = not path.startswith("__main__:") and import_object(path) is factory
    except Exception:  # a user's object, or module, may raise anything
        return None
    return path if found else None


def import_object(path: str) -> Any:
    """Import the object at "module:name", which runs the module's code.

    Raises:
        ImportError: If there is no such module.
        AttributeError: If the module has no such name.
    """
    module, _, name = path.partition(":")
    return functools.reduce(getattr, name.split("."), importlib.import_module(module))


def build(settings: LoaderSettings, factory: Any, allow_import: bool) -> Any:
    """Build a user's loader from stored settings.

    Args:
        settings: The stored settings.
        factory: The function or class that makes the loader, or the loader itself. None imports
            the one that the settings name.
        allow_import: Whether it may be imported.

    Raises:
        SettingsError: If there is nothing to build from, or it cannot be imported.
        TypeError: If the factory cannot be called with the keywords.
    """
    data = settings.data
    factory = _import_factory(data, allow_import) if factory is None else factory
    if inspect.isroutine(factory) or isinstance(factory, type | functools.partial):
        check_arguments(factory, data.keywords)
        factory = factory(**data.keywords)
    elif data.keywords:
        raise SettingsError(
            f"factory: expected a function or class to call with {', '.join(data.keywords)}. "
            f"Received: an object of type {type(factory).__name__}"
        )
    _set_feed(factory, settings.feed)
    return factory


def _set_feed(loader: Any, feed: Feed) -> None:
    """Set the feed's attributes on a loader that has them, as a `PyDataset` does."""
    known = instance_attributes(loader)
    for name, value in feed.model_dump().items():
        if hasattr(type(loader), name) or name in known:
            with contextlib.suppress(AttributeError):  # a read-only property
                setattr(loader, name, value)


def _import_factory(data: FactoryData, allow_import: bool) -> Any:
    if data.import_ is None:
        raise SettingsError(
            "data.import: null: these settings are for a loader that cannot be imported. Pass the "
            "loader, or the function that makes it: dataset(factory=...)"
        )
    if not allow_import:
        raise SettingsError(
            f"data.import: importing {data.import_!r} would run its code. Pass the function, "
            "dataset(factory=...), or allow the import: dataset(allow_import=True)"
        )
    try:
        return import_object(data.import_)
    except (ImportError, AttributeError) as error:
        raise SettingsError(f"data.import: {data.import_!r}: {error}") from None
