"""What can be stored of a user's own loader: how it is fed, and a factory with its keywords."""

from __future__ import annotations

import functools
import importlib
import inspect
from typing import Any, Literal

from pydantic import Field

from workbench.loaders.adapt import check_arguments
from workbench.settings import Editable, Feed
from workbench.settings.fields import Group, SettingsError


class FactoryData(Group):
    """A function or class of the user's that makes the loader."""

    kind: Literal["factory"] = "factory"
    import_: str | None = Field(
        None,
        alias="import",
        description='Where it is, as "module:name"; null where nothing can be imported (an object, '
        "or a function of a notebook): who loads the settings passes it.",
    )
    keywords: dict[str, Any] = Field({}, description="What it is called with.")


class LoaderSettings(Editable):
    """Settings of a loader that is not ours."""

    data: FactoryData = FactoryData()
    feed: Feed = Feed()


def import_path(factory: Any) -> str | None:
    """Where a factory can be imported from, as "module:name"; None if it cannot be.

    Notebook cells, local functions, lambdas, methods of objects and objects themselves cannot.
    """
    while isinstance(factory, functools.partial):
        if factory.args:
            return None
        factory = factory.func
    path = f"{getattr(factory, '__module__', None)}:{getattr(factory, '__qualname__', '')}"
    if path.startswith("__main__:"):
        return None
    try:
        return path if imported(path) is factory else None
    except (ImportError, AttributeError, ValueError):
        return None


def imported(path: str) -> Any:
    """What a path "module:name" stands for; imports the module, which runs its code.

    Raises:
        ImportError: If there is no such module.
        AttributeError: If it has no such name.
    """
    module, _, name = path.partition(":")
    return functools.reduce(getattr, name.split("."), importlib.import_module(module))


def build(settings: LoaderSettings, factory: Any, allow_import: bool) -> Any:
    """The user's loader again, fed as the settings say.

    Args:
        settings: As they were stored.
        factory: What makes it, or the loader itself. Defaults to what the settings name.
        allow_import: Whether that may be imported.

    Raises:
        SettingsError: If there is nothing to build from, or it cannot be imported.
        TypeError: If the factory cannot be called with the keywords.
    """
    data = settings.data
    factory = _stored(data, allow_import) if factory is None else factory
    if inspect.isroutine(factory) or isinstance(factory, type | functools.partial):
        check_arguments(factory, data.keywords)
        factory = factory(**data.keywords)
    elif data.keywords:
        raise SettingsError(
            f"factory: expected a function or class to call with {', '.join(data.keywords)}. "
            f"Received: an object of type {type(factory).__name__}"
        )
    return fed(factory, settings.feed)


def fed(loader: Any, feed: Feed) -> Any:
    """The loader, with the feed set on it where Keras looks for it; others have none."""
    for name, value in feed.model_dump().items():
        if hasattr(loader, name):
            setattr(loader, name, value)
    return loader


def _stored(data: FactoryData, allow_import: bool) -> Any:
    if data.import_ is None:
        raise SettingsError(
            "data.import: null: these settings are of a loader that cannot be imported. Pass it, "
            "or the function that makes it: dataset(factory=...)"
        )
    if not allow_import:
        raise SettingsError(
            f"data.import: {data.import_!r} is code to be run. Pass the function, "
            "dataset(factory=...), or allow it: dataset(allow_import=True)"
        )
    try:
        return imported(data.import_)
    except (ImportError, AttributeError) as error:
        raise SettingsError(f"data.import: {data.import_!r}: {error}") from None
